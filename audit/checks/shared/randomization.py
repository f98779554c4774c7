"""What cascading and independent randomisation share: their conditions, and their evidence as one curve."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, Field

from audit.checks.check import Judgement
from audit.checks.shared.comparison import DEFAULT_SIGN
from audit.checks.shared.judgement import AboveNull, Curve, Limits, Target, conclude, curve, point, stopped, unchanged
from audit.checks.shared.stages import chosen, counting, none_counts, of_counting
from audit.checks.shared.wording import quantity
from audit.record import (
    BatchNorm,
    Condition,
    Evidence,
    ExplainedClass,
    Facts,
    Mode,
    Null,
    Order,
    Point,
    Randomized,
    Redraw,
    Reference,
    Sign,
    record,
)

CASCADE = "stages re-drawn so far, from left to right"

FOLLOWS = (
    "Its maps show the input more than the model. Do not offer them as reasons for a prediction; take a method that "
    "passes, or judge another setting of this one."
)


def _distinct(value: BatchNorm | tuple[BatchNorm, ...]) -> BatchNorm | tuple[BatchNorm, ...]:
    if isinstance(value, tuple) and len(set(value)) < len(value):
        raise ValueError("`batch_norm` lists a treatment twice")
    return value


BatchNorms = Annotated[
    BatchNorm | Annotated[tuple[BatchNorm, ...], Field(min_length=1)],
    AfterValidator(_distinct),
    Field(description="treatment of moving statistics; of a list, the first is judged and the others are shown"),
]
Redraws = Annotated[
    Redraw,
    Field(
        description="new values: the trained ones permuted, from the layers' own initializers, or from a distribution"
    ),
]
Explains = Annotated[
    ExplainedClass,
    Field(description="class explained on the re-drawn model: the same as before, or its own prediction"),
]


Rule = Literal["intact", "published"]
RULE = (
    "above the null of what a re-draw leaves intact, pair by pair, where the network looks; or as published: whole "
    "maps, above noise, inputs with any undefined similarity left out"
)
PUBLISHED_MEAN = 0.5
PUBLISHED_UNDEFINED = 0.1


def refuse_published(rule: Rule, **limits: float | None) -> None:
    """Refuse limits that only the published rule has.

    Raises:
        ValueError: one of them is set under another rule; a field's fault.
    """
    given = [name for name, value in limits.items() if value is not None]
    if rule != "published" and given:
        raise ValueError(f"`{given[0]}` belongs to `rule: published`; remove it, or set that rule")


def treatments(batch_norm: BatchNorm | tuple[BatchNorm, ...]) -> tuple[BatchNorm, ...]:
    """Return the treatments of batch normalisation that are measured, the judged one first."""
    return batch_norm if isinstance(batch_norm, tuple) else (batch_norm,)


@record
class RandomizationDesign:
    """How parameters are re-drawn, how often, and how the null is estimated."""

    mode: Mode
    order: Order
    seeds: int
    redraw: Redraw
    batch_norm: tuple[BatchNorm, ...]  # the first is judged
    target: ExplainedClass
    null_draws: int

    def at(self, stage: int, seed: int, batch_norm: BatchNorm | None = None) -> Randomized:
        """Return the condition of one stage (0: nothing re-drawn) and one seed."""
        return Randomized(
            mode=self.mode,
            stage=stage,
            seed=seed,
            order=self.order,
            redraw=self.redraw,
            batch_norm=batch_norm or self.batch_norm[0],
            target=self.target,
        )

    def drawn(self, stages: int) -> Iterator[Randomized]:
        """Yield the conditions of all stages, seed by seed, under each treatment of batch normalisation."""
        for batch_norm in self.batch_norm:
            for seed in range(self.seeds):
                yield from (self.at(stage, seed, batch_norm) for stage in range(1, stages + 1))

    def places(self, stages: int, batch_norm: BatchNorm) -> list[list[Randomized]]:
        """Return the conditions of each stage by seed."""
        return [[self.at(stage, seed, batch_norm) for seed in range(self.seeds)] for stage in range(1, stages + 1)]


@record
class Judging:
    """What is judged of the curve: which sign, its targets, and what must hold before anything is decided."""

    targets: Sequence[Target]
    limits: Limits
    sign: Sign | None  # None: the default
    moving: bool = False  # whether stages whose re-draw leaves the logits in place are shown and do not count


def cascade_targets(similarity: Any, mean_at_most: float, last_at_most: float) -> tuple[Target, Target]:
    """Return the criteria of a cascade: the mean over the stages and the last stage, each at most its limit."""
    what = f"of its excess {quantity(similarity)}, "
    mean = Target(
        name="mean",
        relation="at_most",
        threshold=mean_at_most,
        places=lambda excess: excess.mean(axis=2),
        words=(what + "on average over the cascade, after the parameters are re-drawn", "on average"),
    )
    last = Target(
        name="last",
        relation="at_most",
        threshold=last_at_most,
        places=lambda excess: excess[:, :, -1],
        words=(what + "at the last stage, where all parameters are re-drawn", "at the last stage"),
    )
    return mean, last


def conditions(design: RandomizationDesign, facts: Facts) -> tuple[Condition, ...]:
    """Return the null, stage 0 once (everything computed again: similarity exactly 1), then all stages by seed."""
    return (Null(draws=design.null_draws), design.at(0, 0), *design.drawn(len(facts.network.stages)))


def complete(
    evidence: Sequence[Evidence], wanted: Sequence[Condition], facts: Facts
) -> Mapping[Condition, Evidence] | Judgement:
    """Return the evidence of the conditions that are wanted; or the judgement where there is nothing to judge."""
    if not facts.network.stages:
        text = "The network has no parameters to re-draw."
        return Judgement(outcome="inconclusive", code="no-parameters", reason=text)
    error = stopped(evidence, wanted)
    return error or {each.unit.condition: each for each in evidence if each.unit.condition in wanted}


def judge(design: RandomizationDesign, evidence: Sequence[Evidence], facts: Facts, judging: Judging) -> Judgement:
    """Judge the evidence of one method; every condition must be there.

    Only the first treatment of batch normalisation is judged: which one counts is then settled before the results are
    seen, and showing further ones cannot turn a verdict. The others' curves stand beside it.
    """
    found = complete(evidence, conditions(design, facts), facts)
    if isinstance(found, Judgement):
        return found
    names = [stage.name for stage in facts.network.stages]
    names = names if design.order == "top_down" else names[::-1]
    above = AboveNull(null=Null(draws=design.null_draws), sign=judging.sign or DEFAULT_SIGN)
    trained = curve(found, [[design.at(0, 0)]], ["trained"], above)
    drawn = [curve(found, design.places(len(names), each), names, above) for each in design.batch_norm]
    curves = [each for each in drawn if not isinstance(each, str)]
    if isinstance(trained, str) or len(curves) < len(drawn):
        return Judgement(outcome="inconclusive", code="sign-removed", reason=str(drawn[0]))
    start, counts = point(trained, 0), counting(found, design.places(len(names), design.batch_norm[0]))
    doubt = none_counts(counts)
    counts = counts if judging.moving and counts.any() else np.ones_like(counts)
    doubt = unchanged(of_counting(found.values(), counts), names) or doubt
    judged = conclude(chosen(curves[0], counts), judging.targets, judging.limits, doubt=doubt)
    judged = replace(judged, curve=(start, *_points(curves[0], counts)))
    others = zip(design.batch_norm[1:], curves[1:], strict=True)
    return replace(judged, references=tuple(_reference(each, start, curve) for each, curve in others))


def _points(drawn: Curve, counts: np.ndarray) -> list[Point]:
    """Return all places of a curve: those that count over the inputs that are judged, each other one by itself."""
    judged, positions = chosen(drawn, counts), np.cumsum(counts) - 1
    return [
        point(judged, int(positions[place])) if counted else replace(point(chosen(drawn, [place]), 0), counts=False)
        for place, counted in enumerate(counts)
    ]


def _reference(batch_norm: BatchNorm, start: Point, drawn: Curve) -> Reference:
    points = tuple(point(drawn, place) for place in range(len(drawn.labels)))
    return Reference(name=f"batch_norm: {batch_norm}", curve=(start, *points), quantity="similarity")
