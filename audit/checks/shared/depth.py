"""The statistics of a cascade: how deep each stage lies, and how much of its excess a map keeps over the upper half.

The number of stages must not decide a verdict: a uniform mean over the stages of a deep network hides that a map keeps
everything while half of the network is re-drawn, and splitting a stage in two moves it.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64

from audit.record import record

Stages = Float64[np.ndarray, "K"]
"""One number for each stage, in the order in which they are re-drawn."""

Pairs = Float64[np.ndarray, "n J K"]
"""One number for each input, seed and stage; NaN where it is not defined."""


def depths(matrices: Sequence[int]) -> Stages:
    """Return the depth (K,) at which each stage ends, in [0, 1]: the share of weight matrices re-drawn so far.

    Without any matrix each stage counts as one.
    """
    sizes = np.asarray(matrices if any(matrices) else [1] * len(matrices), np.float64)
    return np.cumsum(sizes) / sizes.sum()


def half_weights(depth: Stages) -> Stages:
    """Return the weights (K,) of the mean over the upper half of the depth, which sum to 1.

    The mean over (0, 1/2) of the piecewise linear curve through ``(depth, value)``, constant before the first depth:
    there is no stage at which nothing is re-drawn, or one-layer networks would keep three quarters of everything. Of
    stages at the same depth only the last counts, and none at depth 0.
    """
    last = np.append(depth[1:] > depth[:-1], True) & (depth > 0)
    weights, knots = np.zeros(len(depth)), depth[last]
    grid = np.unique(np.concatenate([[0.0, 0.5], knots[knots < 0.5]]))
    hats = [np.interp(grid, knots, each) for each in np.eye(len(knots))]
    weights[last] = [2 * np.trapezoid(each, grid) for each in hats]
    return weights


@record
class Excess:
    """What maps keep above what needs no trained parameter: ``(similarity - null) / (1 - null)`` of the means.

    ``null`` are the nulls that were taken off, ``of_pairs`` numbers whose mean over inputs and seeds is ``mean`` and
    whose spread is that of a mean over the live pairs: those of dead pairs are the mean itself.
    """

    similarity: Stages  # means over the live pairs
    null: Stages
    full_null: Stages  # before it was cut to the similarity
    mean: Stages
    live: Stages  # the share of live pairs
    of_pairs: Pairs  # NaN at stages without a live pair


def excess_of_means(similarity: Pairs, null: Pairs) -> Excess:
    """Take the nulls off, as a ratio of means, so that no input's own head-room divides.

    A null counts for no more than the similarity itself: no stage has a negative mean excess that would pay for
    another, and a null that is too high cannot make a pass. Dead pairs are left out pair by pair, not input by input,
    so that more seeds never lose an input; each live one stands for 1 / share of pairs.

    Args:
        similarity: NaN where a pair has none.
        null: at least 0.
    """
    alive = np.isfinite(similarity) & np.isfinite(null)
    count = alive.sum(axis=(0, 1))
    s, full = _mean(similarity, alive, count), _mean(null, alive, count)
    cut = np.minimum(1.0, np.divide(np.maximum(s, 0.0), full, out=np.ones_like(full), where=full > 0))
    level, own = full * cut, null * cut
    room = np.where(level < 1, 1 - level, 1.0)
    mean, share = np.where(s == 1, 1.0, (s - level) / room), count / (similarity.shape[0] * similarity.shape[1])
    off = ((similarity - own) - mean * (1 - own)) / room
    spread = np.divide(off, share, out=np.zeros_like(off), where=alive & (share > 0))
    pairs = mean + np.where(alive, spread, 0.0)
    return Excess(similarity=s, null=level, full_null=full, mean=mean, live=share, of_pairs=pairs)


def _mean(values: Pairs, alive: Bool[np.ndarray, "n J K"], count: np.ndarray) -> Stages:
    total = np.where(alive, values, 0.0).sum(axis=(0, 1))
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
