"""From the evidence of trainings to what an audit says of them."""

from collections.abc import Iterable

import numpy as np

from audit.record import Evidence, LearningCurve, Trained


def histories(evidence: Iterable[Evidence]) -> tuple[LearningCurve, ...]:
    """Return how each training went, true labels first, by seed; evidence of anything else is passed over."""
    found = [_history(each) for each in evidence if each.unit.check == "training"]
    known = [each for each in found if each is not None]
    return tuple(sorted(known, key=lambda each: (each.labels != "true", each.seed)))


def _history(evidence: Evidence) -> LearningCurve | None:
    condition = evidence.unit.condition
    if not isinstance(condition, Trained) or condition.labels == "none":
        return None
    loss, accuracy, train, test = (
        _numbers(evidence.scores.get(name, ())) for name in ("loss", "accuracy", "train_accuracy", "test_accuracy")
    )
    return LearningCurve(
        labels=condition.labels,
        seed=condition.seed,
        error=evidence.error,
        loss=loss,
        accuracy=accuracy,
        train_accuracy=train[-1] if train else None,
        test_accuracy=test[-1] if test else None,
    )


def _numbers(values: object) -> tuple[float | None, ...]:
    array = np.asarray(values, np.float64).reshape(-1)
    return tuple(float(each) if np.isfinite(each) else None for each in array)
