"""Where a map lies, against slow sums over every placement and scikit-learn's average precision."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from audit.checks.shared import localisation
from audit.errors import UnitError

RNG = np.random.default_rng(0)
SHAPE = (6, 7, 9)


def _regions(kind):
    regions = np.zeros(SHAPE, bool)
    for row, (top, left) in enumerate(zip(RNG.integers(0, 5, SHAPE[0]), RNG.integers(0, 6, SHAPE[0]), strict=True)):
        box = np.ones((3, 4), bool) if kind == "box" else np.array([[1, 0, 0, 1], [0, 1, 0, 0], [1, 1, 0, 1]], bool)
        regions[row, top : top + 3, left : left + 4] = box
    return regions


@pytest.mark.parametrize("kind", ["box", "any"])
def test_chance_is_the_mean_over_every_placement(kind):
    maps, regions = RNG.random(SHAPE), _regions(kind)
    found = localisation.share_by_chance(maps, regions)
    for map_, region, value in zip(maps, regions, found, strict=True):
        rows, columns = np.nonzero(region)
        rows, columns = rows - rows.min(), columns - columns.min()
        placements = [
            map_[rows + down, columns + across].sum()
            for down in range(SHAPE[1] - rows.max())
            for across in range(SHAPE[2] - columns.max())
        ]
        assert value == pytest.approx(np.mean(placements) / map_.sum(), rel=1e-12)


def test_a_region_placed_at_random_gets_its_chance_on_average():
    map_ = RNG.random((7, 9)) ** 4
    everywhere = np.zeros((5 * 6, 7, 9), bool)
    for number, (top, left) in enumerate(np.ndindex(5, 6)):
        everywhere[number, top : top + 3, left : left + 4] = True
    maps = np.broadcast_to(map_, everywhere.shape)
    chance = localisation.share_by_chance(maps, everywhere)
    np.testing.assert_allclose(chance, localisation.share(maps, everywhere).mean(), rtol=1e-12)


def test_a_map_of_the_region_alone_has_everything_there():
    regions = _regions("box")
    others = np.roll(regions, 4, axis=2) & ~regions
    maps = regions.astype(float)
    for score in (localisation.share, localisation.hits, localisation.average_precision):
        np.testing.assert_array_equal(score(maps, regions), 1)
    np.testing.assert_array_equal(localisation.share_of_both(maps, regions, others), 1)
    np.testing.assert_array_equal(localisation.share_of_both(maps, others, regions), 0)


def test_average_precision_is_that_of_scikit_learn_ties_included():
    regions = _regions("any")
    maps = RNG.integers(0, 5, SHAPE).astype(float)
    expected = [average_precision_score(r.ravel(), m.ravel()) for m, r in zip(maps, regions, strict=True)]
    np.testing.assert_allclose(localisation.average_precision(maps, regions), expected, rtol=1e-12)


def test_tied_maxima_count_by_the_share_that_is_inside():
    regions = np.zeros((1, 2, 3), bool)
    regions[0, 0, :2] = True
    assert localisation.hits(np.array([[[1.0, 2, 2], [2, 0, 1]]]), regions)[0] == pytest.approx(1 / 3)
    assert localisation.hits(np.ones((1, 2, 3)), regions)[0] == pytest.approx(1 / 3)


def test_maps_without_a_place_have_no_score():
    regions = _regions("box")
    raw = RNG.standard_normal((*SHAPE, 2)).astype(np.float32)
    raw[1], raw[2, 0, 0, 0], raw[3] = 0, np.nan, 2.0
    maps = localisation.magnitudes(raw, regions, channels="sum")
    for score in (localisation.share, localisation.share_by_chance, localisation.hits, localisation.average_precision):
        assert np.isnan(score(maps, regions)).tolist() == [False, True, True, True, False, False]
    np.testing.assert_allclose(maps[0], abs(raw[0].sum(axis=-1)), rtol=1e-6)


def test_maps_of_another_size_are_refused():
    with pytest.raises(UnitError, match="size of the regions"):
        localisation.magnitudes(np.ones((6, 3, 3, 1), np.float32), _regions("box"), channels="sum")
