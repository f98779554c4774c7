"""Tiny networks whose functions can be written down, so that what an attribution must be is known exactly."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
import numpy as np

from audit.network.loading.from_model import from_model
from audit.network.network import Network

# Every weight is set afterwards, and drawing random ones first would take longer than all the rest.
_Dense = partial(keras.layers.Dense, kernel_initializer="zeros")
_Convolution = partial(keras.layers.Conv2D, kernel_initializer="zeros")


def linear(weight: Any, bias: Sequence[float]) -> Network:
    """f(x) = x W + b, for x (F,), W (F, K), b (K,)."""
    inputs = keras.Input((len(weight),))
    dense = _Dense(len(bias), name="dense")
    model = keras.Model(inputs, dense(inputs), name="linear")
    _set(dense, weight, bias)
    return from_model(model)


def saturating() -> Network:
    """f(x) = 1 - ReLU(1 - x), for x (1,): flat from x = 1 on."""
    inputs = keras.Input((1,))
    first, last = _Dense(1, activation="relu", name="first"), _Dense(1, name="last")
    model = keras.Model(inputs, last(first(inputs)), name="saturating")
    _set(first, [[-1.0]], [1.0])
    _set(last, [[-1.0]], [1.0])
    return from_model(model)


def rectified_pair() -> tuple[Network, Network]:
    """The pair f = ReLU(ReLU(x1) - 1 - ReLU(x2)) and g = ReLU(ReLU(x1 - 1) - ReLU(x2)): equal for x1, x2 >= 0."""
    return _two_layers([0.0, 0.0], -1.0), _two_layers([-1.0, 0.0], 0.0)


def _two_layers(first_bias: Sequence[float], last_bias: float) -> Network:
    inputs = keras.Input((2,))
    first = _Dense(2, activation="relu", name="first")
    last = _Dense(1, activation="relu", name="last")
    model = keras.Model(inputs, last(first(inputs)), name="rectified")
    _set(first, np.eye(2), first_bias)
    _set(last, [[1.0], [-1.0]], [last_bias])
    return from_model(model)


def product() -> Network:
    """f(x) = x1 * x2, for x (2,), with a last layer of weight 1."""
    inputs = keras.Input((2,))
    multiplied = keras.layers.Multiply()([inputs[:, :1], inputs[:, 1:]])
    last = _Dense(1, use_bias=False, name="last")
    model = keras.Model(inputs, last(multiplied), name="product")
    _set(last, [[1.0]])
    return from_model(model)


def sum_pool(kernel: np.ndarray, size: int = 6) -> Network:
    """f(x) = sum of ReLU(x (*) kernel) over the image, kernel (3, 3), x (size, size, 1), zero padding, no bias."""
    inputs = keras.Input((size, size, 1))
    convolution = _Convolution(1, 3, padding="same", activation="relu", use_bias=False, name="convolution")
    total = _Dense(1, use_bias=False, name="total")
    model = keras.Model(inputs, total(keras.layers.Flatten()(convolution(inputs))), name="sum_pool")
    _set(convolution, np.asarray(kernel).reshape(3, 3, 1, 1))
    _set(total, np.ones((size * size, 1)))
    return from_model(model)


def dense(first: Any, last: Any) -> Network:
    """f(x) = ReLU(x V) W, for x (F,), V (F, M), W (M, K): homogeneous of degree one."""
    inputs = keras.Input((len(first),))
    layers = [
        _Dense(np.shape(first)[1], activation="relu", use_bias=False, name="first"),
        _Dense(np.shape(last)[1], use_bias=False, name="last"),
    ]
    model = keras.Model(inputs, layers[1](layers[0](inputs)), name="dense")
    for layer, weight in zip(layers, (first, last), strict=True):
        _set(layer, weight)
    return from_model(model)


def homogeneous(size: int = 8, classes: int = 3, *, seed: int = 0) -> Network:
    """A network of images without biases: convolutions, ReLU, leaky ReLU, max and average pooling, dense.

    f(a x) = a f(x) for a >= 0, so f(x) is the sum of the input times its gradient. The weights are standard Gaussian,
    divided by the root of the number of inputs.
    """
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((size, size, 1)),
            _Convolution(3, 3, padding="same", use_bias=False, name="first"),
            layers.LeakyReLU(negative_slope=0.1, name="leak"),
            layers.MaxPooling2D(2, name="maximum"),
            _Convolution(4, 3, padding="same", activation="relu", use_bias=False, name="second"),
            layers.AveragePooling2D(2, name="mean"),
            layers.Flatten(name="flatten"),
            _Dense(classes, use_bias=False, name="last"),
        ],
        name="homogeneous",
    )
    generator = np.random.default_rng(seed)
    shapes = [weight.shape for weight in model.weights]
    model.set_weights([generator.standard_normal(shape) / np.sqrt(np.prod(shape[:-1])) for shape in shapes])
    return from_model(model)


def pointwise(weights: Sequence[Sequence[float]], size: int = 6) -> Network:
    """f_k(x) = sum over pixels p and features m of w_mk ReLU(s_m x_p), with signs s = (1, -1), x (size, size, 1).

    Every pixel counts alike, and the last layer is linear. ``weights`` (2, K).
    """
    inputs, classes = keras.Input((size, size, 1)), np.shape(weights)[1]
    convolution = _Convolution(2, 1, activation="relu", use_bias=False, name="convolution")
    last = _Dense(classes, use_bias=False, name="last")
    model = keras.Model(inputs, last(keras.layers.Flatten()(convolution(inputs))), name="pointwise")
    _set(convolution, np.reshape([1.0, -1.0], (1, 1, 1, 2)))
    _set(last, np.tile(weights, (size * size, 1)))
    return from_model(model)


def _set(layer: Any, *values: Any) -> None:
    layer.set_weights([np.asarray(value, np.float32) for value in values])
