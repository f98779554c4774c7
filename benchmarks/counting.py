"""Verdicts on samples of the inputs against the truth over all of them: no framework, no network."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audit.record import Condition, Evidence, Unit

AUDITS, INPUTS = 20, 40  # for each network; inputs of each, at most
OUTCOMES = ("pass", "fail", "inconclusive")

KNOWS_NOTHING = {"effect": 0.0, "excess": 0.0, "share_of_both": 0.5}
"""What a map that does not know the network gets, by score: an input without a map counts as much in the truth."""

Tally = tuple[bool | None, Counter[str]]
"""The truth about a method on one network, None where there is none, and its verdicts there."""


def evidence(check: Any, method: str, view: Any, facts: Any) -> list[tuple[Condition, Mapping[str, np.ndarray]]]:
    """Measure everything that a check asks for, on all inputs."""
    return [(each, check.measure(method, each, view).scores) for each in check.conditions(facts)]


def verdict(check: Any, measured: Sequence[tuple[Condition, Any]], facts: Any, rows: np.ndarray) -> Any:
    """Return a check's judgement of some of the inputs."""

    def made(name: str, condition: Condition, scores: Mapping[str, np.ndarray]) -> Evidence:
        chosen = {key: each[rows] if len(each) > 1 else each for key, each in scores.items()}
        unit = Unit(check=name, settings={}, method={}, condition=condition, world="")
        return Evidence(unit=unit, status="done", scores=chosen)

    units = [made("c", *each) for each in measured]
    return check.judge([*units, *(made("training", each, {}) for each in check.trainings(facts))], facts)


def truth_of(check: Any, measured: Sequence[tuple[Condition, Any]], facts: Any) -> bool | None:
    """Return whether every mean over all inputs is at or above its limit; None of a network that says nothing."""
    whole = [
        (condition, {name: np.nan_to_num(each, nan=KNOWS_NOTHING.get(name, np.nan)) for name, each in scores.items()})
        for condition, scores in measured
    ]
    judgement = verdict(check, whole, facts, np.arange(len(next(iter(whole[0][1].values())))))
    means = [(each.statistic, each.threshold) for each in judgement.criteria]
    return None if not means or means[0][0] is None else all(mean >= limit for mean, limit in means)


def sample(count: int) -> int:
    """Return how many of all inputs each audit has: at most a third, so that audits differ."""
    return min(INPUTS, count // 3)


def audits(check: Any, method: str, view: Any, facts: Any) -> Tally:
    """Return the truth over all inputs and the verdicts on samples of them."""
    measured, count = evidence(check, method, view, facts), len(view.explained.ids)
    truth = truth_of(check, measured, facts)
    generator = np.random.default_rng(0)
    drawn = [generator.choice(count, sample(count), replace=False) for _ in range(AUDITS)]
    return truth, Counter(verdict(check, measured, facts, rows).outcome for rows in drawn)


def counts(method: Sequence[Tally], blind: Sequence[Tally]) -> str:
    """Return a table's cells: verdicts, wrong ones, and those on the blind variant."""
    cells = [_outcomes(method), f"{sum(bool(truth) for truth, _ in method)} of {len(method)}"]
    cells.append(str(sum(each["pass"] for truth, each in method if truth is False)))
    cells.append(str(sum(each["fail"] for truth, each in method if truth)))
    return " | ".join([*cells, _outcomes(blind)])


def beside(found: Sequence[str], truths: Sequence[bool | None]) -> str:
    """Return a table's cells: one check's verdicts by network, beside whether another's truth holds there."""
    pairs, total = Counter(zip(found, truths, strict=True)), Counter(found)
    cells = [" / ".join(str(total[each]) for each in OUTCOMES), str(sum(map(bool, truths)))]
    return " | ".join([*cells, str(pairs["pass", False]), str(pairs["fail", True])])


def _outcomes(tallies: Sequence[Tally]) -> str:
    total = sum((each for _, each in tallies), Counter[str]())
    return " / ".join(str(total[each]) for each in OUTCOMES)
