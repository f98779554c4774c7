"""Convolution as Keras computes it (cross-correlation, padding "same", stride 1), one entry at a time, in float64."""

import numpy as np


def convolve(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return (H, W, K) from x (H, W, C), kernel (h, w, C, K) with odd h and w, bias (K,)."""
    result = np.zeros((*x.shape[:2], kernel.shape[3]))
    for i, j, k in np.ndindex(*result.shape):
        result[i, j, k] = float(bias[k])
        for m, n in np.ndindex(*kernel.shape[:2]):
            row, column = i + m - kernel.shape[0] // 2, j + n - kernel.shape[1] // 2
            if 0 <= row < x.shape[0] and 0 <= column < x.shape[1]:
                result[i, j, k] += float(x[row, column].astype(np.float64) @ kernel[m, n, :, k].astype(np.float64))
    return result


def max_pool(x: np.ndarray) -> np.ndarray:
    """Return (H // 2, W // 2, C): the largest of each 2 by 2 block."""
    result = np.zeros((x.shape[0] // 2, x.shape[1] // 2, x.shape[2]))
    for i, j, k in np.ndindex(*result.shape):
        result[i, j, k] = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, k].max()
    return result
