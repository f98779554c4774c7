"""Which of many coins fall heads most often, by as few tosses as possible: the bandit algorithm KL-LUCB.

Source: Kaufmann and Kalyanakrishnan 2013, "Information complexity in bandit subset selection", algorithm 1 with the
bounds and the exploration rate of section 4.
"""

from collections.abc import Callable

import numpy as np

from audit.record import record

Toss = Callable[[np.ndarray], np.ndarray]
"""``coins (n,) -> heads (n,)`` bool, one independent toss for each number."""

_RATE, _POWER = 405.5, 1.1  # k_1 and alpha of the exploration rate: the least that the theorem allows with this alpha
_HALVINGS = 40


def kl_bounds(share: np.ndarray, tosses: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and greatest chance of heads (n,) that the observed shares of heads are compatible with.

    Those q with tosses * KL(share, q) <= level, by bisection.
    """
    return _edge(share, tosses, level, 0.0), _edge(share, tosses, level, 1.0)


def _edge(share: np.ndarray, tosses: np.ndarray, level: float, outside: float) -> np.ndarray:
    inside, beyond = share.astype(np.float64), np.full(len(share), outside)
    for _ in range(_HALVINGS):
        middle = (inside + beyond) / 2
        fits = tosses * _divergence(share, middle) <= level
        inside, beyond = np.where(fits, middle, inside), np.where(fits, beyond, middle)
    return inside


def _divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the Kullback-Leibler divergence of two coins."""
    from scipy.special import rel_entr

    return rel_entr(p, q) + rel_entr(1.0 - p, 1.0 - q)


@record
class Tossing:
    """How sure a choice among coins must be, and what it may cost."""

    tolerance: float  # of the chance of heads
    risk: float  # of a wrong choice
    first: int  # tosses of each coin to begin with
    at_once: int  # tosses of a contested coin at a time
    budget: int  # the most tosses in all, except that each coin is tossed once at least


def best_coins(toss: Toss, coins: int, best: int, tossing: Tossing) -> tuple[np.ndarray, np.ndarray]:
    """Return the heads and tosses of each coin, tossed until the ``best`` ones are known.

    Known: with a chance of at least 1 less the risk, none left out beats one taken by more than the tolerance. The
    weakest coin that would be taken and the strongest that would not are tossed again and again.

    Args:
        toss: tosses coins, numbered from 0.
        coins: how many there are.
        best: how many are wanted.
        tossing: when to stop.
    """
    each, at_once = max(1, min(tossing.first, tossing.budget // coins)), tossing.at_once
    heads, tosses = toss(np.repeat(np.arange(coins), each)).reshape(coins, each).sum(axis=1), np.full(coins, each)
    step = 1
    while best < coins and tosses.sum() + 2 * at_once <= tossing.budget:
        taken, left, gap = _contested(heads, tosses, best, exploration(coins, step, tossing.risk))
        if gap < tossing.tolerance:
            break
        pair = np.array([taken, left])
        heads[pair] += toss(np.repeat(pair, at_once)).reshape(2, at_once).sum(axis=1)
        tosses[pair] += at_once
        step += 1
    return heads, tosses


def exploration(coins: int, step: int, risk: float) -> float:
    """Return the level of the bounds at a step, so that all of them hold at all steps but for the risk."""
    rate = np.log(_RATE * coins * step**_POWER / risk)
    return float(rate + np.log(rate))


def _contested(heads: np.ndarray, tosses: np.ndarray, best: int, level: float) -> tuple[int, int, float]:
    """Return the weakest coin taken, the strongest left out, and by how much the latter may be the better."""
    share = heads / tosses
    low, high = kl_bounds(share, tosses, level)
    order = np.argsort(-share, kind="stable")
    taken, left = order[:best], order[best:]
    weakest, strongest = taken[np.argmin(low[taken])], left[np.argmax(high[left])]
    return int(weakest), int(strongest), float(high[strongest] - low[weakest])
