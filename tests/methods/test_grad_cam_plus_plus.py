"""Grad-CAM++ against the paper's closed form with all its powers, in slow NumPy."""

import numpy as np
import pytest

from audit.methods.grad_cam_plus_plus import GradCamPlusPlus
from tests import networks
from tests.methods.explain import explain
from tests.methods.pooled import Slow, pooled
from tests.reference.bilinear import bilinear

_RANDOM = np.random.default_rng(0)


def _reference(activation: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Return the map (h, w): equation 19 where the slope rises, and nothing where it does not."""
    with np.errstate(invalid="ignore"):
        alpha = slope**2 / (2 * slope**2 + activation.sum(axis=(0, 1)) * slope**3)
    weights = np.where(slope > 0, alpha * slope, 0).sum(axis=(0, 1))
    return np.maximum((activation * weights).sum(axis=-1), 0)


@pytest.mark.parametrize("layer", ["first", "last"])
def test_it_equals_its_formula(layer: str) -> None:
    network, x = pooled(), _RANDOM.normal(size=(3, 6, 4, 2)).astype(np.float32)
    maps = explain(network, GradCamPlusPlus(layer=layer), x, [0, 1, 2])
    slow = Slow(network)
    expected = [
        bilinear(_reference(*slow.activation_and_slope(row, target, layer)), 6, 4) for target, row in enumerate(x)
    ]
    assert np.allclose(maps[..., 0], expected, atol=1e-4)
    assert maps.any()


def test_evidence_against_the_class_leaves_a_map_of_zeros() -> None:
    network = networks.sum_pool(_RANDOM.normal(size=(3, 3)))
    kernel = list(network.params)[-1]
    params = {**network.params, kernel: -network.params[kernel]}
    x = _RANDOM.normal(size=(2, 6, 6, 1))
    assert not explain(network, GradCamPlusPlus(), x, 0, params=params).any()
    assert explain(network, GradCamPlusPlus(), x, 0).any()


def test_a_layer_that_is_not_rectified_keeps_its_weights_bounded() -> None:
    """With negative activations the closed form has poles; half the rising gradient is the most a weight may be."""
    network, x = networks.cnn(), 100 * _RANDOM.normal(size=(3, 8, 8, 1))
    assert np.isfinite(explain(network, GradCamPlusPlus(layer="second"), x, 1)).all()
