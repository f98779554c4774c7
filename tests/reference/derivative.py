"""Derivatives by central differences, in float64."""

from collections.abc import Callable

import numpy as np


def derivative(function: Callable[[np.ndarray], float], x: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """Return d function / d x, of x's shape, one entry at a time."""
    result = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        above, below = x.astype(np.float64), x.astype(np.float64)
        above[place] += step
        below[place] -= step
        result[place] = (function(above) - function(below)) / (2 * step)
    return result
