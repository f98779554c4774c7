"""Relevance passes every linear operation by its weights."""

from typing import Any

import keras
import numpy as np
import pytest

from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.lrp import Lrp
from audit.network.loading.load import from_model
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain, logits, together

L = keras.layers
_RANDOM = np.random.default_rng(0)


def _normalisation() -> Any:
    """Batch normalisation that only scales once its mean is 0, so that no bias takes relevance."""
    return L.BatchNormalization(center=False)


def _filled(model: keras.Model) -> Network:
    networks.fill(model, 7)
    for layer in model.layers:
        if isinstance(layer, L.BatchNormalization):
            layer.moving_mean.assign(np.zeros(layer.moving_mean.shape))
    return from_model(model)


def _stack(shape: tuple[int, ...], *layers: Any) -> Network:
    return _filled(keras.Sequential([keras.Input(shape), *layers, L.Dense(2, use_bias=False)]))


def _branches() -> Network:
    inputs = keras.Input((4, 4, 2))
    first = L.Conv2D(4, 3, padding="same", activation="relu", use_bias=False)(inputs)
    second = L.SeparableConv2D(4, 3, padding="same", use_bias=False)(first)
    total = L.Add()([_normalisation()(second), first]) * 2.0
    mixed = L.Concatenate()([L.Average()([total, first]), L.Subtract()([total, second]), keras.ops.negative(first)])
    flat = L.Flatten()(L.LeakyReLU()(mixed))
    return _filled(keras.Model(inputs, L.Dense(2, use_bias=False)(flat)))


_NETWORKS = {
    "1-D": lambda: _stack(
        (9, 2),
        L.ZeroPadding1D(2),
        L.SeparableConv1D(4, 3, use_bias=False),
        _normalisation(),
        L.ReLU(),
        L.Conv1D(3, 2, dilation_rate=2, padding="causal", use_bias=False),
        L.Conv1DTranspose(3, 3, strides=2, use_bias=False),
        _normalisation(),
        L.AveragePooling1D(2),
        L.UpSampling1D(2),
        L.Cropping1D(1),
        L.DepthwiseConv1D(3, depth_multiplier=2, use_bias=False),
        L.GlobalAveragePooling1D(),
    ),
    "2-D": lambda: _stack(
        (6, 6, 2),
        L.Dropout(0.5),
        L.ZeroPadding2D(1),
        L.Conv2D(4, 3, strides=2, use_bias=False),
        L.DepthwiseConv2D(3, depth_multiplier=2, padding="same", use_bias=False),
        _normalisation(),
        L.LeakyReLU(),
        L.UpSampling2D(2, interpolation="bilinear"),
        L.Permute((2, 1, 3)),
        L.MaxPooling2D(2),
        L.Conv2DTranspose(3, 3, use_bias=False, activation="relu"),
        _normalisation(),
        L.Cropping2D(1),
        L.Reshape((9, 3)),
        L.EinsumDense("abc,cd->abd", (9, 4)),
        L.GlobalMaxPooling1D(),
        L.RepeatVector(2),
        L.Flatten(),
    ),
    "3-D": lambda: _stack(
        (4, 4, 4, 1), L.Conv3D(2, 2, use_bias=False, activation="relu"), L.AveragePooling3D(2), L.Flatten()
    ),
    "branches": _branches,
}


@pytest.mark.parametrize("name", _NETWORKS)
def test_relevance_passes_every_linear_operation_by_its_weights(name: str) -> None:
    network, targets = _NETWORKS[name](), np.array([0, 1, 0])
    x = np.random.default_rng(2).normal(size=(3, *network.input_shape)).astype(np.float32)
    # w_square alone would lose what it gives to a padding of its own layer; z_plus asks for the sign of each weight.
    other = Lrp(composite="w_square" if name == "1-D" else "z_plus")
    methods = (InputTimesGradient(), Lrp(composite="epsilon", epsilon=1e-9), other)
    expected, *maps = together(network, methods, x, targets)
    assert np.allclose(maps[0], expected, atol=1e-4)
    for relevance in maps:
        total = relevance.reshape(3, -1).sum(axis=1)
        assert np.allclose(total, logits(network, x)[range(3), targets], rtol=1e-3, atol=1e-5)


def test_bounds_reach_the_first_layer_in_its_own_units() -> None:
    scaled = networks.fill(keras.Sequential([keras.Input((3,)), L.Rescaling(2.0, offset=-1.0), L.Dense(2)]), 1)
    plain = keras.Sequential([keras.Input((3,)), L.Dense(2)])
    plain.set_weights(scaled.get_weights())
    x = _RANDOM.uniform(0, 1, size=(3, 3)).astype(np.float32)
    one = explain(from_model(scaled), Lrp(composite="epsilon_gamma_box", low=0.0, high=1.0), x, 0)
    other = explain(from_model(plain), Lrp(composite="epsilon_gamma_box", low=-1.0, high=1.0), 2 * x - 1, 0)
    assert np.allclose(one, other, atol=1e-5)
