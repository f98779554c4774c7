"""Patterns by the paper's formulas (Kindermans et al. 2017, arXiv:1705.05598), one output at a time, in float64."""

import numpy as np


def slow_pattern(x: np.ndarray, y: np.ndarray, kernel: np.ndarray, *, above_zero: bool) -> np.ndarray:
    """Return the pattern (inputs,) of one output by the formulas of the paper, in float64: x (m, inputs), y (m,)."""
    if not above_zero:
        return np.array([np.cov(column, y, bias=True)[0, 1] for column in x.T]) / y.var()
    opened = y > 0
    numerator = np.mean(x[opened] * y[opened, None], axis=0) - x[opened].mean(axis=0) * y.mean()
    return numerator / (kernel @ numerator)


def slow_patterns(x: np.ndarray, y: np.ndarray, kernel: np.ndarray, *, above_zero: bool) -> np.ndarray:
    columns = [slow_pattern(x, y[:, j], kernel[:, j], above_zero=above_zero) for j in range(kernel.shape[1])]
    return np.stack(columns, axis=1)


def patches(x: np.ndarray, size: int) -> np.ndarray:
    """Return all patches (m, size, size, C) of images (n, H, W, C), image by image and row by row."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return np.moveaxis(windows, 3, -1).reshape(-1, size, size, x.shape[-1])
