"""Grad-CAM against its formula in slow NumPy, in the choice of its layer, and where it does not apply."""

from typing import Any

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.grad_cam import GradCam
from audit.network.loading.load import from_model
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain
from tests.methods.pooled import Slow, pooled
from tests.reference.bilinear import bilinear
from tests.reference.convolution import convolve

_RANDOM = np.random.default_rng(0)


def _reference(network: Network, x: np.ndarray, target: int, layer: str) -> np.ndarray:
    """Return (6, 4): the formula, with the derivative by finite differences."""
    activation, slope = Slow(network).activation_and_slope(x, target, layer)
    weights = slope.mean(axis=(0, 1))
    return bilinear(np.maximum((activation * weights).sum(axis=-1), 0), 6, 4)


@pytest.mark.parametrize("layer", ["first", "last"])
def test_it_equals_its_formula(layer: str) -> None:
    network, x = pooled(), _RANDOM.normal(size=(3, 6, 4, 2)).astype(np.float32)
    maps = explain(network, GradCam(layer=layer), x, [0, 1, 2])
    assert maps.shape == (3, 6, 4, 1)
    expected = [_reference(network, row, target, layer) for target, row in enumerate(x)]
    assert np.allclose(maps[..., 0], expected, atol=1e-4)
    assert maps.any()


def ending(*layers: Any, size: int = 8) -> Network:
    start = [keras.Input((size, size, 1)), keras.layers.Conv2D(3, 3, padding="same", name="features")]
    return from_model(networks.fill(keras.Sequential([*start, *layers]), 0))


def test_evidence_against_the_class_leaves_a_map_of_zeros() -> None:
    network = ending(keras.layers.ReLU(), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, name="last"))
    names = list(network.params)
    params = {**network.params, names[2]: -np.ones((3, 2), np.float32)}
    x = _RANDOM.normal(size=(2, 8, 8, 1))
    assert not explain(network, GradCam(), x, 0, params=params).any()
    assert explain(network, GradCam(), x, 0, params={**params, names[2]: np.ones((3, 2), np.float32)}).any()


def test_global_average_pooling_makes_it_the_class_activation_map() -> None:
    network = ending(keras.layers.ReLU(), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2))
    kernel, bias, last = (value.astype(np.float64) for value in list(network.params.values())[:3])
    x = _RANDOM.normal(size=(8, 8, 1))
    features = np.maximum(convolve(x, kernel, bias), 0)
    expected = np.maximum(features @ last[:, 1], 0) / 64
    assert np.allclose(explain(network, GradCam(), x[None], 1)[0, ..., 0], expected, atol=1e-5)


def test_its_noise_has_the_layers_own_resolution() -> None:
    network = pooled()
    generator = np.random.default_rng(3).standard_normal((1, 3, 2, 1), dtype=np.float32)
    expected = bilinear(np.maximum(generator[0, ..., 0], 0), 6, 4)
    noise = GradCam().noise_map(network, np.zeros((6, 4, 2), np.float32), np.random.default_rng(3))
    assert np.allclose(noise[..., 0], expected, atol=1e-6)


def test_a_subclassed_model_is_refused() -> None:
    with pytest.raises(InputError, match="cannot record"):
        GradCam().attribute(networks.subclassed())
