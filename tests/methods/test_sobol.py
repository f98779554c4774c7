"""Total Sobol indices in closed form on additive scores, and Jansen's estimator slowly in NumPy."""

import numpy as np
import pytest

from audit.methods.sobol import Sobol, sequence
from tests import networks
from tests.methods.explain import explain, keys
from tests.methods.one_patch import INPUTS, PATCH, SIZE, random_weights, weighted
from tests.reference.threefry import uniform

CELL = 2  # pixels, with a grid of three


def _cells(values: np.ndarray) -> np.ndarray:
    """Return the sums (3, 3) over cells of pixels (6, 6)."""
    return values.reshape(3, CELL, 3, CELL).sum(axis=(1, 3))


def test_indices_of_an_additive_score_are_the_shares_of_its_variance() -> None:
    """f(m) = sum of a_i m_i has the total indices a_i^2 / sum a^2.

    The numerator's (a - b)^2 has mean 1/6 and standard deviation sqrt(1/15 - 1/36) for uniform a and b, 1.18 of its
    mean; the variance of the denominator adds at most (kurtosis 3) sqrt(2 / 2n): together 1.55 / sqrt(n) of the index.
    """
    points, weights = 256, random_weights()
    maps = explain(weighted(weights), Sobol(points=points, grid=3), INPUTS, 0)
    for x, found in zip(INPUTS, maps, strict=True):
        parts = _cells((weights * x).sum(axis=-1)) ** 2
        expected = np.kron(parts / parts.sum(), np.ones((CELL, CELL)))
        assert np.allclose(found[..., 0], expected, rtol=4 * 1.55 / np.sqrt(points), atol=1e-6)


def test_it_is_jansens_estimator_at_the_points_that_the_keys_move() -> None:
    rng, points = np.random.default_rng(2), 4
    network = networks.mlp(features=5)
    x = rng.normal(size=(2, 5)).astype(np.float32)
    maps = explain(network, Sobol(points=points, grid=3, baseline=0.1), x, 1)
    groups = np.array([0, 0, 1, 1, 2])  # feature f lies in cell floor(3 f / 5)
    weights = list(network.params.values())

    def score(mask: np.ndarray, row: np.ndarray) -> float:
        hidden = 0.1 + mask[groups] * (row - 0.1)
        for kernel, bias in zip(weights[:4:2], weights[1:4:2], strict=True):
            hidden = np.maximum(hidden @ kernel + bias, 0)
        return float((hidden @ weights[4] + weights[5])[1])

    for row, key, found in zip(x.astype(np.float64), keys(2).tolist(), maps, strict=True):
        both = (sequence(points, 6) + uniform(tuple(key), 6)) % 1.0
        first, second = both[:, :3], both[:, 3:]
        variance = np.var([score(mask, row) for mask in (*first, *second)])
        for cell in range(3):
            mixed = first.copy()
            mixed[:, cell] = second[:, cell]
            squares = [(score(a, row) - score(b, row)) ** 2 for a, b in zip(first, mixed, strict=True)]
            assert np.allclose(found[groups == cell], np.mean(squares) / 2 / variance, rtol=1e-3, atol=1e-5)


def test_a_score_that_no_mask_changes_gives_zeros() -> None:
    assert not explain(weighted(np.zeros((SIZE, SIZE, 2)), 3.0), Sobol(points=2, grid=3), INPUTS, 0).any()


def test_its_noise_is_the_exact_index_of_a_linear_score_with_noise_for_weights() -> None:
    x = INPUTS[0].copy()
    x[PATCH] = 0.0  # what masks cannot change takes no part
    noise = Sobol(grid=6).noise_map(weighted(random_weights()), x, np.random.default_rng(3))[..., 0]
    weights = np.random.default_rng(3).standard_normal(x.shape, dtype=np.float32)
    parts = (weights * x).sum(axis=-1) ** 2
    assert np.allclose(noise, parts / parts.sum()) and not noise[PATCH].any()
    assert noise.sum() == pytest.approx(1, abs=1e-5)
