"""Edges of the input are the Sobel magnitude, and nothing of the network."""

import numpy as np
import pytest

from audit.methods.edge_detector import EdgeDetector
from tests import networks
from tests.methods.explain import explain
from tests.reference.sobel import sobel

_RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(8, 8, 1), (5, 7, 3), (1, 4, 2)])
def test_edges_are_the_sobel_magnitude_summed_over_channels(shape: tuple[int, int, int]) -> None:
    x = _RANDOM.normal(size=(2, *shape))
    maps = explain(networks.cnn(), EdgeDetector(), x, 0)
    assert maps.shape == (2, *shape[:2], 1)
    assert np.allclose(maps[..., 0], [sobel(image) for image in x], atol=1e-5)


def test_a_ramp_has_the_same_edge_everywhere_inside() -> None:
    ramp = np.broadcast_to(np.arange(6.0)[:, None, None] * 3, (6, 5, 1))
    assert np.allclose(explain(networks.cnn(), EdgeDetector(), ramp[None], 0)[0, 1:-1], 6)


def test_flat_inputs_have_edges_between_neighbours() -> None:
    maps = explain(networks.mlp(), EdgeDetector(), [[1.0, 2.0, 4.0, 4.0, 0.0, 0.0]], 0)
    assert maps.tolist() == [[1, 3, 2, 4, 4, 0]]
