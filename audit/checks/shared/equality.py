"""What the checks share that require two maps to be equal: how unequal they are, and the sentence about it.

Equality is judged by the relative difference and not by a rank correlation: ranks do not see a map that was shifted
or scaled. It has an exact expectation, zero but for rounding, and so needs no null.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from audit.checks.check import Bench, Judgement, Measurement
from audit.checks.shared import comparison
from audit.checks.shared.arithmetic import FACTOR, HIDDEN_AT_MOST, SAME, floor, in_float64, own_maps
from audit.checks.shared.comparison import DEFAULT_CHANNELS
from audit.checks.shared.curves import DISTANCE
from audit.checks.shared.judgement import Curve, Limits, Target, conclude, values
from audit.checks.shared.wording import quantity
from audit.maps import NOT_FINITE
from audit.record import Compared, Condition, Doubt, Evidence, Variant

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
    finite = np.isfinite(a).all(axis=tuple(range(1, a.ndim))) & np.isfinite(b).all(axis=tuple(range(1, b.ndim)))
    apart = difference(a, b)
    flaw = np.where(finite, np.isnan(apart), NOT_FINITE).astype(np.float64)
    return {**similarities, "difference": apart, "flaw": flaw}


def difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ||a - b|| / max(||a||, ||b||) of raw maps (n, ...), (n,); NaN where both are zero or one is not finite."""
    rows = [np.asarray(maps, np.float64).reshape(len(maps), -1) for maps in (a, b)]
    finite = np.asarray(np.isfinite(rows).all(axis=(0, 2)))
    left, right = (np.where(finite[:, None], each, 0.0) for each in rows)
    size = np.maximum(np.linalg.norm(left, axis=1), np.linalg.norm(right, axis=1))
    return np.divide(np.linalg.norm(left - right, axis=1), size, out=np.full(len(a), np.nan), where=size > 0)


def parity(bench: Bench, variant: Variant) -> np.ndarray:
    """Return how far a variant's logits are from the audited network's, (n,), relative to the largest of all."""
    own = bench.outputs(variant.notes.get("unshifted", bench.explained.inputs)).astype(np.float64)
    other = bench.outputs(variant.explained.inputs, network=variant.network).astype(np.float64)
    largest = np.abs(own).max()
    apart = np.abs(own - other).max(axis=1)
    return np.divide(apart, largest, out=np.full(len(own), np.nan), where=largest > 0)


def measure(
    method: str, ask: Callable[[str], Variant], bench: Bench, *, similarity: Any, channels: Compared | None
) -> Measurement:
    """Compare a method's maps on a network that computes the same, of that variant's inputs, with its own maps.

    ``ask`` gives the variant in a precision. Scores are those of ``compare`` and ``rounding``, and ``parity``.
    """

    def measured(precision: str) -> Measurement:
        variant = ask(precision)
        own = _own_maps(method, variant, bench, precision)
        pair = own, bench.explain(method, variant.explained, network=variant.network)
        found = compared(method, pair, bench, precision=precision, similarity=similarity, channels=channels)
        return replace(found, scores={**found.scores, "parity": parity(bench, variant)})

    return in_float64(measured)


def compared(
    method: str, pair: tuple[np.ndarray, np.ndarray], bench: Bench, *, precision: str, **fields: Any
) -> Measurement:
    """Compare a method's own maps with others that should equal them, and say what rounding does to them.

    ``fields`` are ``similarity`` and ``channels``.
    """
    channels = fields["channels"] or DEFAULT_CHANNELS
    rounding = floor(method, bench, precision, difference)
    scores = compare(*pair, similarity=fields["similarity"], channels=channels)
    scores |= {"rounding": rounding.difference, "bits": np.array([64.0 if precision == "float64" else 32.0])}
    return Measurement(scores=scores, maps=comparison.pictures(pair[1][list(bench.gallery)], channels))


def _own_maps(method: str, variant: Variant, bench: Bench, precision: str) -> np.ndarray:
    """Return the maps to equal: where a shift is rounded, those of the inputs that it moves without rounding."""
    if precision == "float32" or "unshifted" not in variant.notes:
        return own_maps(method, bench, precision)
    inputs = replace(bench.explained, inputs=variant.notes["unshifted"])
    return bench.explain(method, inputs, network=bench.variant(SAME, precision=precision).network)


def arrange(found: Mapping[Condition, Evidence], places: Sequence[Condition], labels: Sequence[str]) -> Curve:
    """Arrange differences, less what rounding may do, by input and place; nothing is drawn, so there is one seed."""
    drawn = values(found, [[each] for each in places], labels, score="difference", bounds=DISTANCE)
    flaws = np.stack([np.asarray(found[each].scores["flaw"]) for each in places], axis=-1)[:, None, :]
    none = np.zeros(len(flaws))
    hidden = np.stack([np.asarray(found[each].scores.get("rounding", none)) for each in places], axis=-1)[:, None, :]
    return replace(drawn, flaws=flaws, excess=drawn.excess - FACTOR * hidden)


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
    judgement = conclude(drawn, (target,), limits, doubt=doubt)
    hidden = _hidden(drawn)
    if judgement.outcome == "pass" and hidden > HIDDEN_AT_MOST:
        return conclude(drawn, (target,), limits, doubt=_too_coarse(hidden))
    return judgement


def _hidden(drawn: Curve) -> float:
    """Return how large a difference rounding may hide, averaged over inputs."""
    taken = drawn.similarity[drawn.usable] - drawn.excess[drawn.usable]
    return float(taken.max(axis=2).mean()) if taken.size else 0.0


def _too_coarse(hidden: float) -> Doubt:
    return Doubt(
        code="rounding",
        text=f"Rounding in float32 may hide a difference of {hidden:.2g} of the maps' size ({HIDDEN_AT_MOST:g} is "
        "allowed), and the network or the method cannot be computed in float64: build the model of Keras's own layers.",
    )


def arithmetic(found: Mapping[Condition, Evidence], places: Sequence[Condition]) -> str:
    """Say in one sentence where the maps were computed in float32, and what was left out for that."""
    coarse = [each for each in places if found[each].scores.get("bits", np.array([64.0]))[0] == 32.0]
    if not coarse:
        return ""
    mean = max(_mean(found[each].scores["rounding"]) for each in coarse)
    return f"Computed in float32, where rounding alone changes them by {mean:.1g}: {FACTOR:g} times that is left out."


def settings(check: Any) -> dict[str, Any]:
    """Return the settings of a unit: those of any comparison, and how rounding is dealt with."""
    return {**comparison.measured_fields(check), "rounding": "float64"}


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
