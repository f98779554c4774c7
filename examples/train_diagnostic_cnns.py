"""Train the networks that ``specs/two_objects.yaml`` and ``specs/planted_shortcut.yaml`` audit: half a minute on a CPU.

    python examples/train_diagnostic_cnns.py

They learn from the training images of the built-in diagnostic data, so that the audits explain images they have not
seen. Printed beside the accuracy: how many predictions change when the thing that matters is exchanged for another of
its kind, and when the other thing is. A network that decides by what it should reacts to the first alone.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_DETERMINISTIC_OPS", "1")

import keras  # noqa: E402  (after the environment that it reads)

from audit.datasets.dataset import DISTRACTOR_SWAPPED, RELEVANT_SWAPPED, Dataset, Source  # noqa: E402
from audit.datasets.planted_shortcut import PlantedShortcutImages  # noqa: E402
from audit.datasets.two_objects import TwoObjects  # noqa: E402

EPOCHS = 25
OUT = Path(__file__).parent
SOURCES: dict[str, Source] = {"two_objects_cnn": TwoObjects(), "planted_shortcut_cnn": PlantedShortcutImages()}


def network(name: str, classes: int) -> keras.Model:
    """Return the untrained network: (B, 20, 20, 1) in [0, 1] -> (B, classes) probabilities."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((20, 20, 1)),
            layers.Conv2D(8, 3, padding="same", activation="relu", name="conv1"),
            layers.MaxPooling2D(name="pool1"),
            layers.Conv2D(16, 3, padding="same", activation="relu", name="conv2"),
            layers.MaxPooling2D(name="pool2"),
            layers.Flatten(name="flatten"),
            layers.Dense(32, activation="relu", name="dense"),
            layers.Dense(classes, activation="softmax", name="classes"),
        ],
        name=name,
    )


def train(source: Source, name: str, seed: int = 0, build: Callable[[str, int], keras.Model] = network) -> keras.Model:
    """Train a network on a source's training images."""
    data = source.training(Path.cwd())
    keras.utils.set_random_seed(seed)
    model = build(name, len(data.class_names))
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
    model.fit(data.x, data.y, batch_size=32, epochs=EPOCHS, verbose=0)
    return model


def describe(model: keras.Model, data: Dataset) -> str:
    """Return the accuracy on test images, and which exchanges change the prediction."""

    def named(x: object) -> object:
        return model.predict(x, batch_size=500, verbose=0).argmax(1)

    before = named(data.x)
    change = {name: float((named(data.counterparts[name]) != before).mean()) for name in data.counterparts}
    return (
        f"accuracy {float((before == data.y).mean()):.3f}; predictions that change when what matters is exchanged "
        f"{change[RELEVANT_SWAPPED]:.3f}, when the other thing is {change[DISTRACTOR_SWAPPED]:.3f}"
    )


def main() -> None:
    """Read the command line, train both networks, save them without their optimizers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT, help="the folder for the two .keras files")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name, source in SOURCES.items():
        model = train(source, name, options.seed)
        path = options.out / f"{name}.keras"
        model.save(path, include_optimizer=False)
        print(f"{name}: {describe(model, source.load(Path.cwd()))}\nwrote {path}")


if __name__ == "__main__":
    main()
