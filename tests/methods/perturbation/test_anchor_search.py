"""The search for a rule finds the shortest that is sure enough."""

from itertools import combinations

import numpy as np
import pytest

from audit.methods.perturbation.anchor_search import Rule, Search, shortest_rule

SEARCH = Search(precision=0.95, tolerance=0.1, risk=0.1, beam=2, samples=4000)


def seeded_search(decision, units: int, *, search: Search = SEARCH, seed: int = 0) -> tuple[Rule, int]:
    """Return the rule for a decision about kept units (n, M), all of which are kept at first, and the tries it took."""
    generator, tries = np.random.default_rng(seed), []

    def stays(rules: np.ndarray) -> np.ndarray:
        tries.append(len(rules))
        return decision(rules | (generator.random(rules.shape) < 0.5))

    return shortest_rule(stays, units, search), sum(tries)


@pytest.mark.parametrize("deciding", [(), (4,), (1, 5), (0, 2, 6)])
def test_a_conjunction_is_found_exactly(deciding: tuple[int, ...]) -> None:
    for seed in range(5):
        rule, tries = seeded_search(lambda kept: kept[:, list(deciding)].all(axis=1), 8, seed=seed)
        assert rule.units == deciding and rule.precision == 1.0
        assert SEARCH.precision - SEARCH.tolerance <= rule.surely < 1.0 and tries <= SEARCH.samples


def test_of_two_ways_the_shorter_is_found_and_a_majority_needs_as_many_as_it_takes() -> None:
    rule, _ = seeded_search(lambda kept: kept[:, [0, 1, 2]].all(axis=1) | kept[:, 5], 7)
    assert rule.units == (5,)
    exact = {size: _precision_of_majority(size) for size in range(8)}
    shortest = min(size for size, precision in exact.items() if precision >= 0.95)
    rule, _ = seeded_search(lambda kept: kept.sum(axis=1) >= 5, 7, search=SEARCH)
    assert len(rule.units) in (shortest - 1, shortest)  # the estimate may reach 0.95 where the truth is a little less
    assert abs(rule.precision - exact[len(rule.units)]) < 0.1


def _precision_of_majority(kept: int) -> float:
    """Return the chance that at least 5 of 7 are kept where ``kept`` are sure, over all ways to keep the others."""
    others = range(7 - kept)
    ways = [kept + size for size in range(8 - kept) for _ in combinations(others, size)]
    return float(np.mean(np.array(ways) >= 5))


def test_when_the_tries_are_spent_the_surest_rule_so_far_is_given() -> None:
    few = Search(precision=0.95, tolerance=0.1, risk=0.1, beam=2, samples=200)
    rule, tries = seeded_search(lambda kept: kept.all(axis=1), 8, search=few)
    assert tries <= 200 and len(rule.units) < 8 and rule.surely < 0.85
    whole, tries = seeded_search(lambda kept: kept.all(axis=1), 4)
    assert whole.units == (0, 1, 2, 3) and whole.precision == 1.0
