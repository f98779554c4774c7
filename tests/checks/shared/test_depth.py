"""Depth and excess: identities of the weights, and the excess against a slow derivation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checks.shared.depth import depths, excess_of_means, half_weights

SIZES = st.lists(st.integers(0, 4), min_size=1, max_size=12)


@given(SIZES)
def test_the_weights_sum_to_one_and_are_those_of_the_curve_s_mean(sizes):
    depth = depths(sizes)
    weights = half_weights(depth)
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()
    values = np.random.default_rng(len(sizes)).standard_normal(len(sizes))
    last = np.append(depth[1:] > depth[:-1], True) & (depth > 0)  # of stages at one depth the last
    grid = (np.arange(20_000) + 0.5) / 40_000
    slow = np.interp(grid, depth[last], values[last]).mean()
    assert weights @ values == pytest.approx(slow, abs=1e-3)


@given(SIZES, st.data())
def test_a_stage_split_in_two_of_one_value_moves_nothing(sizes, data):
    if not any(sizes):
        return
    place = data.draw(st.integers(0, len(sizes) - 1))
    values = np.random.default_rng(place).standard_normal(len(sizes))
    split = [*sizes[: place + 1], 0, *sizes[place + 1 :]]  # what joins a layer and holds no matrix
    both = np.insert(values, place, values[place])
    assert half_weights(depths(split)) @ both == pytest.approx(half_weights(depths(sizes)) @ values)


def test_one_stage_and_a_first_stage_beyond_the_half_take_all():
    assert half_weights(depths([3])).tolist() == [1.0]
    assert half_weights(depths([2, 1, 1])).tolist() == [1.0, 0.0, 0.0]


def test_a_stage_at_depth_0_counts_for_nothing():
    values = np.array([9.0, 1.0, 2.0])
    assert half_weights(depths([0, 1, 1])) @ values == pytest.approx(half_weights(depths([1, 1])) @ values[1:])


def test_depth_counts_matrices_and_each_stage_where_there_is_none():
    assert depths([1, 2, 1]).tolist() == [0.25, 0.75, 1.0]
    assert depths([0, 0]).tolist() == [0.5, 1.0]


def test_the_excess_is_a_ratio_of_means_with_the_null_cut_to_the_similarity():
    rng = np.random.default_rng(0)
    similarity, null = rng.uniform(0.1, 0.9, (20, 3, 2)), rng.uniform(0, 0.6, (20, 3, 2))
    similarity[:, :, 1] = null[:, :, 1] - 0.05 + 0.01 * rng.standard_normal((20, 3))
    dead = rng.random((20, 3, 2)) < 0.2
    similarity[dead] = np.nan
    found = excess_of_means(similarity, null)
    for k in range(2):
        alive = ~dead[:, :, k]
        s, full = similarity[:, :, k][alive].mean(), null[:, :, k][alive].mean()
        level = full * min(1, max(s, 0) / full)
        assert found.mean[k] == pytest.approx((s - level) / (1 - level)) and found.live[k] == pytest.approx(
            alive.mean()
        )
        assert found.of_pairs[:, :, k].mean() == pytest.approx(found.mean[k])
        assert (found.of_pairs[:, :, k][~alive] == found.mean[k]).all()
    assert found.mean[1] == pytest.approx(0, abs=1e-12)  # below its null: nothing that could pay for another stage


def test_the_spread_grows_as_pairs_die_and_maps_that_are_the_same_keep_all():
    rng = np.random.default_rng(1)
    similarity = rng.uniform(0.2, 0.4, (200, 1, 1))
    whole = excess_of_means(similarity, np.zeros_like(similarity)).of_pairs.std()
    half = similarity.copy()
    half[::2] = np.nan
    assert excess_of_means(half, np.zeros_like(half)).of_pairs.std() == pytest.approx(np.sqrt(2) * whole, rel=0.2)
    same = np.ones((10, 3, 2))
    assert (excess_of_means(same, np.full_like(same, 1.0)).mean == 1).all()
