"""What must be true of the trained networks before their maps say anything: memorised labels, and nothing more."""

import math
from collections.abc import Sequence

import numpy as np

from audit.checks.shared.relearned import not_relearned, sampling_error
from audit.record import Doubt, Evidence, Trained, TrainingFacts, record


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


@record
class Required:
    """What trained networks must have learned.

    ``memorised`` is the training accuracy on permuted labels; ``chance_within`` bounds the distance of such a network's
    accuracy from chance, ``baseline_within`` that of one trained on the true labels from the ``audited`` model's, where
    that is known. Measured on finitely many test inputs, accuracies are allowed twice their sampling error beside.
    """

    memorised: float
    chance_within: float
    baseline_within: float
    audited: float | None


def doubt(trainings: Sequence[Evidence], training: TrainingFacts, required: Required) -> Doubt | None:
    """Return why the trained networks test nothing, with what to change; None where they do.

    Accuracies that are not known or not finite are doubts.
    """
    if not training.train_shares or not training.test_shares:
        text = "This check needs class labels: without classes neither memorisation nor chance is defined."
        return Doubt(code="no-labels", text=text)
    low, high = chance(training)
    room = required.chance_within + max(sampling_error(each, training.test) for each in (low, high))
    for each in sorted(trainings, key=_order):
        condition = each.unit.condition
        if not isinstance(condition, Trained):
            continue
        if condition.labels == "permuted":
            found = _not_permuted(each, condition.seed, _Chance(low=low, high=high, room=room), required.memorised)
        else:
            found = _not_true(each, condition.seed, high + room, training.test, required)
        if found:
            return found
    return None


@record
class _Chance:
    """Accuracies of networks that know nothing, and how far from them one may be."""

    low: float
    high: float
    room: float


def _order(evidence: Evidence) -> tuple[bool, int]:
    condition = evidence.unit.condition
    return (condition.labels == "true", condition.seed) if isinstance(condition, Trained) else (False, 0)


def _not_permuted(evidence: Evidence, seed: int, chance: _Chance, memorised: float) -> Doubt | None:
    train, test = (_number(evidence, f"{part}_accuracy") for part in ("train", "test"))
    low, high, room = chance.low, chance.high, chance.room
    if not train >= memorised:
        return Doubt(
            code="not-memorised",
            text=f"The permuted labels were not memorised: seed {seed} reached a training accuracy of {train:.3f} "
            f"after {_number(evidence, 'epochs'):.0f} epochs, where {memorised:.3f} is required; allow more `epochs` "
            "in `training`, or train without regularisation.",
        )
    if not low - room <= test <= high + room:
        around = f"{low:.3f}" if high - low < 0.0005 else f"{low:.3f} to {high:.3f}"
        return Doubt(
            code="not-at-chance",
            text=f"A network that memorised permuted labels (seed {seed}) has a test accuracy of {test:.3f}, not "
            f"chance ({around} within {room:.3f}): look for test inputs among the training inputs.",
        )
    return None


def _not_true(evidence: Evidence, seed: int, chance: float, count: int, required: Required) -> Doubt | None:
    """Look at one network trained on the true labels; ``chance`` is what it must be above, on ``count`` inputs."""
    test, audited = _number(evidence, "test_accuracy"), required.audited
    within = required.baseline_within + sampling_error(audited or 0.0, count)
    far = not_relearned(test, audited, within, who=f"Networks (seed {seed})")
    if not test > chance:
        return far or Doubt(
            code="not-learned",
            text=f"Trained on the true labels (seed {seed}) the network has a test accuracy of {test:.3f}, no better "
            f"than chance (up to {chance:.3f}), so there is nothing that permuting could take away; train longer or "
            "with another recipe.",
        )
    return far


def _number(evidence: Evidence, name: str) -> float:
    values = np.asarray(evidence.scores.get(name, np.nan), np.float64).reshape(-1)
    return float(values[-1]) if values.size else math.nan
