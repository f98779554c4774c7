"""The entropy of a map's values: exact cases, and a slow derivation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checks.shared.complexity import FEWEST_BINS, MOST_BINS, histogram_entropy

RULES = ("freedman_diaconis", "scott", "sqrt", "sturges", "rice")


def slow(values, bins):
    """Count by hand how many values fall in each of equally wide bins; the largest value belongs to the last."""
    low, high = values.min(), values.max()
    counts = [0] * bins
    for value in values.ravel():
        counts[min(int((value - low) / (high - low) * bins), bins - 1)] += 1
    return -sum(count / values.size * math.log(count / values.size) for count in counts if count)


@pytest.mark.parametrize("bins", [2, 10, 100])
@pytest.mark.parametrize("copies", [1, 3])
def test_values_spread_evenly_have_the_logarithm_of_the_bins(bins, copies):
    even = np.tile((np.arange(bins) + 0.5) / bins, copies)[None]
    assert histogram_entropy(even, bins) == pytest.approx([math.log(bins)], abs=1e-12)


def test_two_values_have_the_entropy_of_a_coin_whatever_the_bins():
    map_ = np.array([[0.0, 0.0, 0.0, 7.0]])
    expected = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert all(histogram_entropy(map_, bins) == pytest.approx([expected]) for bins in (2, 17, 100))


def test_it_is_what_counting_gives():
    maps = np.random.default_rng(0).standard_normal((4, 9, 9)) ** 3
    assert histogram_entropy(maps, 30) == pytest.approx([slow(each, 30) for each in maps])


@given(st.integers(0, 2**32 - 1), st.integers(-20, 20), st.booleans())
def test_rescaling_and_shuffling_change_nothing(seed, power, mirrored):
    generator = np.random.default_rng(seed)
    map_ = generator.integers(0, 100, (1, 64)).astype(np.float64)
    map_[0, :2] = 0, 99
    scaled = map_ * 2.0**power * (-1 if mirrored else 1)
    plain, moved = histogram_entropy(map_, 100), histogram_entropy(generator.permutation(scaled.ravel())[None], 100)
    assert moved == pytest.approx(plain, abs=1e-12)


def test_a_constant_added_changes_nothing():
    map_ = np.random.default_rng(1).integers(0, 50, (1, 200)).astype(np.float64)
    assert histogram_entropy(map_ + 1024, 50) == pytest.approx(histogram_entropy(map_, 50), abs=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_gives_bins_within_its_bounds(rule):
    few, many = np.random.default_rng(2).random((1, 5)), np.random.default_rng(2).standard_normal((1, 200_000)) ** 5
    assert histogram_entropy(few, rule) == pytest.approx(histogram_entropy(few, FEWEST_BINS))
    assert histogram_entropy(many, rule)[0] <= math.log(MOST_BINS)


def test_maps_that_are_constant_or_not_finite_have_none():
    maps = np.random.default_rng(3).random((3, 8, 8))
    maps[0], maps[1, 2, 2] = 0.5, np.nan
    assert np.isnan(histogram_entropy(maps)).tolist() == [True, True, False]
