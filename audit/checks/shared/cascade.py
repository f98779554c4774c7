"""Judging re-draws above the null of what they leave intact: evidence to numbers, numbers to a judgement.

Limits and guards were set on rank correlation and on methods that read gradients; what they decide on which network
stands in ``docs/checks.md``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool

from audit.checks.check import Judgement
from audit.checks.shared.curves import stack
from audit.checks.shared.depth import Excess, Pairs, Stages, excess_of_means
from audit.checks.shared.judgement import FEWEST_INPUTS, FEWEST_SEEDS, criterion, outcome_of, undecided
from audit.checks.shared.stages import none_counts
from audit.checks.shared.wording import Words, decisive, reason
from audit.record import Architecture, Condition, Criterion, Doubt, Evidence, Intact, Null, Outcome, Point, record
from audit.statistics import mean_interval, within

BARELY_ALIKE = 0.3  # maps that agree no more than this cannot owe a failure to a null without head-room
NULL_TOO_HIGH = 0.15  # by how much the null may exceed what the gradient itself keeps; seen: -0.05 to 0.06
SHARE_OF_STAGES = 0.5  # of a criterion's weight that must lie on stages that can be judged


@record
class Redrawn:
    """What was measured of one method under re-draws: n inputs, J seeds, K stages; the inputs with a trained map."""

    labels: tuple[str, ...]
    similarity: Pairs
    noise: Pairs  # (n, 1, 1): of the method's own masked noise, the same everywhere
    null: Pairs  # at least 0, the largest of all that is known
    of_network: Pairs  # the largest of the nulls that are made of the network alone
    gradient: Pairs  # what the plain gradient keeps
    live: Pairs  # 1 where the re-drawn network has a gradient
    counts: Bool[np.ndarray, "K"]  # whether a stage's re-draw changes what the network computes
    inputs: int  # with and without a trained map
    kept: np.ndarray  # positions of those with one


@record
class Mean:
    """A criterion on a weighted mean over stages: at most ``threshold``; ``words`` as those of a ``Target``."""

    name: str
    threshold: float
    weights: Stages
    words: Words


@record
class Guards:
    """What must hold of a stage before it counts, and of all before anything passes."""

    null_at_most: float
    live_at_least: float


def arrange(
    found: Mapping[Condition, Evidence],
    places: Sequence[Sequence[Condition]],
    intact: Sequence[Intact],
    others: tuple[Null, Architecture, Condition],
    sign: str,
) -> Redrawn | str:
    """Arrange the evidence of re-draws; or say why there is none.

    Args:
        found: by condition, complete.
        places: for each stage its conditions by seed.
        intact: for each stage the condition of its null.
        others: the conditions of the method's own noise, of the architecture, and of the trained model again.
        sign: ``absolute``, or ``signed``: then similarities count by magnitude, for one sign may turn a whole map.
    """
    null, architecture, trained = others
    name = f"similarity_{sign}"
    if name not in found[trained].scores:
        return (
            f"No {sign} similarity was measured, because the channel reduction removes the sign: use `channels: sum`."
        )
    kept = np.flatnonzero(np.asarray(found[trained].scores["undefined"]) == 0)

    def pairs(score: str) -> Pairs:
        return stack(found, places, [score] * len(places))[kept]

    similarity = np.abs(pairs(name)) if sign == "signed" else pairs(name)
    noise = np.asarray(found[null].scores[f"null_{sign}"], np.float64)[kept, None, None]
    levels = [np.full((1, 1, 1), float(found[architecture].scores[f"architecture_{sign}"][0]))]
    for score in ("noise", "behind"):
        columns = [np.asarray(found[each].scores[f"{score}_{sign}"], np.float64) for each in intact]
        levels.append(np.stack(columns, axis=-1)[kept, None, :])
    of_network = np.fmax.reduce(np.broadcast_arrays(*levels, np.zeros_like(similarity)))
    own = [pairs(f"shuffled_{sign}")] if f"shuffled_{sign}" in found[places[0][0]].scores else []
    highest = np.fmax.reduce(np.broadcast_arrays(of_network, noise, *own))
    return Redrawn(
        labels=(),
        similarity=similarity,
        noise=noise,
        null=highest,
        of_network=of_network,
        gradient=pairs(f"gradient_{sign}"),
        live=pairs("live"),
        counts=np.ones(len(places), bool),
        inputs=len(found[trained].scores["undefined"]),
        kept=kept,
    )


def conclude(drawn: Redrawn, means: Sequence[Mean], guards: Guards) -> Judgement:
    """Judge the means over stages: each must be at most its limit."""
    above = excess_of_means(drawn.similarity, drawn.null)
    usable, means = drawn.counts & _has_room(above, guards) & _has_pairs(drawn), _counted(means, drawn.counts)
    doubt = _too_small(drawn) or none_counts(drawn.counts) or _too_high(drawn, means[0])
    criteria = tuple(_criterion(above, each, usable, doubt is None) for each in means)
    outcome = "inconclusive" if doubt else outcome_of(criteria)
    doubt = doubt or (_undecided(drawn, above, usable, means, guards) if outcome == "inconclusive" else None)
    if outcome == "pass":
        doubt = _blocked(drawn, above, usable, guards)
        outcome = "inconclusive" if doubt else "pass"
    return Judgement(
        outcome=outcome,
        code=doubt.code if doubt else "interval" if outcome == "inconclusive" else None,
        reason=doubt.text if doubt else _reason(criteria, outcome, means),
        criteria=criteria,
        curve=tuple(_point(drawn, above, place) for place in range(len(drawn.labels))),
        inputs=len(drawn.similarity),
        seeds=drawn.similarity.shape[1],
        undefined=int((~np.isfinite(drawn.similarity)).sum()),
        total=drawn.similarity.size,
        per_input=_per_input(drawn, above),
    )


def _counted(means: Sequence[Mean], counts: Bool[np.ndarray, "K"]) -> Sequence[Mean]:
    """Return the criteria over the stages that count alone, as if the others were none."""
    if counts.all():
        return means
    weights = [np.where(counts, each.weights, 0.0) for each in means]
    return [replace(each, weights=own / (own.sum() or 1.0)) for each, own in zip(means, weights, strict=True)]


def _has_room(above: Excess, guards: Guards) -> Bool[np.ndarray, "K"]:
    """Whether a stage has head-room, or agrees so little that none is needed."""
    with np.errstate(invalid="ignore"):
        return (above.full_null <= guards.null_at_most) | (above.similarity <= BARELY_ALIKE) | (above.similarity == 1)


def _has_pairs(drawn: Redrawn) -> Bool[np.ndarray, "K"]:
    return np.isfinite(drawn.similarity).sum(axis=(0, 1)) >= FEWEST_INPUTS


def _criterion(above: Excess, mean: Mean, usable: np.ndarray, known: bool) -> Criterion:
    weights = np.where(usable, mean.weights, 0.0)
    if not known or weights.sum() < SHARE_OF_STAGES:
        return undecided(mean.name, "at_most", mean.threshold)
    values = np.where(weights > 0, above.of_pairs, 0.0) @ (weights / weights.sum())
    return criterion(mean.name, "at_most", mean.threshold, values)


def _too_small(drawn: Redrawn) -> Doubt | None:
    n, seeds = drawn.similarity.shape[:2]
    if n >= FEWEST_INPUTS and seeds >= FEWEST_SEEDS:
        return None
    left_out = drawn.inputs - n
    dropped = f" ({left_out} of {drawn.inputs} have no usable map on the trained model)" if left_out else ""
    return Doubt(
        code="too-few-inputs" if n < FEWEST_INPUTS else "too-few-seeds",
        text=f"The sample is too small: {n} usable inputs{dropped} and {seeds} seeds, at least {FEWEST_INPUTS} inputs "
        f"and {FEWEST_SEEDS} seeds are required; explain more inputs or use more seeds.",
    )


def _too_high(drawn: Redrawn, mean: Mean) -> Doubt | None:
    """Return that the null is wrong: noise would keep more than the gradient, which it stands for, does.

    Maps that do not move at all need no null.
    """
    if (drawn.similarity == 1).all():
        return None
    kept = excess_of_means(drawn.gradient, drawn.of_network)
    known = np.isfinite(kept.similarity)
    gap = float(np.where(known, mean.weights * (kept.full_null - kept.similarity), 0.0).sum())
    if gap <= NULL_TOO_HIGH:
        return None
    return Doubt(
        code="null-too-high",
        text=f"The null is too high: noise behind what is intact would keep {gap:.2f} more than the plain gradient "
        "does, so nothing can be said above it; use another similarity, or `rule: published`.",
    )


def _undecided(
    drawn: Redrawn, above: Excess, usable: np.ndarray, means: Sequence[Mean], guards: Guards
) -> Doubt | None:
    """Return why a criterion has no number; None where all have one."""
    short = [each for each in means if (each.weights * usable).sum() < SHARE_OF_STAGES]
    if not short:
        return None
    lost = (short[0].weights > 0) & ~usable
    if (lost & ~_has_pairs(drawn)).any():
        return Doubt(
            code="constant-maps",
            text=f"With {_names(drawn, lost & ~_has_pairs(drawn))} re-drawn only {float(above.live[lost].min()):.0%} "
            "of the maps can be compared; the others are constant.",
        )
    level = float(np.nanmax(above.full_null[lost]))
    return Doubt(
        code="head-room",
        text=f"No head-room: noise behind what is intact already agrees with {level:.2f} at {_names(drawn, lost)} (at "
        f"most {guards.null_at_most:.2f} is allowed), so agreement says nothing about the re-drawn parameters.",
    )


def _blocked(drawn: Redrawn, above: Excess, usable: np.ndarray, guards: Guards) -> Doubt | None:
    """Return why a pass is none: too many maps, or the network itself, are dead under the re-draws."""
    alive, least = np.nanmean(drawn.live, axis=(0, 1)), guards.live_at_least
    dead, few = usable & (alive < least), usable & (above.live < least)
    if dead.any():
        return Doubt(
            code="dead-network",
            text=f"With {_names(drawn, dead)} re-drawn the network is dead: {alive[dead].min():.0%} of the inputs have "
            f"a gradient, at least {least:.0%} must; use another re-draw, or `batch_norm: recalibrate`.",
        )
    if few.any():
        return Doubt(
            code="constant-maps",
            text=f"With {_names(drawn, few)} re-drawn only {above.live[few].min():.0%} of the maps can be compared, "
            f"the others are constant; at least {least:.0%} must be for a pass.",
        )
    return None


def _names(drawn: Redrawn, chosen: np.ndarray) -> str:
    names = [drawn.labels[place] for place in np.flatnonzero(chosen)]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _reason(criteria: Sequence[Criterion], outcome: Outcome, means: Sequence[Mean]) -> str:
    return reason(decisive(criteria, outcome), {each.name: each.words for each in means})


def _point(drawn: Redrawn, above: Excess, place: int) -> Point:
    values = above.of_pairs[:, :, place]
    estimate = within(mean_interval(values), (-1.0, 1.0)) if len(values) > 1 and np.isfinite(values).all() else None
    return Point(
        label=drawn.labels[place],
        similarity=_number(above.similarity[place]),
        null=_number(above.null[place]),
        excess=_number(above.mean[place]),
        interval=(float(estimate.low), float(estimate.high)) if estimate else None,
        undefined=int((~np.isfinite(drawn.similarity[:, :, place])).sum()),
        total=drawn.similarity[:, :, place].size,
        counts=bool(drawn.counts[place]),
    )


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _per_input(drawn: Redrawn, above: Excess) -> tuple[float | None, ...]:
    """Return what each input's map keeps at the last stage, the mean over its live pairs; None where there is none."""
    last, null = drawn.similarity[:, :, -1], above.null[-1]
    alive = np.isfinite(last)
    mean = np.where(alive, last, 0.0).sum(axis=1) / np.maximum(alive.sum(axis=1), 1)
    kept: list[float | None] = [None] * drawn.inputs
    for place, value, seen in zip(drawn.kept.tolist(), mean, np.atleast_1d(alive.any(axis=1)), strict=True):
        kept[place] = float((value - null) / (1 - null)) if seen and null < 1 else None
    return tuple(kept)
