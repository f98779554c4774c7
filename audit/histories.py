"""From the evidence of trainings to what an audit says of them."""

from collections.abc import Iterable

import numpy as np

from audit.record import Evidence, History, Trained


def histories(evidence: Iterable[Evidence]) -> tuple[History, ...]:
    """Return how each training went, true labels first, by seed; evidence of anything else is passed over."""
    found = [_history(each) for each in evidence if each.unit.check == "training"]
    known = [each for each in found if each is not None]
    return tuple(sorted(known, key=lambda each: (each.labels != "true", each.seed)))


def _history(evidence: Evidence) -> History | None:
    condition = evidence.unit.condition
    if not isinstance(condition, Trained) or condition.labels == "none":
        return None
    scores = {name: _numbers(evidence.scores.get(name, ())) for name in ("loss", "accuracy")}
    ends = {name: _numbers(evidence.scores.get(name, ())) for name in ("train_accuracy", "test_accuracy")}
    last = {name: values[-1] if values else None for name, values in ends.items()}
    return History(labels=condition.labels, seed=condition.seed, error=evidence.error, **scores, **last)


def _numbers(values: object) -> tuple[float | None, ...]:
    array = np.asarray(values, np.float64).reshape(-1)
    return tuple(float(each) if np.isfinite(each) else None for each in array)
