"""Pearson's correlation of maps."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from jaxtyping import Float64

from audit.declare import declared
from audit.maps import USABLE, Maps, normalise, unusable
from audit.similarities.similarity import Scores, Similarity, as_rows, one_where_same


@declared
class Pearson(Similarity):
    """Pearson's correlation of the values, in [-1, 1].

    Unchanged where either map is multiplied by a positive number or shifted, so no normalisation is needed; symmetric.
    A few large values decide it, so that two maps which share one bright pixel correlate.
    Null: 0 on average over all shuffles of the pixels, whatever the maps.
    Source: Pearson 1895.
    """

    quantity: ClassVar[str] = "correlation"
    spatial: ClassVar[bool] = False

    def between(self, a: Maps, b: Maps) -> Scores:
        """Return the correlation of each pair of maps."""
        return pearson(a, b)

    def shuffled(self, a: Maps, b: Maps, keys: Sequence[str]) -> None:
        """Return nothing: the mean of the sum of products over all shuffles is that of the means, which are 0."""


def pearson(a: Maps, b: Maps) -> Scores:
    """Return the correlation ``(n,)`` float64 of maps ``(n, ...)``; NaN where one is constant or not finite."""
    usable = (unusable(a) == USABLE) & (unusable(b) == USABLE)
    result = np.full(len(a), np.nan)
    left, right = _centred(a[usable]), _centred(b[usable])
    scale = np.sqrt(np.einsum("ij,ij->i", left, left) * np.einsum("ij,ij->i", right, right))
    result[usable] = np.clip(np.einsum("ij,ij->i", left, right) / scale, -1.0, 1.0)
    return one_where_same(result, a, b)


def _centred(maps: Maps) -> Float64[np.ndarray, "n pixels"]:
    rows = as_rows(normalise(maps, "max"))  # squares of tiny values would vanish
    return rows - rows.mean(axis=1, keepdims=True)
