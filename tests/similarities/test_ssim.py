"""Structural similarity: scikit-image's, its formula, and what it says of independent maps with heavy tails."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from pydantic import ValidationError
from skimage.metrics import structural_similarity

from audit.errors import InputError
from audit.similarities.ssim import Ssim
from audit.statistics import excess
from tests.similarities.tails import near, pairs

A, B = np.random.default_rng(0).standard_normal((2, 6, 20, 23)).astype(np.float32)
PAPER = Ssim(normalise="max")


def by_hand(a, b, window, data_range, k1=0.01, k2=0.03):
    """Wang et al. 2004, equation 13, averaged over all whole windows."""
    x, y = (sliding_window_view(each, (window, window)).reshape(-1, window**2) for each in (a, b))
    means, off = (x.mean(axis=1), y.mean(axis=1)), (window**2 - 1)
    covariance = ((x - means[0][:, None]) * (y - means[1][:, None])).sum(axis=1) / off
    variances = x.var(axis=1, ddof=1) + y.var(axis=1, ddof=1)
    c1, c2 = (k1 * data_range) ** 2, (k2 * data_range) ** 2
    top = (2 * means[0] * means[1] + c1) * (2 * covariance + c2)
    return (top / ((means[0] ** 2 + means[1] ** 2 + c1) * (variances + c2))).mean()


def test_the_formula():
    found = Ssim(window=7, normalise="none", data_range=3.0).between(A, B)
    expected = [by_hand(a, b, 7, 3.0) for a, b in zip(A.astype(float), B.astype(float), strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize(
    "fields, options",
    [
        ({"window": 7}, {"win_size": 7}),
        ({"window": 11, "sigma": 1.5}, {"gaussian_weights": True, "sigma": 1.5}),
        ({"window": 5, "sigma": 0.7}, {"gaussian_weights": True, "sigma": 0.7}),
        ({"k1": 0.1, "k2": 0.2}, {"win_size": 5, "K1": 0.1, "K2": 0.2}),
        ({"sample_covariance": False}, {"win_size": 5, "use_sample_covariance": False}),
        ({"data_range": 0.5}, {"win_size": 5, "data_range": 0.5}),
    ],
)
def test_fields_are_those_of_scikit_image(fields, options):
    expected = [
        structural_similarity(a, b, **{"data_range": 2.0, **options})
        for a, b in zip(A.astype(float), B.astype(float), strict=True)
    ]
    np.testing.assert_array_equal(Ssim(normalise="none", **fields).between(A, B), expected)


def test_the_range_of_a_pair():
    spread = max(A[0].max(), B[0].max()) - min(A[0].min(), B[0].min())
    fixed = Ssim(normalise="none", data_range=float(spread)).between(A[:1], B[:1])
    np.testing.assert_allclose(Ssim(normalise="none", data_range="pair").between(A[:1], B[:1]), fixed, atol=1e-6)


TABLE = [
    ("uniform", 0.0003, 0.0005),
    ("gaussian", 0.008, 0.001),
    ("laplace", 0.05, 0.005),
    ("cubed_laplace", 0.89, 0.01),
]


@pytest.mark.parametrize("kind, published, rounding", TABLE)
def test_heavy_tails_alone_make_maps_alike_and_the_null_takes_all_of_it_off(kind, published, rounding):
    """Window 5, 299 by 299 in [-1, 1], data range 2: 0.0003, 0.008, 0.05 and 0.89 from light to heavy tails."""
    maps = pairs(kind, 8, 299)
    found = PAPER.between(*maps)
    assert near(found, published, rounding)
    null = PAPER.shuffled(*maps, [str(number) for number in range(8)])
    assert near(excess(found, null), 0, 0.002)


IN_COLOUR = [
    ("uniform", 0.02, 0.01),
    ("gaussian", 0.14, 0.01),
    ("laplace", 0.36, 0.02),
    ("student", 0.78, 0.17),
    ("cubed_laplace", 0.96, 0.09),
]


@pytest.mark.parametrize("kind, published, within", IN_COLOUR)
def test_three_channels_kept_apart_are_alike_by_their_tails_too(kind, published, within):
    """299 by 299 by 3 scaled to [0, 1], Gaussian window, data range 2: from 0.02 to 0.96, and nothing above the null.

    Two extremes decide the scale of a map, so pairs with heavy tails spread: in 25, Student's t by 0.085 around 0.87,
    cubed Laplace by 0.046 around 0.95. The stated numbers are of few pairs: two such spreads.
    """
    similarity = Ssim(window=11, sigma=1.5, normalise="min_max", shuffles=1)
    maps = pairs(kind, 6, 299, 3)
    found = similarity.between(*maps)
    assert abs(found.mean() - published) < within
    assert near(found - similarity.shuffled(*maps, [str(number) for number in range(6)]), 0, 0.002)


def test_channels_are_compared_one_by_one_and_averaged():
    similarity, maps = Ssim(normalise="none"), pairs("gaussian", 3, 12, 4)
    alone = [similarity.between(*(each[..., channel] for each in maps)) for channel in range(4)]
    np.testing.assert_allclose(similarity.between(*maps), np.mean(alone, axis=0), atol=1e-12)


def test_small_maps():
    """28 by 28 in [0, 1], data range 1: 0.016 with a spread of 0.038, and 0.35 with 0.09 for heavy tails."""
    similarity = Ssim(normalise="min_max", data_range=1.0)
    for kind, published, spread in (("gaussian", 0.016, 0.038), ("cubed_laplace", 0.35, 0.09)):
        found = similarity.between(*pairs(kind, 150, 28))
        assert near(found, published, 0.005) and abs(found.std() / spread - 1) < 0.25


@pytest.mark.parametrize("kind", ["uniform", "cubed_laplace"])
def test_the_default_leaves_room_whatever_the_tails(kind):
    for maps in (pairs(kind, 4, 299), np.abs(pairs(kind, 4, 299))):
        assert abs(Ssim().between(*maps).mean()) < 0.02


@pytest.mark.parametrize(
    "fields",
    [
        {"window": 6},
        {"window": 1},
        {"sigma": 1.5},
        {"sigma": 0.0},
        {"window": 9, "sigma": 1.5},
        {"data_range": 0},
        {"data_range": "own"},
        {"normalise": "l2"},
        {"shuffles": 0},
        {"k1": 0.0},
    ],
)
def test_impossible_fields_are_refused(fields):
    with pytest.raises(ValidationError):
        Ssim(**fields)


@pytest.mark.parametrize("shape, largest", [((4, 9), 3), ((28, 6), 5), ((8, 8), 7)])
def test_maps_too_small_for_the_window_are_refused_with_the_largest_that_fits(shape, largest):
    with pytest.raises(InputError, match=rf"window: {largest}"):
        Ssim(window=11).refuse(shape)
    fitting = Ssim(window=largest)
    fitting.refuse(shape)
    assert np.isfinite(fitting.between(*np.random.default_rng(0).standard_normal((2, 3, *shape)))).all()


@pytest.mark.parametrize("shape", [(2, 40), (64,), ()])
def test_maps_without_any_window_are_refused(shape):
    with pytest.raises(InputError, match="spearman|another similarity"):
        Ssim().refuse(shape)
