"""Tiny Keras models with known weights, as functions: what they compute can be written down. Logits, no softmax."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from audit.network.loading.load import from_model
from audit.network.network import Network
from audit.network.variants.closed_form import linear as linear
from audit.network.variants.closed_form import product as product
from audit.network.variants.closed_form import rectified_pair as rectified_pair
from audit.network.variants.closed_form import saturating as saturating
from audit.network.variants.closed_form import sum_pool as sum_pool


def mlp(features: int = 6, classes: int = 3, *, bias: bool = True, seed: int = 0) -> Network:
    """Two hidden ReLU layers with random weights; homogeneous of degree one without biases."""
    layers = [keras.layers.Dense(8, activation="relu", use_bias=bias, name=f"hidden{n}") for n in (1, 2)]
    last = keras.layers.Dense(classes, use_bias=bias, name="logits")
    return from_model(fill(keras.Sequential([keras.Input((features,)), *layers, last]), seed))


def cnn(size: int = 8, channels: int = 1, classes: int = 3, *, seed: int = 0) -> Network:
    """Convolution, 1x1 convolution, batch normalisation, pooling, dense: random weights, random statistics."""
    return from_model(cnn_model(size, channels, classes, seed=seed))


def cnn_model(size: int = 8, channels: int = 1, classes: int = 3, *, seed: int = 0) -> keras.Model:
    """The Keras model of ``cnn``."""
    model = keras.Sequential(
        [
            keras.Input((size, size, channels)),
            keras.layers.Conv2D(4, 3, activation="relu", name="first"),
            keras.layers.Conv2D(6, 1, name="second"),
            keras.layers.BatchNormalization(name="normalise"),
            keras.layers.ReLU(name="rectify"),
            keras.layers.MaxPooling2D(name="pool"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(classes, name="logits"),
        ]
    )
    return fill(model, seed)


def residual(size: int = 8, classes: int = 3, *, seed: int = 0) -> Network:
    """Skip connections by Add and Concatenate, a nested Sequential, a shared layer and functional operations."""
    return from_model(residual_model(size, classes, seed=seed))


def residual_model(size: int = 8, classes: int = 3, *, seed: int = 0) -> keras.Model:
    """The Keras model of ``residual``; it ends in a softmax."""
    inputs = keras.Input((size, size, 2))
    block = keras.Sequential(
        [
            keras.Input((size, size, 4)),
            keras.layers.Conv2D(4, 3, padding="same", name="inside"),
            keras.layers.BatchNormalization(name="normalise"),
            keras.layers.LeakyReLU(name="leak"),
        ],
        name="block",
    )
    shared = keras.layers.Conv2D(4, 1, name="shared")
    first = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(inputs)
    added = keras.layers.Add(name="add")([first, block(first)])
    twice = shared(keras.ops.relu(shared(added) * 2.0 - 0.5))
    joined = keras.layers.Concatenate(name="join")([twice, first])
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(keras.ops.relu6(joined))
    output = keras.layers.Dense(classes, activation="softmax", name="classes")(pooled)
    return fill(keras.Model(inputs, output, name="residual"), seed)


class Subclassed(keras.Model):
    """A model whose operations cannot be recorded: its ``call`` is code."""

    def __init__(self, classes: int = 3, activation: str | None = None) -> None:
        super().__init__()
        self.hidden = keras.layers.Dense(5, activation="relu", name="hidden")
        self.last = keras.layers.Dense(classes, activation=activation, name="last")

    def call(self, inputs: Any) -> Any:
        return self.last(self.hidden(inputs))


def subclassed(features: int = 4, classes: int = 3, *, seed: int = 0) -> Network:
    """A two-layer perceptron as a subclassed model."""
    model = Subclassed(classes)
    model(np.zeros((1, features), np.float32))
    return from_model(fill(model, seed))


def fill(model: keras.Model, seed: int) -> keras.Model:
    """Give every weight random values, biases and statistics too (variances positive)."""
    generator = np.random.default_rng(seed)
    values = [
        generator.uniform(0.5, 1.5, weight.shape) if "variance" in weight.name else _random(generator, weight.shape)
        for weight in model.weights
    ]
    model.set_weights([value.astype(np.float32) for value in values])
    return model


def _random(generator: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    return generator.standard_normal(shape) / np.sqrt(max(np.prod(shape[:-1]), 4.0))
