"""The cosine of the angle between maps."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from audit.declare import declared
from audit.maps import USABLE, Maps, normalise, unusable
from audit.similarities.similarity import Scores, Similarity, as_rows, one_where_same


@declared
class Cosine(Similarity):
    """The cosine of the angle between two maps as vectors, in [-1, 1].

    Unchanged where either map is multiplied by a positive number; not where it is shifted; symmetric. Of absolute maps
    it is never near 0: all their values are positive, and two independent Gaussian ones have a cosine of 2 / pi.
    Null: the product of the two means over that of the two root mean squares, exactly the mean over all shuffles.
    Source: the angle by which Sixt et al. 2020, When Explanations Lie (arXiv:1912.09818), measure what converges.
    """

    quantity: ClassVar[str] = "cosine similarity"
    spatial: ClassVar[bool] = False

    def between(self, a: Maps, b: Maps) -> Scores:
        """Return the cosine of each pair of maps."""
        usable, left, right = _unit_moments(a, b)
        result = np.full(len(a), np.nan)
        result[usable] = np.clip((left * right).mean(axis=1), -1.0, 1.0)
        return one_where_same(result, a, b)

    def shuffled(self, a: Maps, b: Maps, keys: Sequence[str]) -> Scores:
        """Return the mean over all shuffles, in closed form: nothing is drawn."""
        usable, left, right = _unit_moments(a, b)
        result = np.full(len(a), np.nan)
        result[usable] = left.mean(axis=1) * right.mean(axis=1)
        return result


def _unit_moments(a: Maps, b: Maps) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which pairs are usable, and their maps as rows whose mean square is 1: a cosine is their mean product."""
    usable = (unusable(a) == USABLE) & (unusable(b) == USABLE)
    left, right = (as_rows(normalise(normalise(maps[usable], "max"), "second_moment")) for maps in (a, b))
    return usable, left, right
