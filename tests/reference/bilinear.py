"""Bilinear resizing, one output pixel at a time, in float64."""

import numpy as np


def bilinear(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return (h, w) as (height, width): half-pixel centres, borders repeated, no antialiasing."""
    result = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            result[i, j] = _at(
                image, (i + 0.5) * image.shape[0] / height - 0.5, (j + 0.5) * image.shape[1] / width - 0.5
            )
    return result


def _at(image: np.ndarray, y: float, x: float) -> float:
    top, left = int(np.floor(y)), int(np.floor(x))
    value = 0.0
    for row, share_y in ((top, 1 - (y - top)), (top + 1, y - top)):
        for column, share_x in ((left, 1 - (x - left)), (left + 1, x - left)):
            inside = min(max(row, 0), image.shape[0] - 1), min(max(column, 0), image.shape[1] - 1)
            value += share_y * share_x * float(image[inside])
    return value
