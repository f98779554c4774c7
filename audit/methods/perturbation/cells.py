"""Coarse masks: how many cells, and how their values spread over the pixels.

Pixels lie on all axes of an input but the channels; a flat input is a row of features, with one channel.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from audit.network.network import Network

Array = Any


def sizes_of(network: "Network") -> tuple[int, ...]:
    """Return the number of pixels along each axis of an input: (H, W) of an image, (F,) of a flat input."""
    shape = tuple(network.input_shape)
    return shape[:-1] if len(shape) > 1 else shape


def cells_of(sizes: Sequence[int], grid: int) -> tuple[int, ...]:
    """Return the cells along each axis: ``grid``, but at most one per pixel."""
    return tuple(min(size, grid) for size in sizes)


def with_channels(values: Array, x: Array) -> Array:
    """Return one value per pixel (B, *sizes) in a shape that broadcasts with x: (B, *sizes, 1), or (B, F)."""
    return values if len(x.shape) == 2 else values[..., None]


def pixel_parts(parts: np.ndarray) -> np.ndarray:
    """Return what each pixel of one input (...) contributes: summed over its channels."""
    return parts if parts.ndim == 1 else parts.sum(axis=-1)


def along(values: Array, matrices: Sequence[Array], numbers: Any) -> Array:
    """Return values (B, n1, n2, ...), each axis multiplied by its matrix (m, n) or (B, m, n): (B, m1, m2, ...).

    Axes beyond the matrices stay. ``numbers`` is what computes: NumPy or ``keras.ops``.
    """
    for axis, matrix in enumerate(matrices, start=1):
        first = numbers.moveaxis(values, axis, 1)
        rest = tuple(first.shape[2:])
        product = numbers.matmul(matrix, numbers.reshape(first, (first.shape[0], first.shape[1], -1)))
        values = numbers.moveaxis(numbers.reshape(product, (first.shape[0], product.shape[1], *rest)), 1, axis)
    return values


def blocks(sizes: Sequence[int], cells: Sequence[int]) -> list[np.ndarray]:
    """Return, for each axis, the matrix (size, cells) that gives each pixel the value of the cell in which it lies."""
    return [
        np.eye(cell, dtype=np.float32)[np.arange(size) * cell // size] for size, cell in zip(sizes, cells, strict=True)
    ]


def hats(places: Array, cells: int, numbers: Any) -> Array:
    """Return the matrices (B, size, cells) of linear interpolation at places (B, size), in cells from the first centre.

    Beyond the first and the last centre their values are repeated.
    """
    inside = numbers.clip(places, 0.0, cells - 1.0)
    return numbers.maximum(1.0 - numbers.abs(inside[..., None] - np.arange(cells, dtype=np.float32)), 0.0)


def bells(size: int, cells: int, width: float) -> np.ndarray:
    """Return the matrix (size, cells) that averages cells under a Gaussian around each pixel, ``width`` in cells."""
    pixels, centres = (np.arange(size) + 0.5) * cells / size, np.arange(cells) + 0.5
    weights = np.exp(-((pixels[:, None] - centres) ** 2) / (2 * width**2))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
