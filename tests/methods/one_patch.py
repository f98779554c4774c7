"""Networks on small images whose logit is a known sum over pixels, and inputs for them."""

import keras
import numpy as np

from audit.network.loading.load import from_model
from audit.network.network import Network

SIZE, CHANNELS = 6, 2
PATCH = (slice(2, 4), slice(3, 5))
"""The pixels that ``reads_one_patch`` reads."""

INPUTS = np.random.default_rng(0).uniform(0.5, 1.5, size=(3, SIZE, SIZE, CHANNELS)).astype(np.float32)


def weighted(weights: np.ndarray, bias: float = 0.0) -> Network:
    """Return f(x) = (sum of weights * x + bias, 0), for images of the weights' shape."""
    inputs = keras.Input(weights.shape)
    dense = keras.layers.Dense(2, kernel_initializer="zeros", name="dense")
    model = keras.Model(inputs, dense(keras.layers.Flatten()(inputs)))
    dense.set_weights([np.stack([weights.ravel(), np.zeros(weights.size)], axis=1), np.array([bias, 0.0])])
    return from_model(model)


def random_weights() -> np.ndarray:
    """Return weights for ``weighted``."""
    return np.random.default_rng(1).normal(size=(SIZE, SIZE, CHANNELS))


def reads_one_patch() -> Network:
    """Return the network whose first logit is the sum over one patch, less what it is where all is 1/2."""
    weights = np.zeros((SIZE, SIZE, CHANNELS))
    weights[PATCH] = 1.0
    return weighted(weights, -4.0)


def outside(maps: np.ndarray) -> np.ndarray:
    """Return the values of maps (B, H, W, 1) beside the patch: (B, n)."""
    away = np.ones((SIZE, SIZE), bool)
    away[PATCH] = False
    return maps[:, away, 0]


def inside(maps: np.ndarray) -> np.ndarray:
    """Return the values of maps (B, H, W, 1) on the patch: (B, n)."""
    return maps[:, PATCH[0], PATCH[1], 0].reshape(len(maps), -1)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return the first of two classes' probability, where the other's logit is 0."""
    return 1 / (1 + np.exp(-logits))
