"""Intervals of rankings that know nothing hold 0, over draws of data, of trainings and of what is removed."""

import pytest

from audit.checks.diff_roar import DiffRoar
from audit.checks.roar import Roar
from tests.relations.random_rankings import judged

SEEDS, FEWEST = 20, 17
CHECKS = {  # and rows, of which half are trained on: the training data's own luck is in no interval
    "roar": (Roar(fractions=(0.25, 0.5, 0.75)), 4000),
    "kar": (Roar(fractions=(0.25, 0.5, 0.75), keep=True), 4000),
    "two retrainings": (Roar(fractions=(0.25, 0.5, 0.75), seeds=2), 4000),
    "diff_roar": (DiffRoar(fractions=(0.25, 0.5)), 12_000),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize(("check", "rows"), CHECKS.values(), ids=CHECKS)
def test_intervals_of_a_random_ranking_hold_zero(check: Roar | DiffRoar, rows: int) -> None:
    criteria = [judged(check, seed, rows).criteria[0] for seed in range(SEEDS)]
    held = sum(each.interval is not None and each.interval[0] <= 0 <= each.interval[1] for each in criteria)
    assert held >= FEWEST, f"{held} of {SEEDS}"


def test_more_test_inputs_narrow_the_interval() -> None:
    check = Roar(fractions=(0.5,), seeds=2)
    widths = []
    for rows in (400, 6400):
        (low, high) = judged(check, 0, rows).criteria[0].interval or (0.0, 0.0)
        widths.append(high - low)
    assert 0 < widths[1] < widths[0]
