"""What must be true of the trained networks before their maps say anything: memorised labels, and nothing more."""

import math
from collections.abc import Sequence

import numpy as np

from audit.record import Evidence, Trained, TrainingFacts


def chance(training: TrainingFacts) -> tuple[float, float]:
    """Return the test accuracies between which a network without any knowledge of the labels lies, low and high.

    One that guesses in proportion to the training labels reaches the sum over classes of training share times test
    share; one that always predicts the most frequent training class reaches that class's test share. A network that
    memorised permuted labels is somewhere between: it guesses where memory dominates, and predicts the most frequent
    class where smoothness does. With balanced classes both are one over the number of classes.
    """
    train, test = np.asarray(training.train_shares), np.asarray(training.test_shares)
    ends = float(train @ test), float(test[train.argmax()])
    return min(ends), max(ends)


def doubt(
    trainings: Sequence[Evidence], training: TrainingFacts, *, memorised: float, chance_within: float
) -> str | None:
    """Return why the trained networks test nothing, in one sentence with what to change; None where they do.

    ``chance_within`` bounds the distance from chance of the network itself; measured on finitely many test inputs, its
    accuracy is allowed twice its sampling error beside. Accuracies that are not known or not finite are doubts.
    """
    if not training.train_shares or not training.test_shares:
        return "This check needs class labels: without classes neither memorisation nor chance is defined."
    low, high = chance(training)
    room = chance_within + 2 * math.sqrt(max(high * (1 - high), low * (1 - low)) / max(training.test, 1))
    for each in sorted(trainings, key=_order):
        found = _doubt(each, (low, high), room, memorised)
        if found:
            return found
    return None


def _order(evidence: Evidence) -> tuple[bool, int]:
    condition = evidence.unit.condition
    return (condition.labels == "true", condition.seed) if isinstance(condition, Trained) else (False, 0)


def _doubt(evidence: Evidence, expected: tuple[float, float], room: float, memorised: float) -> str | None:
    condition, low, high = evidence.unit.condition, *expected
    train, test = (_number(evidence, f"{part}_accuracy") for part in ("train", "test"))
    around = f"{low:.3f}" if high - low < 0.0005 else f"{low:.3f} to {high:.3f}"
    if not isinstance(condition, Trained):
        return None
    if condition.labels == "permuted" and not train >= memorised:
        return (
            f"The permuted labels were not memorised: seed {condition.seed} reached a training accuracy of "
            f"{train:.3f} after {_number(evidence, 'epochs'):.0f} epochs, where {memorised:.3f} is required; allow "
            "more `epochs` in `training`, or train without regularisation."
        )
    if condition.labels == "permuted" and not low - room <= test <= high + room:
        return (
            f"A network that memorised permuted labels (seed {condition.seed}) has a test accuracy of {test:.3f}, not "
            f"chance ({around} within {room:.3f}): look for test inputs among the training inputs."
        )
    if condition.labels == "true" and not test > high + room:
        return (
            f"Trained on the true labels (seed {condition.seed}) the network has a test accuracy of {test:.3f}, no "
            f"better than chance ({around} within {room:.3f}), so there is nothing that permuting could take away; "
            "train longer or with another recipe."
        )
    return None


def _number(evidence: Evidence, name: str) -> float:
    values = np.asarray(evidence.scores.get(name, np.nan), np.float64).reshape(-1)
    return float(values[-1]) if values.size else math.nan
