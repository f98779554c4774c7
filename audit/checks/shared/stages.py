"""Which stages count: one whose re-draw leaves the logits in place tests no map.

Layers behind a zero, a branch that leads nowhere or the bias of the output can be re-drawn as often as one likes: the
network computes what it did, and a map that stays the same is right to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float64

from audit.checks.check import Bench
from audit.checks.shared.curves import Curve
from audit.record import Condition, Doubt, Evidence, Original, Randomized

IN_PLACE = 0.95
"""Correlation of the logits, on average over seeds, above which a re-draw has left them in place."""

_SCORE = "logits_kept"
_ROUNDING = 1e-5  # share of its largest value within which a logit in float32 is the same for all inputs


def logits_kept(condition: Randomized, bench: Bench, *, since: Condition | None = None) -> dict[str, np.ndarray]:
    """Return the score ``logits_kept`` (1,): the correlation of the explained logits, before and after a re-draw.

    Computed once for all methods. Before is ``since``, or else the stage before under a cascade, so that what was
    re-drawn earlier does not count again, and the trained network where one stage alone is re-drawn.
    """
    before = since or _before(condition)

    def compute() -> np.ndarray:
        logits = [bench.outputs(bench.explained.inputs, params=bench.params(each)) for each in (before, condition)]
        return np.array([correlation(logits[0], logits[1], bench.explained.targets)])

    return {_SCORE: bench.kept((_SCORE, before, condition), compute)}


def _before(condition: Randomized) -> Condition:
    earlier = condition.stage - 1 if condition.mode == "cascading" else 0
    return replace(condition, stage=earlier) if earlier > 0 else Original()


def correlation(before: Float[np.ndarray, "n K"], after: Float[np.ndarray, "n K"], targets: Any) -> float:
    """Return the correlation over inputs of the logit that is explained, the mean over the inputs' targets (n,).

    Each logit is centred over the inputs, not over the classes: a shift that all inputs share moves no map, one that
    differs from input to input does, in all logits alike too. So one logit is enough, and neither logits that are not
    explained nor their scale matter. A logit that is the same for all inputs is in place if it was so before. NaN where
    logits are not finite.
    """
    a, b = _centred(before), _centred(after)
    sizes = np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0)
    varies = sizes != 0
    kept = np.where(varies, (a * b).sum(axis=0) / np.where(varies, sizes, 1.0), ~a.any(axis=0) & ~b.any(axis=0))
    return float(kept[targets].mean())


def _centred(logits: Float[np.ndarray, "n K"]) -> Float64[np.ndarray, "n K"]:
    values = logits.astype(np.float64)
    centred = values - values.mean(axis=0)
    constant = np.abs(centred).max(axis=0) <= _ROUNDING * np.abs(values).max(axis=0)
    return np.where(constant, 0.0, centred)


def counting(found: Mapping[Condition, Evidence], places: Sequence[Sequence[Condition]]) -> Bool[np.ndarray, "K"]:
    """Return which stages count (K,): those whose re-draw moves the logits, on average over seeds.

    Args:
        found: by condition, complete; evidence without the score counts.
        places: for each stage its conditions by seed.
    """
    return np.array([_moves([found[each].scores for each in seeds]) for seeds in places])


def _moves(seeds: Sequence[Mapping[str, np.ndarray]]) -> bool:
    known = [float(np.asarray(scores[_SCORE])[0]) for scores in seeds if _SCORE in scores]
    return not known or not np.mean(known) > IN_PLACE  # NaN counts


def of_counting(evidence: Iterable[Evidence], counts: Bool[np.ndarray, "K"]) -> list[Evidence]:
    """Return evidence without that of stages that do not count."""

    def stage(each: Evidence) -> int:
        return each.unit.condition.stage if isinstance(each.unit.condition, Randomized) else 0

    return [each for each in evidence if not stage(each) or counts[stage(each) - 1]]


def none_counts(counts: Bool[np.ndarray, "K"]) -> Doubt | None:
    """Return why nothing was tested, if no stage counts."""
    if counts.any():
        return None
    return Doubt(
        code="logits-in-place",
        text=f"No re-draw moves the logits: before and after, they correlate above {IN_PLACE:g} over the inputs at "
        "every stage, so nothing was tested; use another `redraw`, or join stages in `model: {stages: ...}`.",
    )


def chosen(curve: Curve, places: Any) -> Curve:
    """Return a curve at some of its places (K,) alone."""

    def at(values: np.ndarray) -> np.ndarray:
        return values[:, :, places] if values.shape[2] == len(curve.labels) else values

    return replace(
        curve,
        labels=tuple(np.asarray(curve.labels, object)[places]),
        similarity=at(curve.similarity),
        flaws=at(curve.flaws),
        null=at(curve.null),
        excess=at(curve.excess),
        shuffled=None if curve.shuffled is None else at(curve.shuffled),
    )
