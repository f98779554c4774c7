"""Objects are placed apart, everywhere, and their pixels are known."""

import numpy as np
import pytest

from audit.datasets.shared.compose import CANVAS, boxes, corners, pasted


def _placed(sizes, count=400, seed=0):
    return corners(sizes, count, np.random.Generator(np.random.Philox(seed)))


@pytest.mark.parametrize("sizes", [(8, 8), (8, 4, 4)])
def test_objects_are_inside_and_a_pixel_apart(sizes):
    places = _placed(sizes)
    assert places.min() >= 0 and (places + np.array(sizes)[:, None]).max() <= CANVAS
    grown = [boxes(places[:, n] - 1, size + 2) for n, size in enumerate(sizes)]
    own = [boxes(places[:, n], size) for n, size in enumerate(sizes)]
    for first in range(len(sizes)):
        for second in set(range(len(sizes))) - {first}:
            assert not (grown[first] & own[second]).any()


def test_every_place_is_used_and_equal_objects_are_exchangeable():
    places = _placed((8, 8), count=6000)
    centre = 5 * 5  # from 4 to 8 each way, where no room is left for the other
    assert len(np.unique(places[:, 0], axis=0)) == 13 * 13 - centre
    first, second = (places[:, n].mean(axis=0) for n in (0, 1))
    error = places[:, 0].std(axis=0) / np.sqrt(6000)
    assert (abs(first - second) < 4 * np.sqrt(2) * error).all()


def test_pasted_objects_stand_in_their_boxes_and_nowhere_else():
    places, generator = _placed((8, 4), count=20), np.random.default_rng(0)
    objects = [generator.random((20, size, size)).astype(np.float32) for size in (8, 4)]
    images = pasted(objects, places)
    assert images.shape == (20, CANVAS, CANVAS, 1) and images.dtype == np.float32
    for row in range(20):
        expected = np.zeros((CANVAS, CANVAS), np.float32)
        for number, each in enumerate(objects):
            (top, left), size = places[row, number], each.shape[1]
            expected[top : top + size, left : left + size] = each[row]
        np.testing.assert_array_equal(images[row, ..., 0], expected)
        assert boxes(places[:, 0], 8)[row].sum() == 64
