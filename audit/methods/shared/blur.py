"""Gaussian blur of images: any width, nothing lost at the border, the same in NumPy and on the backend."""

from math import pi
from typing import Any

import numpy as np

Array = Any


def blur(x: Array, sigma: Array, numbers: Any) -> Array:
    """Return images (B, H, W, C), blurred by the discrete Gaussian of standard deviation ``sigma`` in pixels.

    The discrete Gaussian (Lindeberg 1990, "Scale-space for discrete signals") is diffusion on the pixel grid: no blur
    at 0, never negative, two blurs in turn are one of the summed variances, and its variance is sigma^2 exactly. The
    border mirrors the image, so each channel keeps its mean, which is all that is left of it for large ``sigma``.

    Args:
        x: images.
        sigma: a number or a scalar tensor, 0 or more.
        numbers: what computes: NumPy or ``keras.ops``.
    """
    down = numbers.einsum("ij,bjwc->biwc", _diffusion(x.shape[1], sigma, numbers), x)
    return numbers.einsum("ij,bhjc->bhic", _diffusion(x.shape[2], sigma, numbers), down)


def _diffusion(size: int, sigma: Array, numbers: Any) -> Array:
    """Return the blur of one axis as a matrix: the cosine transform diagonalises it, mirrored border included."""
    frequency, place = np.arange(size)[:, None], np.arange(size)[None] + 0.5
    cosines = np.cos(pi * frequency * place / size) * np.sqrt(np.where(frequency == 0, 1.0, 2.0) / size)
    decay = numbers.exp(-(sigma**2) * (1.0 - np.cos(pi * frequency / size)).astype(np.float32))
    return numbers.matmul(cosines.T.astype(np.float32), decay * cosines.astype(np.float32))
