"""The Laplacian is the sum of the neighbours minus four times the pixel."""

import numpy as np

from audit.methods.laplacian import Laplacian
from tests import networks
from tests.methods.explain import explain


def test_it_is_the_difference_from_the_four_neighbours() -> None:
    x = np.random.default_rng(0).normal(size=(2, 5, 7, 2))
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    expected = np.zeros_like(x)
    for row, column in ((0, 1), (2, 1), (1, 0), (1, 2)):
        expected += padded[:, row : row + 5, column : column + 7] - x
    assert np.allclose(explain(networks.cnn(), Laplacian(), x, 0), expected, atol=1e-5)


def test_of_flat_inputs_it_is_the_second_difference() -> None:
    maps = explain(networks.mlp(), Laplacian(), [[1.0, 2.0, 4.0, 4.0, 0.0, 0.0]], 0)
    assert maps.tolist() == [[1, 1, -2, -4, 4, 0]]
