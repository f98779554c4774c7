"""Small trained models of three kinds, and a detector of rare positives, with data they were not trained on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import keras
import numpy as np
from sklearn.datasets import load_digits


@dataclass(frozen=True)
class Fed:
    """A model, what it must be given (n, ...), and the labels (n,); ``mean`` was subtracted from each channel."""

    model: keras.Model
    x: np.ndarray
    y: np.ndarray
    mean: np.ndarray


@cache
def digits() -> Fed:
    """Return a convolutional network on grey digits, 797 of them to be explained."""
    found = load_digits()
    x = (found.images[..., None] / 16).astype(np.float32)
    layers = [
        keras.layers.Conv2D(12, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(32, activation="relu"),
    ]
    return _trained(layers, x, found.target, test=797, epochs=12)


@cache
def colours() -> Fed:
    """Return a convolutional network on patches whose colour and texture are their class: 6 classes, noisy."""
    random = np.random.default_rng(0)
    y = np.arange(1800) % 6
    colour = np.array([[0.9, 0.5, 0.2], [0.2, 0.5, 0.9], [0.5, 0.8, 0.3]])[y % 3]
    stripes = np.where(np.arange(8) % 2, 0.8, 0.2)
    texture = np.where((y < 3)[:, None, None], stripes[None, :, None], stripes[None, None, :]) + np.zeros((1, 8, 8))
    x = texture[..., None] * colour[:, None, None, :] + random.normal(0, 0.35, (1800, 8, 8, 3))
    layers = [
        keras.layers.Conv2D(12, 3, activation="relu"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(24, activation="relu"),
    ]
    return _trained(layers, x.astype(np.float32), y, test=800, epochs=15)


@cache
def table() -> Fed:
    """Return a network on eight columns of different sizes, three classes."""
    random = np.random.default_rng(1)
    y = np.arange(1600) % 3
    centres = random.normal(0, 1.3, (3, 8))
    x = (centres[y] + random.normal(0, 1, (1600, 8)) + random.normal(0, 2, 8)) * np.linspace(0.5, 2, 8)
    return _trained([keras.layers.Dense(24, activation="relu")], x.astype(np.float32), y, test=800, epochs=25)


@cache
def detector(weight: float) -> Fed:
    """Return a network that finds 2 positives in 100, each of which weighs as much as so many others in training."""
    random = np.random.default_rng(2)
    y = (random.random(6000) < 0.02).astype(int)
    x = random.normal(0, 1, (6000, 6)) + y[:, None] * np.array([1.2, 1.0, 0.8, 0.0, 0.0, 0.0]) + 0.4
    weights = np.where(y == 1, weight, 1.0)
    layers = [keras.layers.Dense(16, activation="relu")]
    return _trained(layers, x.astype(np.float32), y, test=2000, epochs=6, weights=weights)


def _trained(
    layers: Sequence[keras.layers.Layer],
    x: np.ndarray,
    y: np.ndarray,
    *,
    test: int,
    epochs: int,
    weights: np.ndarray | None = None,
) -> Fed:
    keras.utils.set_random_seed(0)
    order = np.random.default_rng(3).permutation(len(x))
    x, y = x[order], y[order]
    mean = x[test:].mean(axis=tuple(range(x.ndim - 1)))
    x = x - mean
    classes = int(y.max()) + 1
    model = keras.Sequential([keras.Input(x.shape[1:]), *layers, keras.layers.Dense(classes, activation="softmax")])
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    kept = None if weights is None else weights[order][test:]
    model.fit(x[test:], y[test:], batch_size=32, epochs=epochs, verbose=0, sample_weight=kept)
    return Fed(model=model, x=x[:test], y=y[:test].astype(np.int64), mean=mean)


MODELS: dict[str, Callable[[], Fed]] = {"digits": digits, "colours": colours, "table": table}

Wrong = Callable[[Fed], tuple[np.ndarray, np.ndarray]]

WRONG: dict[str, tuple[Wrong, str]] = {
    "labels off by one": (lambda fed: (fed.x, (fed.y + 1) % (int(fed.y.max()) + 1)), "each label one lower"),
    "bytes": (lambda fed: (fed.x * np.float32(255), fed.y), "divided by 255"),
    "double scaling": (lambda fed: (fed.x / np.float32(255), fed.y), "times 255"),
    "missing mean subtraction": (lambda fed: (fed.x + fed.mean, fed.y), "the mean of each"),
    "channels swapped": (lambda fed: (fed.x[..., ::-1], fed.y), "channels in reverse order"),
}
"""The wrong feeds that another feed undoes, each with words of its repair's name."""
