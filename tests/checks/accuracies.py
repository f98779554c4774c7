"""Made-up evidence of retrainings: every planned accuracy from a function of its condition.

All networks find the same test inputs easy: of two the better one hits whatever the other hits.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from audit.record import (
    Condition,
    DataFacts,
    Evidence,
    Facts,
    NetworkFacts,
    Removed,
    Trained,
    TrainingFacts,
    Unit,
)

INTACT, TEST = 0.95, 1000

Accuracy = Callable[[Removed], float]


def facts(*, accuracy: float | None = 0.96, test: int = TEST, shares: tuple[float, ...] = (0.1,) * 10) -> Facts:
    """Facts of an audited model and its training data."""
    network = NetworkFacts(
        name="m", digest="d", input_shape=(4, 4, 1), classes=10, parameters=1, stages=(), head="", graph=True
    )
    data = DataFacts(
        source="s",
        digest="d",
        ids=("a",),
        labels=(0,),
        targets=(0,),
        class_names=(),
        value_range=(0, 1),
        accuracy=accuracy,
        selection="",
    )
    training = TrainingFacts(recipe={}, train=100, test=test, train_shares=shares, test_shares=shares, digest="t")
    return Facts(network=network, data=data, methods=(), world="w", batch=1, training=training)


def conditions(check: Any) -> tuple[Condition, ...]:
    """Return everything that is planned for one method."""
    known = facts()
    return (*check.trainings(known), *check.shared(known), *check.conditions(known))


def evidence(check: Any, accuracy: Accuracy, *, intact: float = INTACT, spread: float = 0.0) -> list[Evidence]:
    """Return complete evidence; ``spread`` is the deviation between the seeds of whatever the method ranked."""
    return [_evidence(each, accuracy, intact, spread) for each in conditions(check)]


def hits(accuracy: float, inputs: int = TEST) -> np.ndarray:
    """Return which test inputs (n,) are hit at an accuracy, the easiest first."""
    return (np.arange(inputs) < round(accuracy * inputs)).astype(np.float64)


def _evidence(condition: Condition, accuracy: Accuracy, intact: float, spread: float) -> Evidence:
    if isinstance(condition, Trained):
        value = intact
    else:
        assert isinstance(condition, Removed)
        off = spread * (-1) ** condition.seed if condition.by == "method" else 0.0
        value = accuracy(condition) + off
    unit = Unit(check="any", settings={}, method={}, condition=condition, world="w")
    return Evidence(unit=unit, status="done", scores={"test_hits": hits(value)})


def falling(by_method: float, by_others: float = 0.4) -> Accuracy:
    """Return accuracies that fall in proportion to the fraction, at one rate for the method, another for controls."""
    return lambda each: INTACT - each.fraction * (by_method if each.by == "method" else by_others)
