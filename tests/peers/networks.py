"""Small networks of several kinds with random weights, and inputs for them: what ours and a peer are both given."""

from collections.abc import Callable, Mapping

import keras
import numpy as np

from audit.network.loading.from_model import from_model
from audit.network.network import Network
from tests.networks import fill

L = keras.layers


def _maximum() -> list[keras.layers.Layer]:
    return [
        keras.Input((9, 7, 3)),
        L.Conv2D(5, 3, padding="same", activation="relu"),
        L.MaxPooling2D(2),
        L.Conv2D(4, 3, padding="same", activation="relu", name="last"),
        L.Flatten(),
        L.Dense(3),
    ]


def _average() -> list[keras.layers.Layer]:
    return [
        keras.Input((8, 8, 1)),
        L.Conv2D(4, 3, padding="same", activation="relu"),
        L.AveragePooling2D(2),
        L.Conv2D(6, 3, padding="same", activation="relu", name="last"),
        L.GlobalAveragePooling2D(),
        L.Dense(3),
    ]


def _strided() -> list[keras.layers.Layer]:
    return [
        keras.Input((11, 10, 2)),
        L.Conv2D(5, 4, strides=2, activation="relu"),
        L.Conv2D(6, 2, activation="relu", name="last"),
        L.Flatten(),
        L.Dense(8, activation="relu"),
        L.Dense(4),
    ]


def _separated() -> list[keras.layers.Layer]:
    return [
        keras.Input((8, 9, 3)),
        L.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
        L.BatchNormalization(),
        L.ReLU(),
        L.Conv2D(6, 1),
        L.BatchNormalization(),
        L.ReLU(name="last"),
        L.GlobalAveragePooling2D(),
        L.Dense(3),
    ]


def _dense() -> list[keras.layers.Layer]:
    return [keras.Input((6,)), L.Dense(9, activation="relu"), L.Dense(7, activation="relu"), L.Dense(3)]


def _smooth() -> list[keras.layers.Layer]:
    return [
        keras.Input((8, 8, 1)),
        L.Conv2D(4, 3, padding="same", activation="softplus", name="last"),
        L.AveragePooling2D(2),
        L.Flatten(),
        L.Dense(3),
    ]


LAYERS: Mapping[str, Callable[[], list[keras.layers.Layer]]] = {
    "maximum": _maximum,
    "average": _average,
    "strided": _strided,
    "separated": _separated,
    "dense": _dense,
    "smooth": _smooth,
}
RECTIFIED = ("maximum", "average", "strided", "separated")
"""Those that explain images and have a rectified last convolution."""


def model(name: str) -> keras.Model:
    """Return the Keras model of a name, with random weights and statistics."""
    return fill(keras.Sequential(LAYERS[name]()), 3)


def network(name: str) -> Network:
    """Return the network of ``model``."""
    return from_model(model(name))


def inputs(name: str, count: int = 3) -> np.ndarray:
    """Return inputs for a network (count, ...)."""
    shape = LAYERS[name]()[0].shape[1:]
    return np.random.default_rng(11).normal(size=(count, *shape)).astype(np.float32)


TARGETS = [0, 2, 1]
