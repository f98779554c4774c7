"""Differences and means of neighbouring entries, with the border repeated: what edge detectors are made of."""

from typing import Any

Array = Any


def difference(x: Array, axis: int) -> Array:
    """Return every entry's neighbour after it minus the one before it along an axis of x (B, ...)."""
    before, after = _beside(x, axis)
    return after - before


def smooth(x: Array, axis: int) -> Array:
    """Return the mean of every entry, counted twice, and its two neighbours along an axis."""
    before, after = _beside(x, axis)
    return (before + 2.0 * x + after) / 4.0


def curvature(x: Array, axis: int) -> Array:
    """Return the sum of every entry's two neighbours along an axis minus twice itself."""
    before, after = _beside(x, axis)
    return before - 2.0 * x + after


def sobel(x: Array) -> tuple[Array, Array]:
    """Return the change of images (B, H, W, C) down and across, in units of twice their change per pixel."""
    return smooth(difference(x, 1), 2), smooth(difference(x, 2), 1)


def _beside(x: Array, axis: int) -> tuple[Array, Array]:
    from keras import ops

    width = [(1, 1) if each == axis else (0, 0) for each in range(len(x.shape))]
    padded = ops.pad(x, width, mode="symmetric")
    before, after = [slice(None)] * len(x.shape), [slice(None)] * len(x.shape)
    before[axis], after[axis] = slice(None, -2), slice(2, None)
    return padded[tuple(before)], padded[tuple(after)]
