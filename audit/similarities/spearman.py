"""Spearman's rank correlation of maps, ties averaged.

Source: Spearman 1904; used on absolute and on signed maps by Adebayo et al. 2018 (arXiv 1810.03292), section 4.
"""

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from jaxtyping import Float64

from audit.declare import declared
from audit.maps import Maps
from audit.similarities.similarity import Scores, Similarity

Rows = Float64[np.ndarray, "n pixels"]
"""The pixels of each map in a row."""

_TOGETHER = 2**17  # values ranked at once: few calls for small maps, and no more than the processor's cache for large


@declared
class Spearman(Similarity):
    """Spearman's rank correlation, ties averaged, in [-1, 1].

    Unchanged where either map goes through an increasing function, so no normalisation is needed; symmetric. Many
    equal values, such as the zeros of a masked map, count as agreement: see the null of a method's masked noise.
    Null: 0 on average over all shuffles of the pixels, whatever the maps.
    Source: Spearman 1904; on absolute and signed maps, Adebayo et al. 2018 (arXiv:1810.03292), section 4.
    """

    quantity: ClassVar[str] = "rank correlation"
    spatial: ClassVar[bool] = False

    def between(self, a: Maps, b: Maps) -> Scores:
        """Return the rank correlation of each pair of maps."""
        return spearman(a, b)

    def shuffled(self, a: Maps, b: Maps, keys: Sequence[str]) -> None:
        """Return nothing: ranks are centred, so each rank of one meets each of the other for a mean product of 0.

        Sampling shuffles would only replace that 0 by their sampling error, and slow down the most frequent case.
        """


def spearman(a: Maps, b: Maps) -> Scores:
    """Return the rank correlation of each pair of maps, in [-1, 1].

    Equal to ``scipy.stats.spearmanr`` of the flattened maps; exactly 1 where the ranks are the same.

    Args:
        a: ``(n, ...)`` maps.
        b: maps of the same shape.

    Returns:
        ``(n,)`` float64; NaN where either map is constant or not finite, never 0.
    """
    rows = max(1, _TOGETHER // max(1, math.prod(np.shape(a)[1:])))
    starts = range(0, len(a), rows)
    parts = [spearman_of_ranks(ranks(a[start : start + rows]), ranks(b[start : start + rows])) for start in starts]
    return np.concatenate(parts) if parts else np.empty(0)


def ranks(maps: Maps) -> Rows:
    """Return twice each value's average rank, centred: ``(n, pixels)`` float64, whole numbers that sum to zero.

    Doubling keeps averaged ranks whole, so sums of products are exact and equal ranks correlate to exactly 1. Rows of
    constant or non-finite maps are NaN. Rank a map once and reuse it where it is compared often.
    """
    count, pixels = len(maps), math.prod(np.shape(maps)[1:])
    flat = np.asarray(maps).reshape(count, pixels)
    order = np.argsort(flat, axis=1)  # on float32 many times faster than scipy.stats.rankdata; ties are averaged below
    ordered = np.take_along_axis(flat, order, axis=1)
    new = np.ones((count, pixels), bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    starts = np.flatnonzero(new)  # of runs of equal values, in all maps one after the other
    lengths = np.diff(starts, append=new.size)
    doubled = np.repeat(2.0 * (starts % pixels) + lengths - pixels, lengths)  # 2 * average rank - (pixels + 1)
    result = np.empty((count, pixels))
    np.put_along_axis(result, order, doubled.reshape(count, pixels), axis=1)
    result[~np.isfinite(flat).all(axis=1) | (new.sum(axis=1) < 2)] = np.nan
    return result


def spearman_of_ranks(a: Rows, b: Rows) -> Scores:
    """Return the correlation ``(n,)`` of maps already ranked by ``ranks``."""
    scale = np.sqrt(np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b))
    correlation = np.clip(np.einsum("ij,ij->i", a, b) / scale, -1.0, 1.0)
    # Beyond some 300,000 pixels the sums are rounded; equal ranks are exactly 1 at any size.
    return np.where((a == b).all(axis=1), 1.0, correlation)
