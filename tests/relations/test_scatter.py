"""Audits with other seeds scatter as their intervals say: each holds what the others find."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from audit.record import Criterion, Evidence, Unit
from audit.running.world import observe
from audit.spec.spec import Spec, load_spec

SEEDS, FEWEST = 20, 17
METHODS, CHECKS = ("gradient", "guided_backprop"), ("cascading_randomization", "independent_randomization")


@cache
def spec() -> Spec:
    """Return the digits' audit without what retrains."""
    whole = load_spec(Path(__file__).parents[2] / "specs" / "digits.yaml")
    return replace(whole, requirements=tuple(each for each in whole.requirements if each.id in CHECKS))


@cache
def criteria(seed: int) -> dict[tuple[str, str], tuple[Criterion, ...]]:
    """Return the judged numbers of one seed, by requirement and method: other inputs, other re-draws."""
    world, found = observe(replace(spec(), seed=seed)), {}
    for requirement in spec().requirements:
        check = requirement.check
        for method in METHODS:
            evidence = []
            for condition in check.conditions(world.facts):
                unit = Unit(check=requirement.id, settings={}, method={}, condition=condition, world="w")
                scores = check.measure(method, condition, world.bench).scores
                evidence.append(Evidence(unit=unit, status="done", scores=scores))
            found[requirement.id, method] = check.judge(evidence, world.facts).criteria
    return found


@pytest.mark.exhaustive
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("method", METHODS)
def test_intervals_hold_the_mean_of_the_other_seeds(method: str, check: str) -> None:
    drawn = [criteria(seed)[check, method] for seed in range(SEEDS)]
    for place, name in enumerate(each.name for each in drawn[0]):
        values = np.array([each[place].statistic for each in drawn], np.float64)
        ends = np.array([each[place].interval for each in drawn], np.float64)
        others = (values.sum() - values) / (SEEDS - 1)
        held = int(((ends[:, 0] <= others) & (others <= ends[:, 1])).sum())
        assert held >= FEWEST, f"{name}: {held} of {SEEDS}"
        # As wide as the scatter, within a factor that twenty seeds tell: not right by being useless.
        assert np.median(ends[:, 1] - ends[:, 0]) < 12 * values.std(ddof=1), name
