"""Train the small digit classifier that ``specs/digits.yaml`` audits: about half a minute on a CPU.

    python examples/train_digits_cnn.py

It learns from the training split of the embedded digits, so that the audit explains inputs it has not seen. The final
softmax is kept, as most published models keep theirs: the audit removes it and says so.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_DETERMINISTIC_OPS", "1")

import keras  # noqa: E402  (after the environment that it reads)
import numpy as np  # noqa: E402

from audit.datasets.digits import Digits  # noqa: E402

SEED = 0
EPOCHS = 40
OUT = Path(__file__).with_name("digits_cnn.keras")


def network() -> keras.Model:
    """Return the untrained network: (B, 8, 8, 1) in [0, 1] -> (B, 10) probabilities."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu", name="conv1"),
            layers.Conv2D(32, 3, padding="same", activation="relu", name="conv2"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(name="flatten"),
            layers.Dense(64, activation="relu", name="dense"),
            layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="digits_cnn",
    )


def split(part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (N, 8, 8, 1) in [0, 1] and labels (N,) of ``train`` or ``test``."""
    data = Digits(split=part).load(Path.cwd())
    return data.x / 16, data.y


def train() -> keras.Model:
    """Train the network and print its accuracy."""
    keras.utils.set_random_seed(SEED)
    model = network()
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    model.fit(*split("train"), batch_size=32, epochs=EPOCHS, verbose=0)
    for part in ("train", "test"):
        images, labels = split(part)
        accuracy = float(np.mean(model.predict(images, batch_size=500, verbose=0).argmax(1) == labels))
        print(f"{part} accuracy {accuracy:.4f} on {len(labels)} images")
    return model


def save(model: keras.Model, path: Path) -> None:
    """Save the network without its optimizer."""
    bare = network()
    bare.set_weights(model.get_weights())
    bare.save(path)
    print(f"wrote {path} ({path.stat().st_size / 1e6:.2f} MB)")


def main() -> None:
    """Read the command line, train, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT)
    save(train(), parser.parse_args().out)


if __name__ == "__main__":
    main()
