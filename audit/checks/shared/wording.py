"""The sentence that a judgement says of its numbers. Rounding happens here and nowhere before."""

from collections.abc import Mapping, Sequence

import numpy as np

from audit.record import Criterion, Outcome
from audit.similarities.similarity import Similarity

_LIMITS = {"at_most": "at most {} is allowed", "at_least": "at least {} is required"}


def quantity(similarity: Similarity) -> str:
    """Return what a similarity measures, in words."""
    return similarity.quantity


def decisive(criteria: Sequence[Criterion], outcome: Outcome) -> tuple[Criterion, ...]:
    """Return the criteria that brought the outcome about: all that share it."""
    return tuple(each for each in criteria if each.outcome == outcome)


Words = tuple[tuple[str, str], tuple[str, str]]
"""What stands before a criterion's number and what follows it, each in full and in short."""


def reason(criteria: Sequence[Criterion], words: Mapping[str, Words]) -> str:
    """Return one sentence with the numbers of criteria that share an outcome.

    Args:
        criteria: one or more.
        words: by criterion; the short forms where the sentence has said the full ones before.
    """
    first, *others = criteria
    leads, about = words[first.name]
    parts = [f"{leads[0]} {_numbers(first)} {about[0]}; {_limit(first)}"]
    parts += [f"{words[each.name][1][1]} {words[each.name][0][1]} {_numbers(each)}; {_limit(each)}" for each in others]
    if first.outcome == "inconclusive":
        parts.append("the interval contains the limit, and more inputs or seeds would narrow it")
    return "; ".join(parts) + "."


def _numbers(criterion: Criterion) -> str:
    value, low, high, _ = _texts(criterion)
    return f"{value} [{low}, {high}]"


def _limit(criterion: Criterion) -> str:
    return _LIMITS[criterion.relation].format(_texts(criterion)[-1])


def _texts(criterion: Criterion) -> list[str]:
    numbers = (criterion.statistic, *(criterion.interval or (None, None)))
    return decimals([np.nan if each is None else each for each in numbers], beside=criterion.threshold)


def decimals(numbers: Sequence[float], *, beside: float) -> list[str]:
    """Return numbers, and the limit they stand beside, with as many digits (2 to 6) as show it and who is above it."""
    texts: list[str] = []
    for digits in range(2, 7):
        rounded = [round(number, digits) for number in (*numbers, beside)]
        texts = [f"{number:z.{digits}f}" for number in rounded]  # z: no "-0.00"
        apart = [np.sign(r - rounded[-1]) == np.sign(n - beside) for r, n in zip(rounded, numbers, strict=False)]
        if all(apart) and bool(rounded[-1]) == bool(beside):
            break
    return texts
