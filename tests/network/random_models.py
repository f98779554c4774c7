"""Keras models whose answer depends on more than their input, and models beside them that only look so."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tests.networks import fill

L = keras.layers
SHAPE = (6, 6, 1)


def images(count: int = 8) -> np.ndarray:
    """Return inputs (n, 6, 6, 1)."""
    return np.random.default_rng(3).normal(size=(count, *SHAPE)).astype(np.float32)


def around(layer: Callable[..., Any], *, training: bool | None = None) -> keras.Model:
    """Return a classifier with a layer between a convolution and its logits."""
    inputs = keras.Input(SHAPE)
    maps = L.Conv2D(4, 3, activation="relu", name="first")(inputs)
    maps = layer(maps) if training is None else layer(maps, training=training)
    return fill(keras.Model(inputs, L.Dense(3, activation="softmax", name="last")(L.Flatten()(maps))), 0)


def nested(layer: Callable[..., Any]) -> keras.Model:
    """Return a model in a model in a model, the innermost with a layer that is called in training mode."""
    inner = keras.Sequential([keras.Input(SHAPE), around(layer, training=True)], name="middle")
    return keras.Sequential([keras.Input(SHAPE), inner])


def switched_on(layer: Callable[..., Any]) -> keras.Model:
    """Return a model that calls a whole Sequential model in training mode."""
    inputs = keras.Input(SHAPE)
    block = keras.Sequential([keras.Input(SHAPE), layer], name="block")
    return fill(keras.Model(inputs, L.Dense(3)(L.Flatten()(block(inputs, training=True)))), 0)


def across(mix: Callable[[Any], Any]) -> keras.Model:
    """Return a model with an operation in its graph that sees the whole batch."""
    inputs = keras.Input(SHAPE)
    flat = L.Flatten()(inputs)
    return fill(keras.Model(inputs, L.Dense(3, name="last")(mix(flat))), 0)


def recurrent(layer: Any, batch: int | None = None) -> keras.Model:
    """Return a recurrent classifier, with a batch size that its state needs."""
    inputs = keras.Input(batch_shape=(batch, *SHAPE))
    return fill(keras.Model(inputs, L.Dense(3, name="last")(layer(L.Reshape((6, 6))(inputs)))), 0)


class AlwaysDropped(L.Dropout):
    """Dropout whatever the mode."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return super().call(inputs, training=True)


