"""The coalitions that KernelSHAP looks at, and what each one weighs."""

from itertools import combinations
from math import comb

import numpy as np


def coalitions(units: int, budget: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return coalitions (n, M) bool and their weights (n,): at most ``budget``, without the empty and the whole one.

    All coalitions of size s together weigh (M - 1) / (s (M - s)). Sizes s and M - s are taken whole, from the ends
    inward, as long as their share of what is left of the budget holds them all (as the authors' code does). The other
    sizes share their weight equally among coalitions drawn in pairs, each with its complement.
    """
    of_size = {size: (units - 1) / (size * (units - size)) for size in range(1, units)}
    kept: list[np.ndarray] = []
    weights: list[float] = []
    for size in range(1, units // 2 + 1):
        sizes = {size, units - size}
        count, share = len(sizes) * comb(units, size), sum(of_size[each] for each in sizes)
        if count > (budget - len(kept)) * share / sum(of_size.values()) + 1e-9:  # of rounding, where all fit
            break
        for each in sizes:
            found = _all(units, each)
            kept += found
            weights += [of_size.pop(each) / len(found)] * len(found)
    pairs = _drawn(of_size, units, (budget - len(kept)) // 2, generator) if of_size else []
    total = sum(of_size.values())
    return np.array([*kept, *pairs], bool), np.array([*weights, *[total / max(len(pairs), 1)] * len(pairs)])


def _all(units: int, size: int) -> list[np.ndarray]:
    members = np.array(list(combinations(range(units), size)))
    kept = np.zeros((len(members), units), bool)
    np.put_along_axis(kept, members, True, axis=1)
    return list(kept)


def _drawn(of_size: dict[int, float], units: int, pairs: int, generator: np.random.Generator) -> list[np.ndarray]:
    sizes, shares = np.array(list(of_size)), np.array(list(of_size.values()))
    drawn = generator.choice(sizes, size=pairs, p=shares / shares.sum())
    ranks = generator.random((pairs, units)).argsort(axis=1).argsort(axis=1)
    kept = ranks < drawn[:, None]
    return list(np.concatenate([kept, ~kept]))
