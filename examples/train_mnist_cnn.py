"""Train the MNIST network of Adebayo et al. 2018 (arXiv:1810.03292), which ``specs/mnist_cnn.yaml`` audits.

    python examples/train_mnist_cnn.py mnist.npz

The file holds ``x_train``, ``y_train``, ``x_test`` and ``y_test`` (uint8, 28 x 28), as the usual ``mnist.npz`` does.
The architecture is the paper's; it is trained for three epochs only, without the paper's weight decay and from
Glorot's initializer with zero biases: enough for an audit, and how most Keras users would train it.
"""

import argparse
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_DETERMINISTIC_OPS", "1")

import keras  # noqa: E402  (after the environment that it reads)
import numpy as np  # noqa: E402

SEED = 0
OUT = Path(__file__).with_name("mnist_cnn.keras")


def network() -> keras.Model:
    """Return the untrained network: (B, 28, 28, 1) in [0, 1] -> (B, 10) probabilities; 3.3 million parameters."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 5, padding="same", activation="relu", name="hidden1"),
            layers.MaxPooling2D(name="pool1"),
            layers.Conv2D(64, 5, padding="same", activation="relu", name="hidden2"),
            layers.MaxPooling2D(name="pool2"),
            layers.Flatten(name="flatten"),
            layers.Dense(1024, activation="relu", name="fc1"),
            layers.Dense(10, activation="softmax", name="logits"),
        ],
        name="mnist_cnn",
    )


def split(arrays: Any, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (N, 28, 28, 1) in [0, 1] and labels (N,) of ``train`` or ``test``."""
    return arrays[f"x_{part}"].reshape(-1, 28, 28, 1).astype("float32") / 255, arrays[f"y_{part}"].astype("int32")


def train(data: Path, epochs: int) -> keras.Model:
    """Train the network and print its accuracy."""
    with np.load(data, allow_pickle=False) as arrays:
        (x, y), test = split(arrays, "train"), split(arrays, "test")
    keras.utils.set_random_seed(SEED)
    model = network()
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=128, epochs=epochs, verbose=2)
    for part, (images, labels) in {"training": (x, y), "test": test}.items():
        accuracy = float(np.mean(model.predict(images, batch_size=500, verbose=0).argmax(1) == labels))
        print(f"{part} accuracy {accuracy:.4f} on {len(labels)} images")
    return model


def save(model: keras.Model, path: Path) -> None:
    """Save the network without its optimizer."""
    bare = network()
    bare.set_weights(model.get_weights())
    bare.save(path)
    print(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB)")


def main() -> None:
    """Read the command line, train, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="an npz file with x_train, y_train, x_test, y_test")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    save(train(options.data, options.epochs), options.out)


if __name__ == "__main__":
    main()