class SeededNoise(L.Layer):
    """Noise from a generator of its own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.generator = keras.random.SeedGenerator(1)

    def call(self, inputs: Any) -> Any:
        return inputs + 0.1 * keras.random.normal(keras.ops.shape(inputs), seed=self.generator)


class SameNoise(L.Layer):
    """The same noise at each call: that of an input depends on its place in the batch."""

    def call(self, inputs: Any) -> Any:
        return inputs + keras.random.normal(keras.ops.shape(inputs), seed=3)


class ForeignNoise(L.Layer):
    """Random numbers that Keras knows nothing of."""

    def call(self, inputs: Any) -> Any:
        return inputs * np.float32(1 + np.random.rand())  # noqa: NPY002 - other people's code


class Counter(L.Layer):
    """Counts its calls, and lets the count show, or not."""

    def __init__(self, shown: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shown = shown
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

    def call(self, inputs: Any) -> Any:
        self.count.assign(self.count + 1.0)
        return inputs * (1.0 + self.shown * keras.ops.tanh(self.count / 10))


class Coded(keras.Model):
    """A model that is code: one layer, in a mode that the code decides, before its logits."""

    def __init__(self, layer: Any, training: bool | None) -> None:
        super().__init__()
        self.layer, self.flat, self.last, self.training = layer, L.Flatten(), L.Dense(3, name="last"), training

    def call(self, inputs: Any) -> Any:
        hidden = self.layer(inputs) if self.training is None else self.layer(inputs, training=self.training)
        return self.last(self.flat(hidden))


def coded(layer: Any, training: bool | None = None) -> keras.Model:
    """Return a built model that is code."""
    model = Coded(layer, training)
    model(images(2))
    return fill(model, 0)


Models = dict[str, tuple[Callable[[], keras.Model], str]]
"""By what is special about it: the model, and the path of the layer that makes it so."""

DRAWING: Models = {
    "dropout": (lambda: around(L.Dropout(0.5, name="off"), training=True), "off"),
    "dropout that is rare": (lambda: around(L.Dropout(0.004, name="off"), training=True), "off"),
    "spatial dropout": (lambda: around(L.SpatialDropout2D(0.5, name="off"), training=True), "off"),
    "gaussian noise": (lambda: around(L.GaussianNoise(0.01, name="noise"), training=True), "noise"),
    "gaussian dropout": (lambda: around(L.GaussianDropout(0.2, name="noise"), training=True), "noise"),
    "alpha dropout": (lambda: around(L.AlphaDropout(0.2, name="off"), training=True), "off"),
    "each step": (
        lambda: around(L.TimeDistributed(L.Dropout(0.5, name="off"), name="each"), training=True),
        "each/off",
    ),
    "a dropout that is always on": (lambda: around(AlwaysDropped(0.5, name="monte_carlo")), "monte_carlo"),
    "noise in code": (lambda: around(SeededNoise(name="noise")), "noise"),
    "nested": (lambda: nested(L.Dropout(0.5, name="off")), "off"),
    "augmentation switched on": (lambda: switched_on(L.RandomTranslation(0.3, 0.3, name="move")), "block/move"),
    "a model of code": (lambda: coded(L.Dropout(0.5, name="off"), training=True), "off"),
    "a graph in code": (lambda: coded(nested(L.Dropout(0.5, name="off"))), "off"),
}

CHANGING: Models = {
    "a counter": (lambda: around(Counter(0.5, name="counter")), "counter"),
    "random numbers of NumPy's": (lambda: around(ForeignNoise(name="foreign")), "foreign"),
    "a stateful GRU": (lambda: recurrent(L.GRU(3, stateful=True, name="memory"), batch=4), "memory"),
    "a stateful LSTM of one input": (lambda: recurrent(L.LSTM(3, stateful=True, name="memory"), batch=1), "memory"),
    "both ways": (
        lambda: recurrent(L.Bidirectional(L.SimpleRNN(3, stateful=True), name="both"), batch=2),
        "both",
    ),
    "several cells": (
        lambda: recurrent(L.RNN([L.SimpleRNNCell(3), L.SimpleRNNCell(2)], stateful=True, name="cells"), batch=2),
        "cells",
    ),
    "a counter in code": (lambda: coded(Counter(0.5, name="counter")), "counter"),
}

MIXING: Models = {
    "batch statistics": (lambda: around(L.BatchNormalization(name="normalise"), training=True), "normalise"),
    "nested batch statistics": (lambda: nested(L.BatchNormalization(name="normalise")), "normalise"),
    "batch statistics in code": (lambda: coded(L.BatchNormalization(name="normalise"), training=True), "normalise"),
    "the batch's mean": (lambda: across(lambda x: x - keras.ops.mean(x, axis=0, keepdims=True)), "mean"),
    "a little of the batch's mean": (
        lambda: across(L.Lambda(lambda x: x - 0.01 * keras.ops.mean(x, axis=0), name="mix")),
        "mix",
    ),
    "the batch's size": (
        lambda: across(L.Lambda(lambda x: x / keras.ops.cast(keras.ops.shape(x)[0], "float32"), name="mix")),
        "mix",
    ),
    "noise by place": (lambda: around(SameNoise(name="noise")), "noise"),
}

STEADY: dict[str, Callable[[], keras.Model]] = {
    "dropout": lambda: around(L.Dropout(0.5)),
    "dropout that is switched off": lambda: around(L.Dropout(0.5), training=False),
    "dropout of nothing": lambda: around(L.Dropout(0.0), training=True),
    "batch normalisation": lambda: around(L.BatchNormalization()),
    "augmentation": lambda: keras.Sequential(
        [keras.Input(SHAPE), L.RandomFlip(), L.RandomRotation(0.2), L.RandomContrast(0.3), L.Flatten(), L.Dense(3)]
    ),
    "augmentation in a graph": lambda: around(L.RandomZoom(0.3)),
    "augmentation in code": lambda: coded(L.RandomFlip()),
    "a GRU": lambda: recurrent(L.GRU(3, dropout=0.5)),
    "a counter that is not shown": lambda: around(Counter(0.0)),
    "wide convolutions": lambda: around(keras.Sequential([L.Conv2D(64, 3), L.Conv2D(64, 1, activation="relu")])),
    "code": lambda: coded(keras.Sequential([L.Conv2D(32, 3), L.Dropout(0.5), L.BatchNormalization()])),
}
