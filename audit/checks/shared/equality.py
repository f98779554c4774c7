"""What the checks share that require two maps to be equal: how unequal they are, and the sentence about it.

Equality is judged by the relative difference and not by a rank correlation: ranks do not see a map that was shifted
or scaled. It has an exact expectation, zero but for rounding, and so needs no null.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from audit.checks.check import Bench, Judgement, Measurement
from audit.checks.shared import comparison
from audit.checks.shared.comparison import DEFAULT_CHANNELS
from audit.checks.shared.curves import DISTANCE
from audit.checks.shared.judgement import Curve, Limits, Target, conclude, values
from audit.checks.shared.wording import quantity
from audit.maps import NOT_FINITE
from audit.record import Compared, Condition, Doubt, Evidence, Original, Variant

QUANTITY = "relative difference"
_REASON = re.compile(r"\[(M0|T[0-7])\d+\] ")

Difference = Annotated[float, Field(gt=0, le=2, description="limit on the mean relative difference of the maps")]
Parity = Annotated[
    float,
    Field(gt=0, le=1, description="largest difference of the two networks' logits, relative to the largest logit"),
]


def compare(a: np.ndarray, b: np.ndarray, *, similarity: Any, channels: Compared) -> dict[str, np.ndarray]:
    """Compare raw maps (n, ...) pairwise: ``difference`` and ``flaw``, each (n,), and the similarities beside them.

    ``difference`` is ||a - b|| / max(||a||, ||b||), from 0 to 2, on the raw maps: no channels joined, no sign dropped.
    It is NaN where both maps are zero everywhere (``flaw`` 1) or one is not finite (``flaw`` 2).
    """
    similarities = comparison.compare(a, b, similarity=similarity, channels=channels, keys=None)  # refuses shapes
    rows = [np.asarray(maps, np.float64).reshape(len(maps), -1) for maps in (a, b)]
    finite = np.asarray(np.isfinite(rows).all(axis=(0, 2)))
    left, right = (np.where(finite[:, None], each, 0.0) for each in rows)
    size = np.maximum(np.linalg.norm(left, axis=1), np.linalg.norm(right, axis=1))
    apart = np.linalg.norm(left - right, axis=1)
    difference = np.divide(apart, size, out=np.full(len(a), np.nan), where=size > 0)
    flaw = np.where(finite, np.where(size > 0, 0, 1), NOT_FINITE).astype(np.float64)
    return {**similarities, "difference": difference, "flaw": flaw}


def parity(bench: Bench, variant: Variant) -> np.ndarray:
    """Return how far a variant's logits are from the audited network's, (n,), relative to the largest of all."""
    own = bench.outputs(bench.explained.inputs).astype(np.float64)
    other = bench.outputs(variant.explained.inputs, network=variant.network).astype(np.float64)
    largest = np.abs(own).max()
    apart = np.abs(own - other).max(axis=1)
    return np.divide(apart, largest, out=np.full(len(own), np.nan), where=largest > 0)


def measure(method: str, variant: Variant, bench: Bench, *, similarity: Any, channels: Compared | None) -> Measurement:
    """Compare a method's maps on a network that computes the same, of that variant's inputs, with its own maps.

    Scores are those of ``compare``, and ``parity``.
    """
    maps, channels = bench.explain(method, variant.explained, network=variant.network), channels or DEFAULT_CHANNELS
    scores = compare(bench.maps(method, Original()), maps, similarity=similarity, channels=channels)
    return Measurement(
        scores={**scores, "parity": parity(bench, variant)},
        maps=comparison.pictures(maps[list(bench.gallery)], channels),
    )


def arrange(found: Mapping[Condition, Evidence], places: Sequence[Condition], labels: Sequence[str]) -> Curve:
    """Arrange differences by input and place; nothing is drawn, so there is one seed."""
    drawn = values(found, [[each] for each in places], labels, score="difference", bounds=DISTANCE)
    flaws = np.stack([np.asarray(found[each].scores["flaw"]) for each in places], axis=-1)[:, None, :]
    return replace(drawn, flaws=flaws)


def judge(
    drawn: Curve, *, at_most: float, undefined_at_most: float, where: tuple[str, str], doubt: Doubt | None = None
) -> Judgement:
    """Judge the largest difference of each input over the places of a curve, averaged over inputs."""
    target = Target(
        name="value",
        relation="at_most",
        threshold=at_most,
        places=lambda difference: difference.max(axis=2),
        words=(f"of their size {where[0]}", where[1]),
        leads=("The maps differ by", "they differ by"),
    )
    limits = Limits(null_at_most=1, undefined_at_most=undefined_at_most, fewest_seeds=1)
    return conclude(drawn, (target,), limits, doubt=doubt)


def unequal(found: Mapping[Condition, Evidence], places: Sequence[Condition], at_most: float) -> Doubt | None:
    """Return why networks that should compute the same do not, in one sentence, or None."""
    gaps = np.concatenate([np.asarray(found[each].scores["parity"], np.float64) for each in places])
    worst = float(gaps.max())  # NaN if any is
    if worst <= at_most:
        return None
    return Doubt(
        code="not-equal",
        text=f"The two networks do not compute the same: their logits differ by up to {worst:.2g} of the largest "
        f"({at_most:g} is allowed), so a difference of the maps would say nothing about the method.",
    )


def also(judgement: Judgement, sentence: str) -> Judgement:
    """Add a sentence to a reason; nothing for an empty one."""
    return replace(judgement, reason=f"{judgement.reason} {sentence}") if sentence else judgement


def similarities(found: Mapping[Condition, Evidence], places: Sequence[Condition], similarity: Any, sign: str) -> str:
    """Say in one sentence how alike the maps are where they agree least; nothing where that is not defined."""
    means = [_mean(found[each].scores.get(f"similarity_{sign}")) for each in places]
    known = [each for each in means if np.isfinite(each)]
    return f"Their mean {quantity(similarity)} is {min(known):z.4f}." if known else ""


def _mean(scores: np.ndarray | None) -> float:
    defined = np.asarray([] if scores is None else scores, np.float64)
    defined = defined[np.isfinite(defined)]
    return float(defined.mean()) if defined.size else float("nan")


def refusals(evidence: Sequence[Evidence]) -> dict[Condition, str]:
    """Return, for each condition that the network or the method cannot be put under, the reason that was recorded.

    Errors of the model (M0..) and of the method (T0.. to T7..) are such reasons; any other is a failure.
    """
    failed = [each for each in evidence if each.status == "failed" and _REASON.match(each.error or "")]
    return {each.unit.condition: str(each.error).partition("] ")[2] for each in failed}


def inapplicable(refused: Mapping[Condition, str]) -> Judgement:
    """Return what is said where nothing could be measured."""
    return Judgement(
        outcome="inconclusive",
        code="not-applicable",
        reason=f"Nothing could be measured: {'; '.join(refused.values())}.",
    )
