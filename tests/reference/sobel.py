"""The Sobel magnitude, one pixel at a time, in float64."""

import numpy as np

_ACROSS = ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))


def sobel(image: np.ndarray) -> np.ndarray:
    """Return (H, W): the magnitude of each channel of (H, W, C), kernel divided by 4, summed; borders repeated."""
    height, width, channels = image.shape
    result = np.zeros((height, width))
    for i, j, k in np.ndindex(height, width, channels):
        down = across = 0.0
        for m, n in np.ndindex(3, 3):
            value = float(image[min(max(i + m - 1, 0), height - 1), min(max(j + n - 1, 0), width - 1), k])
            across += _ACROSS[m][n] * value / 4
            down += _ACROSS[n][m] * value / 4
        result[i, j] += (down**2 + across**2) ** 0.5
    return result
