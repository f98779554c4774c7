"""Layers that hold what no optimizer trains: adapted ones, constants, and those that batches fill."""

import json
from pathlib import Path

import keras
import numpy as np

L = keras.layers
TENSORFLOW = keras.backend.backend() == "tensorflow"
WORDS = ["0", "1", "2", "3"]


class Text(L.Layer):
    """Numbers as words, which only TensorFlow has."""

    def call(self, inputs):
        import tensorflow as tf

        return tf.strings.as_string(tf.cast(inputs, "int32"))

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(inputs.shape, dtype="string")


class Sentence(L.Layer):
    """Words as one text."""

    def call(self, inputs):
        import tensorflow as tf

        return tf.strings.reduce_join(inputs, axis=1, separator=" ")

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(inputs.shape[:1], dtype="string")


class Real(L.Layer):
    """Whole numbers as real ones."""

    def call(self, inputs):
        return keras.ops.cast(inputs, "float32")


class Projection(L.Layer):
    """A random matrix that nobody trains."""

    def build(self, shape):
        self.matrix = self.add_weight(shape=(shape[-1], 5), initializer="random_normal", trainable=False, name="matrix")

    def call(self, inputs):
        return keras.ops.matmul(inputs, self.matrix)


class Scale(L.Layer):
    """A number that is no weight, kept beside the model's file."""

    number = 1.0

    def call(self, inputs):
        return inputs * self.number

    def save_assets(self, folder):
        (Path(folder) / "number.json").write_text(json.dumps(self.number))

    def load_assets(self, folder):
        self.number = json.loads((Path(folder) / "number.json").read_text())


class Forgetful(L.Layer):
    """A number that is no weight, and kept nowhere."""

    number = 1.0

    def call(self, inputs):
        return inputs * self.number


class Inside(L.Layer):
    """An adapted layer within a layer of the user's."""

    def __init__(self, **fields):
        super().__init__(**fields)
        self.normal = L.Normalization()

    def build(self, shape):
        self.normal.build(shape)

    def call(self, inputs):
        return self.normal(inputs)


class Average(L.Layer):
    """Subtracts the mean of all batches so far, which it counts in whole numbers."""

    def build(self, shape):
        self.mean = self.add_weight(shape=(shape[-1],), initializer="zeros", trainable=False, name="mean")
        self.steps = self.add_weight(shape=(), initializer="zeros", dtype="int32", trainable=False, name="steps")

    def call(self, inputs, training=False):
        if training:
            self.steps.assign(self.steps + 1)
            share = 1 / keras.ops.cast(self.steps, "float32")
            self.mean.assign(self.mean + share * (keras.ops.mean(inputs, axis=0) - self.mean))
        return inputs - self.mean


class Codes(L.Layer):
    """A code book that batches pull at, from a random start."""

    def build(self, shape):
        self.book = self.add_weight(shape=(3, shape[-1]), initializer="random_normal", trainable=False, name="book")

    def call(self, inputs, training=False):
        if training:
            self.book.assign(0.9 * self.book + 0.1 * keras.ops.mean(inputs, axis=0))
        return inputs + keras.ops.mean(self.book, axis=0)


def _normal(axis=-1):
    layer = L.Normalization(axis=axis)
    layer.adapt(numbers())
    return layer


def _bins():
    layer = L.Discretization(num_bins=4, output_mode="int")
    layer.adapt(numbers())
    return layer


def _integers(mode="int"):
    layer = L.IntegerLookup(output_mode=mode)
    layer.adapt(numbers().astype("int64"))
    return layer


def _strings(mode="int"):
    layer = L.StringLookup(output_mode=mode)
    layer.adapt(np.array(WORDS)[np.arange(20) % 4])
    return layer


def _text():
    layer = L.TextVectorization(output_mode="multi_hot", standardize=None, max_tokens=5, pad_to_max_tokens=True)
    layer.adapt(np.array(WORDS)[np.arange(20) % 4])
    return layer


def _scale():
    layer = Scale()
    layer.number = 0.25
    return layer


def _inside():
    layer = Inside()
    layer.build((None, 4))
    layer.normal.adapt(numbers())
    return layer


def numbers(count=60, features=4, seed=0):
    """Features of unlike scale, all whole numbers from 0 to 3 times a scale."""
    return np.random.default_rng(seed).integers(0, 4, (count, features)).astype(np.float32)


KEPT = {
    "normalization": lambda: [_normal()],
    "normalization of all axes": lambda: [_normal(None)],
    "declared normalization": lambda: [L.Normalization(mean=[1.0] * 4, variance=[4.0] * 4)],
    "two normalizations": lambda: [_normal(), _normal(None)],
    "discretization": lambda: [_bins(), Real()],
    "discretization and embedding": lambda: [_bins(), L.Embedding(4, 3), L.Flatten()],
    "projection": lambda: [Projection()],
    "assets": lambda: [_scale()],
    "inside a layer": lambda: [_inside()],
    "behind a trained layer": lambda: [L.Dense(4), _normal()],
}
WITH_TABLES = {
    "integer lookup": lambda: [_integers(), L.Embedding(6, 3), L.Flatten()],
    "integer lookup, many hot": lambda: [_integers("multi_hot")],
    "hashing": lambda: [L.Hashing(8), L.Embedding(8, 3), L.Flatten()],
    "string lookup": lambda: [Text(), _strings(), L.Embedding(6, 3), L.Flatten()],
    "string lookup, many hot": lambda: [Text(), _strings("multi_hot")],
    "text vectorization": lambda: [Text(), Sentence(), _text()],
    "string lookup, tf-idf": lambda: [Text(), _strings("tf_idf")],
}
FILLED = {
    "batch normalisation": lambda: [L.Dense(4), L.BatchNormalization()],
    "frozen batch normalisation": lambda: [L.Dense(4), L.BatchNormalization(trainable=False)],
    "batch normalisation first, nothing to train": lambda: [L.BatchNormalization(center=False, scale=False)],
    "spectral norm": lambda: [L.SpectralNormalization(L.Dense(4))],
    "own average": lambda: [Average()],
    "code book": lambda: [Codes()],
}
TABLES = tuple(WITH_TABLES) if TENSORFLOW else ()  # others refuse them: loading/test_from_model.py
ALL_KEPT = [*KEPT, *TABLES]


def layers_of(name):
    return {**KEPT, **WITH_TABLES, **FILLED}[name]()


def model_of(layers, shape="sequential"):
    """A classifier of three classes behind some layers, sequential, functional or with the layers nested twice."""
    last = L.Dense(3, activation="softmax", name="last")
    if shape == "sequential":
        return keras.Sequential([keras.Input((4,)), *layers, last])
    inputs = keras.Input((4,))
    if shape == "nested":
        inner = keras.Sequential([keras.Input((4,)), *layers], name="inner")
        layers = [keras.Sequential([keras.Input((4,)), inner], name="outer")]
    hidden = inputs
    for layer in layers:
        hidden = layer(hidden)
    return keras.Model(inputs, last(hidden))
