"""Images put together from small objects at drawn places, so that it is known which pixels matter."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from audit.datasets.shared.handwritten_digits import load_part

CANVAS = 20
"""Height and width of the composed images."""

DIGIT = 8
"""Height and width of scikit-learn's digits."""

Split = Literal["train", "test"]

_GAP = 1  # blank pixels between two objects, so that none is cut out of another


def digits(split: Split, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (N, 8, 8) in 0 to 1 and labels (N,) of the first ``classes`` digits of a split."""
    data = load_part(split)
    y = np.asarray(data.y)
    chosen = y < classes
    return data.x[chosen, ..., 0] / np.float32(16), y[chosen]


def corners(sizes: Sequence[int], count: int, generator: np.random.Generator) -> np.ndarray:
    """Return where square objects stand, (count, objects, 2): rows and columns of their upper left pixels.

    Uniform over all placements in which every two objects are at least one pixel apart, by rejection; objects of equal
    size are exchangeable.
    """
    room = CANVAS + 1 - np.asarray(sizes)[:, None]
    found = np.zeros((count, len(sizes), 2), np.int64)
    open_rows = np.arange(count)
    while len(open_rows):
        drawn = (generator.random((len(open_rows), len(sizes), 2)) * room).astype(np.int64)
        found[open_rows] = drawn
        open_rows = open_rows[_touching(drawn, np.asarray(sizes))]
    return found


def _touching(places: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return whether any two objects of an image (n, objects, 2) overlap or are too near."""
    start, end = places, places + sizes[:, None] + _GAP
    met = (start[:, :, None] < end[:, None]) & (start[:, None] < end[:, :, None])  # (n, objects, objects, 2)
    return np.any(met.all(axis=-1) & ~np.eye(len(sizes), dtype=bool), axis=(1, 2))


def pasted(objects: Sequence[np.ndarray], places: np.ndarray) -> np.ndarray:
    """Return blank images (n, H, W, 1) float32 with each object (n, size, size) at its place (n, objects, 2)."""
    images = np.zeros((len(places), CANVAS, CANVAS, 1), np.float32)
    for number, each in enumerate(objects):
        images[boxes(places[:, number], each.shape[1]), 0] = each.reshape(-1)
    return images


def boxes(places: np.ndarray, size: int) -> np.ndarray:
    """Return the squares (n, H, W) bool whose upper left pixels are given, (n, 2)."""
    inside = (np.arange(CANVAS) >= places[..., None]) & (np.arange(CANVAS) < places[..., None] + size)  # (n, 2, W)
    return inside[:, 0, :, None] & inside[:, 1, None, :]
