"""The curves of trainings: true labels first, by seed; what is no training or trained nothing is passed over."""

import numpy as np

from audit.judging.learning_curves import histories
from audit.record import Condition, Evidence, Original, Trained, Unit


def evidence(condition: Condition, check: str = "training", error: str | None = None, **scores: object) -> Evidence:
    unit = Unit(check=check, settings={}, method={}, condition=condition, world="w")
    arrays = {name: np.asarray(each, np.float64) for name, each in scores.items()}
    return Evidence(unit=unit, status="failed" if error else "done", scores=arrays, error=error)


def test_only_trainings_are_shown_in_order() -> None:
    trained = [Trained(labels=labels, seed=seed) for labels in ("permuted", "true") for seed in (1, 0)]
    given = [evidence(each) for each in trained]
    found = histories(
        [*given, evidence(Trained(labels="none", seed=0)), evidence(Original()), evidence(trained[0], "c")]
    )
    assert [(each.labels, each.seed) for each in found] == [("true", 0), ("true", 1), ("permuted", 0), ("permuted", 1)]


def test_numbers_that_are_missing_or_not_finite_are_none() -> None:
    (found,) = histories([evidence(Trained(labels="true", seed=0), loss=[2.0, np.nan], train_accuracy=0.5)])
    assert (found.loss, found.accuracy) == ((2.0, None), ())
    assert (found.train_accuracy, found.test_accuracy) == (0.5, None)
    (failed,) = histories([evidence(Trained(labels="true", seed=0), error="[R811] it diverged")])
    assert failed.error == "[R811] it diverged" and failed.loss == ()
