"""How much detail a map holds: the entropy of the histogram of its values.

Blind to where the values stand, and unchanged by any rescaling of the map and any constant added to it, so that no
normalisation comes first: the second moment of Hedström et al. would change nothing.
"""

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from audit.maps import USABLE, unusable

Rule = Literal["freedman_diaconis", "scott", "sqrt", "sturges", "rice"]
Bins = Annotated[int, Field(ge=2, le=10_000)] | Rule

FEWEST_BINS, MOST_BINS = 10, 200  # what a rule gives is kept between these, as in the paper

_NAMES = {"freedman_diaconis": "fd"}  # NumPy's


def histogram_entropy(maps: np.ndarray, bins: Bins = 100) -> np.ndarray:
    """Return the entropy of the values of each map, in nats: from 0 to the logarithm of the number of bins.

    Args:
        maps: ``(n, ...)``, the sign kept.
        bins: how many of equal width lie between a map's least and its largest value; or the rule that says how many,
            by the map's own spread and size, within 10 and 200.

    Returns:
        ``(n,)`` float64; NaN for a map that is constant or not finite.

    Source: Hedström et al. 2023, Sanity Checks Revisited (arXiv:2401.06465).
    """
    usable = unusable(maps) == USABLE
    return np.array(
        [
            _entropy(np.asarray(each, np.float64).ravel(), bins) if good else math.nan
            for each, good in zip(maps, usable, strict=True)
        ],
        np.float64,
    )


def _entropy(values: np.ndarray, bins: Bins) -> float:
    counts, _ = np.histogram(values, bins=bins if isinstance(bins, int) else _number(values, bins))
    shares = counts[counts > 0] / values.size
    return float(-(shares * np.log(shares)).sum()) + 0.0  # + 0.0: no -0.0


def _number(values: np.ndarray, rule: Rule) -> int:
    edges = np.histogram_bin_edges(values, bins=_NAMES.get(rule, rule))
    return int(np.clip(len(edges) - 1, FEWEST_BINS, MOST_BINS))
