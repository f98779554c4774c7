"""Judging, for every check that compares maps with the trained model's maps: evidence to a judgement.

Whatever keeps a test from having power gives *inconclusive* with its reason; only finite intervals are compared.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from audit.checks.check import Judgement
from audit.checks.shared.curves import AboveNull, Curve, curve, values
from audit.checks.shared.wording import decisive, reason
from audit.maps import NOT_FINITE
from audit.record import Condition, Criterion, Doubt, Evidence, Outcome, Point, Randomized, Relation, Undecided, record
from audit.statistics import NO_HEAD_ROOM, Estimate, decide, mean_interval, p_value, within

__all__ = [
    "AboveNull",
    "Curve",
    "Limits",
    "Target",
    "conclude",
    "curve",
    "decisive",
    "point",
    "stopped",
    "unchanged",
    "values",
]

LEADS = ("The map keeps", "it keeps")
"""What stands before the number of a share of similarity that is kept: at first, and after that."""

FEWEST_INPUTS = 10
FEWEST_SEEDS = 2


@record
class Target:
    """One criterion: which places of the curve are averaged, and the limit on their mean excess."""

    name: str  # mean | last | value
    relation: Relation
    threshold: float
    places: Callable[[np.ndarray], np.ndarray]  # (n, J, K) -> (n, J)
    words: tuple[str, str]  # completes "The map keeps 0.74 ...": in full; and in short, "... it keeps 0.74"
    leads: tuple[str, str] = LEADS  # what stands before the number: at first; and after that


@record
class Limits:
    """What must hold before anything is decided."""

    null_at_most: float
    undefined_at_most: float
    fewest_seeds: int = FEWEST_SEEDS  # 1 where nothing is drawn


def stopped(evidence: Sequence[Evidence], conditions: Sequence[Condition], *, what: str = "unit") -> Judgement | None:
    """Return the error that keeps evidence from being judged: a failed unit, or one that is missing."""
    wanted = set(conditions)
    failed = [each for each in evidence if each.status == "failed" and each.unit.condition in wanted]
    if failed:
        also = f" ({len(failed)} {what}s failed)" if len(failed) > 1 else ""
        return Judgement(outcome="error", reason=f"A {what} failed: {failed[0].error}{also}.")
    missing = len(wanted - {each.unit.condition for each in evidence})
    if missing:
        text = f"The evidence of {missing} of {len(wanted)} {what}s is missing: run the audit again to measure it."
        return Judgement(outcome="error", reason=text)
    return None


def unchanged(evidence: Sequence[Evidence], names: Sequence[str]) -> Doubt | None:
    """Return why randomisation tested nothing: a stage none of whose parameters changed; ``names`` by stage - 1."""
    for each in evidence:
        condition = each.unit.condition
        if not isinstance(condition, Randomized) or condition.stage == 0:
            continue
        changed = float(np.asarray(each.scores["changed"]).reshape(-1)[0])
        if not changed > 0:  # NaN too
            other = "use `redraw: initializer`, or " if condition.redraw in ("permute", "normal") else ""
            return Doubt(
                code="nothing-changed",
                text=f"Re-drawing stage {names[condition.stage - 1]} (redraw: {_named(condition)}) changed none of its "
                f"parameters, so nothing was tested: {other}join the stage with another in `model: {{stages: ...}}`.",
            )
    return None


def _named(condition: Randomized) -> str:
    return condition.redraw if isinstance(condition.redraw, str) else condition.redraw.distribution


def conclude(
    curve: Curve, targets: Sequence[Target], limits: Limits, *, first: Point | None = None, doubt: Doubt | None = None
) -> Judgement:
    """Judge a curve. ``first`` is a point drawn before it; ``doubt`` a reason found earlier for being inconclusive."""
    doubt = doubt or _doubt(curve, limits)
    criteria = () if doubt else tuple(_criterion(curve, target) for target in targets)
    outcome: Outcome = "inconclusive" if doubt else outcome_of(criteria)
    chosen = decisive(criteria, outcome)
    words = {target.name: (target.leads, target.words) for target in targets}
    points = tuple(point(curve, place) for place in range(len(curve.labels)))
    return Judgement(
        outcome=outcome,
        reason=doubt.text if doubt else reason(chosen, words),
        criteria=criteria or tuple(_undecided(target) for target in targets),
        curve=((first,) if first else ()) + points,
        inputs=int(curve.usable.sum()),
        seeds=curve.similarity.shape[1],
        undefined=int((~np.isfinite(curve.excess)).sum()),
        total=curve.excess.size,
        per_input=_per_input(curve),
        code=doubt.code if doubt else "interval" if outcome == "inconclusive" else None,
    )


def outcome_of(criteria: Sequence[Criterion]) -> Outcome:
    """Return what criteria say together: a failure of one, a pass of all, or neither."""
    outcomes = [each.outcome for each in criteria]
    if "fail" in outcomes:
        return "fail"
    return "pass" if outcomes and all(each == "pass" for each in outcomes) else "inconclusive"


def criterion(name: str, relation: Relation, threshold: float, values: np.ndarray) -> Criterion:
    """Hold the mean excess (n, J) of similarities against a threshold."""
    return held(name, relation, threshold, within(mean_interval(values), (-1.0, 1.0)))


def held(name: str, relation: Relation, threshold: float, estimate: Estimate) -> Criterion:
    """Hold an estimate against a threshold."""
    interval = float(estimate.low), float(estimate.high)
    return Criterion(
        name=name,
        relation=relation,
        threshold=threshold,
        statistic=float(estimate.mean),
        interval=interval,
        outcome=decide(interval, threshold, relation),
        p_value=p_value(estimate, threshold, relation),
    )


def undecided(name: str, relation: Relation, threshold: float) -> Criterion:
    """Return a criterion that has no number."""
    return Criterion(
        name=name, relation=relation, threshold=threshold, statistic=None, interval=None, outcome="inconclusive"
    )


def _criterion(curve: Curve, target: Target) -> Criterion:
    values = target.places(curve.excess[curve.usable])
    return held(target.name, target.relation, target.threshold, curve.estimate(values))


def _undecided(target: Target) -> Criterion:
    return undecided(target.name, target.relation, target.threshold)


def _doubt(curve: Curve, limits: Limits) -> Doubt | None:
    """Return why the test has no power, in one sentence with what to change."""
    n, seeds = curve.similarity.shape[:2]
    known = curve.null[np.isfinite(curve.null)]
    if not curve.exact and known.size and known.mean() > limits.null_at_most:
        both = curve.shuffled is not None
        alike = "maps of pure noise, or maps with their pixels shuffled," if both else "maps of pure noise"
        other = "another similarity, another `normalise`" if both else "another input encoding"
        return Doubt(
            code="head-room",
            text=f"No head-room: {alike} already agree with {known.mean():.3f} (at most "
            f"{limits.null_at_most:.2f} is allowed), so agreement says nothing about the model; use {other}.",
        )
    left_out = int((~curve.usable).sum())
    if left_out / n > limits.undefined_at_most:
        causes = _causes(curve)
        counted = ", ".join(f"{count} with {_CAUSES[code]}" for code, count in causes.items())
        return Doubt(
            code=max(causes, key=lambda code: causes[code]) if causes else "undefined-inputs",
            text=f"{left_out} of {n} inputs have no defined similarity ({counted}), more than the "
            f"{100 * limits.undefined_at_most:g} % allowed; look at the maps, choose other inputs or another re-draw.",
        )
    if n - left_out < FEWEST_INPUTS or seeds < limits.fewest_seeds:
        return Doubt(
            code="too-few-inputs" if n - left_out < FEWEST_INPUTS else "too-few-seeds",
            text=f"The sample is too small: {n - left_out} usable inputs and {seeds} seeds, at least {FEWEST_INPUTS} "
            f"inputs and {limits.fewest_seeds} seeds are required; explain more inputs or use more seeds.",
        )
    return None


_CAUSES: Mapping[Undecided, str] = MappingProxyType(
    {
        "constant-maps": "a constant map",
        "maps-not-finite": "a map that is not finite",
        "head-room": f"a null above {NO_HEAD_ROOM}",
    }
)


def _causes(curve: Curve) -> dict[Undecided, int]:
    """Return how many inputs each cause concerns, none left out; an input may have several."""
    no_room = ~np.isfinite(curve.null) | (curve.null > NO_HEAD_ROOM)
    found: dict[Undecided, np.ndarray] = {
        "constant-maps": (curve.flaws == 1).any(axis=(1, 2)),
        "maps-not-finite": (curve.flaws == NOT_FINITE).any(axis=(1, 2)),
        "head-room": no_room.any(axis=(1, 2)) & np.array(not curve.exact),
    }
    return {code: int(each.sum()) for code, each in found.items() if each.any()}


def point(curve: Curve, place: int) -> Point:
    """Return one place of the curve: means over inputs with a defined similarity everywhere, excess over usable ones.

    Inputs without head-room keep their raw similarity and their null in the picture: there the two coincide.
    """
    seen = np.isfinite(curve.similarity).all(axis=(1, 2))
    above = curve.excess[curve.usable][:, :, place]
    estimate = curve.estimate(above) if len(above) > 1 else None
    null = _mean_of_finite(curve.null[seen][:, :, place % curve.null.shape[2]])
    return Point(
        label=curve.labels[place],
        similarity=float(curve.similarity[seen, :, place].mean()) if seen.any() else None,
        null=null,
        excess=float(np.clip(above.mean(), *curve.bounds)) if above.size else None,
        interval=(float(estimate.low), float(estimate.high)) if estimate else None,
        undefined=int((~np.isfinite(curve.similarity[:, :, place])).sum()),
        total=curve.similarity[:, :, place].size,
        noise=None if curve.noise is None else _mean_of_finite(curve.noise[seen]),
        shuffled=None if curve.shuffled is None else _mean_of_finite(curve.shuffled[seen][:, :, place]),
    )


def _mean_of_finite(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _per_input(curve: Curve) -> tuple[float | None, ...]:
    last = curve.excess[:, :, -1].mean(axis=1)  # NaN where any seed is undefined
    return tuple(float(each) if np.isfinite(each) else None for each in last)
