"""Differences and means of neighbours, against loops over a padded array."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audit.backend import active
from audit.methods.shared.neighbours import curvature, difference, smooth, sobel
from tests.methods.explain import tensor

X = np.random.default_rng(0).normal(size=(2, 5, 6, 2)).astype(np.float32)
SLOW: dict[Callable[..., Any], Callable[..., Any]] = {
    difference: lambda before, here, after: after - before,
    smooth: lambda before, here, after: (before + 2 * here + after) / 4,
    curvature: lambda before, here, after: before - 2 * here + after,
}


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("function", SLOW)
def test_neighbours_are_those_of_the_axis_with_the_border_repeated(function: Callable[..., Any], axis: int) -> None:
    moved = np.moveaxis(X, axis, 0)
    rows = [
        SLOW[function](moved[max(place - 1, 0)], moved[place], moved[min(place + 1, len(moved) - 1)])
        for place in range(len(moved))
    ]
    result = active().to_numpy(function(tensor(X), axis))
    assert np.allclose(result, np.moveaxis(np.stack(rows), 0, axis), atol=1e-6)


def test_sobel_of_a_slope_is_twice_its_change_per_pixel_inside() -> None:
    down, across = np.mgrid[0:6, 0:6].astype(np.float32)
    image = tensor((3 * down + across)[None, :, :, None])
    found = [active().to_numpy(each)[0, 1:-1, 1:-1, 0] for each in sobel(image)]
    assert np.allclose(found[0], 6) and np.allclose(found[1], 2)
