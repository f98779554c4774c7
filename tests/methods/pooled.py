"""Two convolutions with a pooling between and dense layers above, on Keras and slowly in NumPy."""

import keras
import numpy as np

from audit.network.loading.load import from_model
from audit.network.network import Network
from tests import networks
from tests.reference.convolution import convolve, max_pool
from tests.reference.derivative import derivative


def pooled(seed: int = 2) -> Network:
    """Return the network: inputs (6, 4, 2), layers ``first`` (6, 4, 3) and ``last`` (3, 2, 4), three classes."""
    layers = [
        keras.Input((6, 4, 2)),
        keras.layers.Conv2D(3, 3, padding="same", activation="relu", name="first"),
        keras.layers.MaxPooling2D(name="halve"),
        keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="last"),
        keras.layers.Flatten(),
        keras.layers.Dense(5, activation="relu"),
        keras.layers.Dense(3),
    ]
    return from_model(networks.fill(keras.Sequential(layers), seed))


class Slow:
    """The same network, one number at a time, in float64."""

    def __init__(self, network: Network) -> None:
        self.k1, self.b1, self.k2, self.b2, self.k3, self.b3, self.k4, self.b4 = (
            value.astype(np.float64) for value in network.params.values()
        )

    def first(self, x: np.ndarray) -> np.ndarray:
        """Return (6, 4, 3)."""
        return np.maximum(convolve(x, self.k1, self.b1), 0)

    def last(self, first: np.ndarray) -> np.ndarray:
        """Return (3, 2, 4)."""
        return np.maximum(convolve(max_pool(first), self.k2, self.b2), 0)

    def logit(self, last: np.ndarray, target: int) -> float:
        """Return the logit of a class."""
        return float((np.maximum(last.reshape(-1) @ self.k3 + self.b3, 0) @ self.k4 + self.b4)[target])

    def of_input(self, x: np.ndarray, target: int) -> float:
        """Return the logit of a class for an input (6, 4, 2)."""
        return self.logit(self.last(self.first(x)), target)

    def activation_and_slope(self, x: np.ndarray, target: int, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Return a layer's activation, and the logit's derivative with respect to it by finite differences."""
        first = self.first(x)
        if layer == "first":
            return first, derivative(lambda each: self.logit(self.last(each), target), first)
        last = self.last(first)
        return last, derivative(lambda each: self.logit(each, target), last)
