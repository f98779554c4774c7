"""The networks of the published claims, built as the papers say and trained as far as a small machine can."""

import keras
import numpy as np

EPOCHS = 3
"""Enough for 97 to 99 % on 9,990 images; the papers train for 50 epochs on 55,000."""


def convolutional() -> keras.Model:
    """Return the CNN of Adebayo et al. 2018, started from Keras's initializers.

    From their own, of deviation 0.1, three epochs hardly move it: features stay random, and so do gradients.
    """
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 5, padding="same", activation="relu", name="hidden1"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 5, padding="same", activation="relu", name="hidden2"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(1024, activation="relu", name="fc1"),
            layers.Dense(10, name="softmax_linear"),
        ]
    )


def perceptron() -> keras.Model:
    """Return the MLP of Adebayo et al. 2018: 2500, 1500 and 500 units, deviations of 2 over the root of the fan-in."""
    layers = keras.layers

    def dense(units: int, fan_in: int, name: str, activation: str | None = "relu") -> keras.layers.Layer:
        kernel = keras.initializers.TruncatedNormal(0.0, 2 / np.sqrt(fan_in))
        return layers.Dense(units, activation=activation, kernel_initializer=kernel, name=name)

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            dense(2500, 784, "hidden1"),
            dense(1500, 2500, "hidden2"),
            dense(500, 1500, "hidden3"),
            dense(10, 500, "logits", None),
        ]
    )


def lenet() -> keras.Model:
    """Return the LeNet of Hedstroem et al. 2023: convolutions of 6 and 16, dense layers of 120 and 84."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(6, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(10),
        ]
    )


def random_convolution() -> keras.Model:
    """Return one random convolution and a random dense layer, Gaussian: Nie et al. 2018, section 3."""
    normal = keras.initializers.RandomNormal(0.0, 1.0)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(64, 3, padding="same", activation="relu", use_bias=False, kernel_initializer=normal),
            layers.Flatten(),
            layers.Dense(10, use_bias=False, kernel_initializer=normal),
        ]
    )


def large() -> keras.Model:
    """Return the smallest network for 224 by 224 images; the random map does not look at it."""
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((224, 224, 1)), layers.Conv2D(2, 3, strides=8), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    )


def wide() -> keras.Model:
    """Return the smallest network for 299 by 299 images, of one stage; the input as a map does not look at it."""
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((299, 299, 1)), layers.Conv2D(2, 3, strides=8), layers.GlobalAveragePooling2D()]
    )


def trained(model: keras.Model, x: np.ndarray, y: np.ndarray) -> keras.Model:
    """Train a classifier that gives logits; x (N, 28, 28, 1) in [0, 1], y (N,)."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss)
    model.fit(x, y, batch_size=50, epochs=EPOCHS, verbose=0)
    return model
