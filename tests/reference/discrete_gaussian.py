"""The discrete Gaussian of Lindeberg 1990 as a kernel of Bessel functions, over mirrored copies of the image."""

import numpy as np
from scipy.special import ive


def discrete_gaussian(image: np.ndarray, sigma: float) -> np.ndarray:
    """Return (H, W, C) blurred along height and width, one offset at a time, in float64."""
    result = image.astype(np.float64)
    for axis in (0, 1):
        size = image.shape[axis]
        reach = int(10 * sigma) + 10  # beyond, the kernel is below 1e-16
        blurred = np.zeros_like(result)
        for offset in range(-reach, reach + 1):
            places = np.array([_mirrored(place + offset, size) for place in range(size)])
            blurred += ive(abs(offset), sigma**2) * result.take(places, axis)
        result = blurred
    return result


def _mirrored(place: int, size: int) -> int:
    """Return where a place beside the image lies in it: ... 1 0 | 0 1 2 ... ."""
    place %= 2 * size
    return place if place < size else 2 * size - 1 - place
