"""Spearman's rank correlation of maps, ties averaged.

Source: Spearman 1904; used on absolute and on signed maps by Adebayo et al. 2018 (arXiv 1810.03292), section 4.
"""

import math

import numpy as np


def spearman(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the rank correlation of each pair of maps, in [-1, 1].

    Equal to ``scipy.stats.spearmanr`` of the flattened maps; exactly 1 where the ranks are the same.

    Args:
        a: ``(n, ...)`` maps.
        b: maps of the same shape.

    Returns:
        ``(n,)`` float64; NaN where either map is constant or not finite, never 0.
    """
    return spearman_of_ranks(ranks(a), ranks(b))


def ranks(maps: np.ndarray) -> np.ndarray:
    """Return twice each value's average rank, centred: ``(n, pixels)`` float64, whole numbers that sum to zero.

    Doubling keeps averaged ranks whole, so sums of products are exact and equal ranks correlate to exactly 1. Rows of
    constant or non-finite maps are NaN. Rank a map once and reuse it where it is compared often.
    """
    flat = np.asarray(maps).reshape(len(maps), math.prod(np.shape(maps)[1:]))  # -1 fails on no maps at all
    result = np.full(flat.shape, np.nan)
    for row, values in enumerate(flat):
        if np.isfinite(values).all() and values.min() < values.max():
            result[row] = _ranks_of_one(values)
    return result


def _ranks_of_one(values: np.ndarray) -> np.ndarray:
    order = np.argsort(values)  # on float32 many times faster than scipy.stats.rankdata; ties are averaged below
    ordered = values[order]
    starts = np.concatenate(([0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1))
    ends = np.append(starts[1:], len(values))
    result = np.empty(len(values))
    result[order] = np.repeat(starts + ends - len(values), ends - starts)  # 2 * average rank - (pixels + 1)
    return result


def spearman_of_ranks(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the correlation ``(n,)`` of maps already ranked by ``ranks``."""
    return np.array([_correlation(one, other) for one, other in zip(a, b, strict=True)], np.float64)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    if np.array_equal(a, b):  # beyond some 300,000 pixels sums of squares are rounded; equal ranks are 1 at any size
        return 1.0
    return float(np.clip((a @ b) / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0))
