"""Spearman against SciPy, and the exact identities of a rank correlation."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from audit.similarities.spearman import ranks, spearman, spearman_of_ranks

few_values = arrays(
    np.float32, st.tuples(st.just(2), st.integers(2, 40)), elements=st.sampled_from([-2.0, 0.0, 0.5, 3])
)


def by_scipy(a, b):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # constant input: SciPy warns and returns NaN
        return np.array([spearmanr(x.ravel(), y.ravel()).statistic for x, y in zip(a, b, strict=True)])


@given(few_values)
def test_ties_are_averaged_as_scipy_does(pair):
    np.testing.assert_allclose(spearman(pair[:1], pair[1:]), by_scipy(pair[:1], pair[1:]), atol=1e-12)


@pytest.mark.parametrize("shape", [(5, 2), (5, 3), (4, 28, 28), (3, 7, 5)])
def test_equals_scipy_without_ties(shape):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, *shape)).astype(np.float32)
    np.testing.assert_allclose(spearman(a, b), by_scipy(a, b), atol=1e-12)


def test_a_map_with_itself_is_exactly_one_and_reversed_exactly_minus_one():
    maps = np.random.default_rng(1).standard_normal((20, 33, 31)).astype(np.float32)
    assert (spearman(maps, maps.copy()) == 1.0).all()
    assert (spearman(maps, -maps) == -1.0).all()


def test_equal_ranks_are_exactly_one_where_sums_of_squares_are_rounded():
    large = np.random.default_rng(2).standard_normal((1, 1, 1_000_003)).astype(np.float32)
    assert spearman(large, large * 2)[0] == 1.0


def test_only_order_matters():
    maps = np.random.default_rng(3).standard_normal((2, 6, 50)).astype(np.float32)
    np.testing.assert_array_equal(spearman(*maps), spearman(np.exp(maps[0]), 3 * maps[1] + 1))


@pytest.mark.parametrize("broken", [np.zeros(9), np.full(9, 7.0), [np.nan, *range(8)], [np.inf, *range(8)]])
def test_constant_or_non_finite_maps_have_no_similarity(broken):
    maps = np.array([np.arange(9), broken], np.float32)
    other = np.array([np.arange(9), np.arange(9)], np.float32)
    for result in (spearman(maps, other), spearman(other, maps), spearman(maps, maps)):
        assert result[0] == 1.0 and np.isnan(result[1])


def test_one_pixel_and_no_maps():
    assert np.isnan(spearman(np.ones((3, 1)), np.ones((3, 1)))).all()
    assert spearman(np.ones((0, 4)), np.ones((0, 4))).shape == (0,)


def test_reference_ranks_are_reusable():
    a, b = np.random.default_rng(4).standard_normal((2, 5, 8, 8)).astype(np.float32)
    np.testing.assert_array_equal(spearman_of_ranks(ranks(a), ranks(b)), spearman(a, b))


def test_zeros_of_both_signs_tie():
    np.testing.assert_array_equal(ranks(np.array([[0.0, -0.0, 1.0]])), [[-1, -1, 2]])


def test_masked_noise_has_the_closed_form_of_its_ties():
    """Independent magnitudes on a shared support of a fraction f: (1 - f) / ((1 - f) + f^2 / 3)."""
    rng, pixels = np.random.default_rng(5), 40_000
    for f in (0.1, 0.25, 0.5, 0.75, 1.0):
        mask = np.arange(pixels) < f * pixels
        a, b = np.abs(rng.standard_normal((2, 4, pixels))) * mask
        expected = (1 - f) / ((1 - f) + f**2 / 3)
        assert abs(spearman(a, b).mean() - expected) < 0.01
