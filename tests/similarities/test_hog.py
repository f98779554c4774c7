"""Oriented gradients: scikit-image's vectors, correlated; what they say of independent maps."""

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import spearmanr
from skimage.feature import hog

from audit.errors import InputError
from audit.similarities.hog import Hog
from audit.statistics import excess
from tests.similarities.tails import near, pairs

A, B = np.random.default_rng(0).standard_normal((2, 5, 20, 23)).astype(np.float32)
SMALL = {"pixels_per_cell": 5, "cells_per_block": 2}


def vectors(maps, **changed):
    settings = {"orientations": 9, "pixels_per_cell": (5, 5), "cells_per_block": (2, 2), "block_norm": "L2-Hys"}
    return [hog(each / np.abs(each).max(), **{**settings, **changed}) for each in maps.astype(float)]


@pytest.mark.parametrize("changed", [{}, {"orientations": 4}, {"block_norm": "L1"}])
def test_pearson_of_the_vectors_of_scikit_image(changed):
    expected = [np.corrcoef(x, y)[0, 1] for x, y in zip(vectors(A, **changed), vectors(B, **changed), strict=True)]
    np.testing.assert_allclose(Hog(**SMALL, **changed).between(A, B), expected, atol=1e-9)


def test_spearman_of_the_vectors_of_scikit_image():
    expected = [spearmanr(x, y).statistic for x, y in zip(vectors(A), vectors(B), strict=True)]
    np.testing.assert_allclose(Hog(**SMALL, correlation="spearman").between(A, B), expected, atol=1e-9)


def test_maps_without_gradients_where_cells_are_have_no_similarity():
    """Only the border that no cell covers differs: the histograms are all zero, and zero correlates with nothing."""
    edge = np.zeros((1, 20, 23), np.float32)
    edge[0, :, 22] = 1
    assert np.isnan(Hog(**SMALL).between(edge, edge)).all() and np.isnan(Hog(**SMALL).between(edge, A[:1])).all()


TABLE = [("gaussian", 0.007, 0.001), ("laplace", 0.33, 0.005), ("cubed_laplace", 0.90, 0.005)]


def test_uniform_maps_share_the_structure_of_the_blocks():
    """16 pixels a cell, 299 by 299 in [-1, 1], Pearson: 0.078 within 0.01, the mean of pairs that spread by 0.025."""
    assert abs(Hog().between(*pairs("uniform", 60, 299)).mean() - 0.078) < 0.01


@pytest.mark.parametrize("kind, published, rounding", TABLE)
def test_heavy_tails_alone_make_maps_alike_and_the_null_takes_all_of_it_off(kind, published, rounding):
    """The same settings: 0.007, 0.33 and 0.90 from light to heavy tails."""
    maps = pairs(kind, 8, 299)
    found = Hog().between(*maps)
    assert near(found, published, rounding)
    null = Hog(shuffles=2).shuffled(*maps, [str(number) for number in range(8)])
    assert near(excess(found, null), 0, 0.002)


def test_of_three_channels_each_pixel_has_the_largest_gradient():
    """Heavy tails in [0, 1] score 0.94; a channel of half the size has no say."""
    heavy = Hog(normalise="min_max").between(*pairs("cubed_laplace", 6, 299, 3))
    assert near(heavy, 0.94, 0.005)
    doubled = [np.stack([each, each / 2], axis=-1) for each in (A, B)]
    np.testing.assert_allclose(Hog(**SMALL).between(*doubled), Hog(**SMALL).between(A, B), atol=1e-12)


@pytest.mark.parametrize("fields", [{"pixels_per_cell": 0}, {"block_norm": "l2"}, {"correlation": "kendall"}])
def test_impossible_fields_are_refused(fields):
    with pytest.raises(ValidationError):
        Hog(**fields)


@pytest.mark.parametrize("shape, largest", [((28, 28), 9), ((40, 8), 2), ((3, 3), 1)])
def test_maps_too_small_for_a_block_are_refused_with_the_largest_cell_that_fits(shape, largest):
    with pytest.raises(InputError, match=rf"pixels_per_cell: {largest}}}"):
        Hog().refuse(shape)
    fitting = Hog(pixels_per_cell=largest)
    fitting.refuse(shape)
    assert fitting.between(*np.random.default_rng(0).standard_normal((2, 3, *shape))).shape == (3,)


@pytest.mark.parametrize("shape", [(2, 40), (64,)])
def test_maps_without_any_block_are_refused(shape):
    with pytest.raises(InputError, match="cells_per_block|spearman"):
        Hog().refuse(shape)
