"""What an audit says: verdicts, controls, trainings, and where the numbers come from."""

from collections.abc import Mapping
from typing import Literal

from audit.record.base import record
from audit.record.facts import Severity
from audit.record.vocabulary import Relation, Undecided

Outcome = Literal["pass", "fail", "inconclusive", "error", "skipped"]
AuditOutcome = Outcome | Literal["invalid", "nothing"]
"""The outcome of a whole audit."""


@record
class Point:
    """One place on a curve: mean similarity, its null and the excess with its 95 % interval, over inputs and seeds."""

    label: str
    similarity: float | None
    null: float | None
    excess: float | None
    interval: tuple[float, float] | None
    undefined: int  # maps pairs without a similarity (constant or non-finite map)
    total: int
    noise: float | None = None  # where the null is the larger of two for each pair: that of masked noise
    shuffled: float | None = None  # and that of maps with their pixels shuffled
    counts: bool = True  # whether criteria look at it: not at a stage whose re-draw leaves the logits in place


@record
class Reference:
    """A curve that is shown beside a verdict and not judged.

    ``quantity: accuracy``: a point's ``similarity`` holds its accuracy; ``similarity``: points as on the judged curve.
    """

    name: str
    curve: tuple[Point, ...]
    quantity: Literal["accuracy", "similarity"] = "accuracy"


@record
class Criterion:
    """One comparison with a declared threshold."""

    name: str  # mean | last | value
    relation: Relation
    threshold: float
    statistic: float | None
    interval: tuple[float, float] | None
    outcome: Outcome
    p_value: float | None = None  # one-sided, of the threshold being met by chance
    p_adjusted: float | None = None  # Holm, over the methods of the requirement


@record
class Doubt:
    """Why nothing is decided: a code for machines and a sentence, with what to change, for people."""

    code: Undecided
    text: str


@record
class Judgement:
    """The result of judging one method's evidence, before controls, waivers and the correction over methods.

    ``reason`` is one sentence for people; ``code`` its kind where the outcome is inconclusive or skipped, and otherwise
    None.
    """

    outcome: Outcome
    reason: str
    criteria: tuple[Criterion, ...] = ()
    curve: tuple[Point, ...] = ()
    inputs: int = 0
    seeds: int = 0
    undefined: int = 0
    total: int = 0
    per_input: tuple[float | None, ...] = ()  # excess of each input at the last place of the curve, mean over seeds
    references: tuple[Reference, ...] = ()
    code: Undecided | None = None


@record
class Verdict(Judgement):
    """What one requirement says of one method: a judgement, after controls and the correction over methods."""

    requirement: str
    check: str
    method: str
    severity: Severity
    waived: str | None = None


@record
class Control:
    """A control's verdict and the expected outcome: ``behaves`` is False where the verdict contradicts it."""

    requirement: str
    method: str
    expected: Outcome
    verdict: Verdict
    behaves: bool


@record
class Invalidity:
    """One reason why an audit is invalid, so that none of its verdicts counts as a pass.

    ``sentence`` says what happened and ``fix`` what to do about it, each in a sentence for people. ``requirement`` and
    ``method`` name the control concerned, and are empty where the reason is no control.
    """

    kind: str  # "control"; readers must not rely on the list being closed
    sentence: str
    fix: str
    requirement: str = ""
    method: str = ""


@record
class LearningCurve:
    """The course of one training: running means of each epoch and the final accuracies; None: undefined."""

    labels: Literal["true", "permuted", "other"]
    seed: int
    loss: tuple[float | None, ...] = ()
    accuracy: tuple[float | None, ...] = ()
    train_accuracy: float | None = None
    test_accuracy: float | None = None
    error: str | None = None


@record
class Provenance:
    """Where the numbers come from. Times and paths are kept out: they would change the audit's identity."""

    versions: Mapping[str, str]
    backend: str
    device: str
    numerics: Mapping[str, str]
    seed: int
    spec_digest: str
    platform: str
