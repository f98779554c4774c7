"""The overlap of the highest pixels: against sets, with ties shared, and its null in closed form."""

import numpy as np
import pytest
from pydantic import ValidationError

from audit.errors import InputError
from audit.similarities.top_k_intersection import TopKIntersection

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("k, count", [(0.1, 20), (7, 7), (0.001, 1), (199, 199)])
def test_without_ties_it_is_the_intersection_of_two_sets(k, count):
    a, b = RNG.standard_normal((2, 6, 200))
    tops = [[set(np.argsort(each)[-count:]) for each in maps] for maps in (a, b)]
    expected = [len(x & y) / count for x, y in zip(*tops, strict=True)]
    np.testing.assert_allclose(TopKIntersection(k=k).between(a, b), expected, atol=1e-12)
    np.testing.assert_allclose(TopKIntersection(k=k).shuffled(a, b, []), count / 200, atol=1e-12)


def test_ties_share_the_last_places():
    """One pixel is above, four tie for the second place: each has a quarter of it."""
    a = np.array([[3.0, 1, 1, 1, 1, 0]])
    b = np.array([[0.0, 1, 1, 5, 4, 0]])
    assert TopKIntersection(k=2).between(a, b)[0] == pytest.approx((1 / 4 + 1 / 4) / 2)
    assert TopKIntersection(k=2).between(a, a)[0] == 1


def test_sparse_maps_agree_in_their_zeros_by_little_and_the_null_takes_it_off():
    """Two single pixels in different places of 100, k = 10: the other nine places are spread over 99 zeros each."""
    a, b = np.zeros((2, 1, 100))
    a[0, 0] = b[0, 1] = 1
    share = 9 / 99
    assert TopKIntersection(k=10).between(a, b)[0] == pytest.approx((98 * share + 2 * share) / 10)
    null = (1 * 1 + 2 * 99 * share + 99 * 99 * share) / (100 * 10)
    assert TopKIntersection(k=10).shuffled(a, b, [])[0] == pytest.approx(null)


@pytest.mark.parametrize("levels", [2, 3, 1000])
def test_the_null_is_exactly_the_mean_over_all_shuffles(levels):
    """Every place of one map meets every place of the other once in the circular shifts of one of them."""
    a, b = RNG.integers(0, levels, (2, 1, 30)).astype(float)
    shifts = np.stack([np.roll(b[0], shift) for shift in range(30)])
    similarity = TopKIntersection(k=4)
    expected = similarity.between(np.repeat(a, 30, axis=0), shifts).mean()
    np.testing.assert_allclose(similarity.shuffled(a, b, []), expected, atol=1e-12)


def test_independent_and_reversed_maps():
    a, b = RNG.standard_normal((2, 300, 400))
    assert abs(TopKIntersection(k=40).between(a, b).mean() - 0.1) < 0.01
    assert (TopKIntersection(k=40).between(a, -a) == 0).all()


@pytest.mark.parametrize("k", [0, -1, 0.0, 1.0, 1.5, "many", True])
def test_impossible_fields_are_refused(k):
    with pytest.raises(ValidationError):
        TopKIntersection(k=k)


@pytest.mark.parametrize("k", [16, 17, 0.99])
def test_all_pixels_are_not_the_highest(k):
    with pytest.raises(InputError, match=r"all pixels(.|\n)*at most 15"):
        TopKIntersection(k=k).refuse((4, 4))
    TopKIntersection(k=15).refuse((4, 4))
    TopKIntersection(k=15).refuse((16,))
