"""Small networks, data and a recipe with everything that keeps a state, for tests of trainings."""

import keras
import numpy as np

from audit.network.loading.load import from_model
from audit.recipe import Recipe

L = keras.layers


def network(*layers, shape=(4,)):
    return from_model(keras.Sequential([keras.Input(shape), *layers]))


def blobs(count=70, classes=3, shape=(4,), seed=0):
    """Classes that a line can nearly tell apart."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, classes, count).astype(np.int32)
    centres = 2 * generator.standard_normal((classes, *shape))
    return (centres[y] + generator.standard_normal((count, *shape))).astype(np.float32), y


def noisy_network():
    """Everything that keeps a state: batch normalisation, dropout, a layer that counts how often it is traced."""
    layers = [
        *(L.Conv2D(3, 3, name="first"), L.BatchNormalization(name="normalise"), Counter(name="counter")),
        *(L.Flatten(name="flatten"), L.Dropout(0.4, name="drop"), L.Dense(3, activation="softmax", name="last")),
    ]
    return network(*layers, shape=(6, 6, 1))


class Counter(keras.layers.Layer):
    """Passes on what it is given, and counts its calls in training."""

    calls = 0

    def call(self, inputs, training=False):
        Counter.calls += bool(training)
        return inputs


SHIFT = {"random_translation": {"height_factor": 0.2, "width_factor": 0.2}}
STATEFUL = Recipe(epochs=3, batch_size=32, optimizer="nadam", augmentation=("random_flip", SHIFT))


def same(one, other):
    return [one.params[name].tobytes() for name in one.params] == [other.params[name].tobytes() for name in one.params]
