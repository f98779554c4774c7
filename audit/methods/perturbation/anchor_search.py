"""The shortest rule "these units stay" under which a decision stays: the beam search of anchors."""

from collections.abc import Callable, Sequence

import numpy as np

from audit.methods.perturbation.kl_lucb import Tossing, best_coins, kl_bounds
from audit.record import record

Stays = Callable[[np.ndarray], np.ndarray]
"""``rules (n, M) bool -> (n,)`` bool: whether the decision stays when a rule's other units are replaced at random."""

_FIRST, _AT_ONCE = 16, 64  # tries of each rule, and then of two contested ones or of one that is being checked
_SHARE = 3  # one part in three of what is left may be spent on choosing among the rules of one length


@record
class Search:
    """What is asked of a rule."""

    precision: float  # the chance with which the decision must stay
    tolerance: float  # by how much the certain precision may be lower, and a rule left out be the better one
    risk: float  # that a bound does not hold
    beam: int  # rules that are extended
    samples: int  # the most tries


@record
class Rule:
    """Units that stay, the estimated chance that the decision stays with them, and the lower bound of that chance."""

    units: tuple[int, ...] = ()
    precision: float = 0.0
    surely: float = 0.0


class _Counted:
    """Tries, counted."""

    def __init__(self, stays: Stays, left: int) -> None:
        self.left, self._stays = left, stays

    def __call__(self, rules: np.ndarray) -> np.ndarray:
        self.left -= len(rules)
        return self._stays(rules)


def shortest_rule(stays: Stays, units: int, search: Search) -> Rule:
    """Return the first rule, by length, whose precision is certain; the most precise if there are several.

    If the tries are spent before, the rule of greatest lower bound so far.
    """
    tries, rules, surest = _Counted(stays, search.samples), [()], Rule()
    while rules and tries.left >= len(rules):
        found = _best(tries, rules, units, search)
        certain = [rule for rule in found if _reaches(rule, search) and _is_certain(rule, search)]
        if certain:
            return max(certain, key=lambda rule: rule.precision)
        surest = max([surest, *found], key=lambda rule: rule.surely)
        rules = _extended([rule.units for rule in found], units)
    return surest


def _best(tries: _Counted, rules: Sequence[tuple[int, ...]], units: int, search: Search) -> list[Rule]:
    """Return the best rules of one length, as many as are extended, each tried until what it is worth is certain."""
    masks = np.array([np.isin(np.arange(units), rule) for rule in rules])
    tossing = Tossing(
        tolerance=search.tolerance,
        risk=search.risk,
        first=_FIRST,
        at_once=_AT_ONCE,
        budget=min(tries.left, max(_FIRST * len(rules), tries.left // _SHARE)),
    )
    heads, tosses = best_coins(lambda coins: tries(masks[coins]), len(rules), search.beam, tossing)
    order = np.argsort(-heads / tosses, kind="stable")[: search.beam]
    return [_checked(tries, masks[each], int(heads[each]), int(tosses[each]), search) for each in order]


def _checked(tries: _Counted, mask: np.ndarray, heads: int, tosses: int, search: Search) -> Rule:
    """Return a rule that, if it seems to reach the precision, was tried until that is certain or refuted."""
    units = tuple(np.flatnonzero(mask).tolist())
    level = float(np.log((1 + (search.beam - 1) * len(mask)) / search.risk))
    while True:
        low, _ = kl_bounds(np.array([heads / tosses]), np.array([tosses]), level)
        rule = Rule(units=units, precision=heads / tosses, surely=float(low[0]))
        if not _reaches(rule, search) or _is_certain(rule, search) or tries.left < _AT_ONCE:
            return rule
        heads += int(tries(np.repeat(mask[None], _AT_ONCE, axis=0)).sum())
        tosses += _AT_ONCE


def _reaches(rule: Rule, search: Search) -> bool:
    return rule.precision >= search.precision


def _is_certain(rule: Rule, search: Search) -> bool:
    return rule.surely >= search.precision - search.tolerance


def _extended(rules: Sequence[tuple[int, ...]], units: int) -> list[tuple[int, ...]]:
    """Return every rule that has one unit more."""
    return sorted({tuple(sorted({*rule, unit})) for rule in rules for unit in set(range(units)) - set(rule)})
