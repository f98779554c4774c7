"""What cascading and independent randomisation share under the rule of what is intact: conditions, scores, verdict."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from audit.checks.check import Bench, Judgement, Measurement
from audit.checks.shared import comparison
from audit.checks.shared.cascade import Guards, Mean, Redrawn, arrange, conclude
from audit.checks.shared.depth import Stages, depths
from audit.checks.shared.judgement import unchanged
from audit.checks.shared.nulls import measure_gradient, measure_null
from audit.checks.shared.randomization import RandomizationDesign, complete
from audit.checks.shared.stages import counting, of_counting
from audit.checks.shared.support import masked_unsaid
from audit.record import (
    Architecture,
    BatchNorm,
    Compared,
    Condition,
    Doubt,
    Evidence,
    Facts,
    Intact,
    Null,
    Point,
    Randomized,
    Reference,
    Sign,
    record,
)


@record
class RedrawRule:
    """How re-draws are judged: the criteria by the depths of the stages (K,), and what must hold before."""

    means: Callable[[Stages], Sequence[Mean]]
    guards: Guards
    sign: Sign


def conditions(design: RandomizationDesign, facts: Facts) -> tuple[Condition, ...]:
    """Return the nulls, stage 0 once (everything computed again: similarity exactly 1), then all stages by seed."""
    return (*_others(design, facts), *_intact(design, facts), *design.drawn(len(facts.network.stages)))


def measure(
    method: str, condition: Condition, bench: Bench, *, similarity: Any, channels: Compared | None
) -> Measurement:
    """Measure one method under one condition: ``comparison.measure``, and the nulls of ``shared/nulls.py``.

    The scores of a re-draw also say what the plain gradient keeps: ``gradient_...`` and ``live`` (n,); those of the
    trained model whether a multiplication by the input was left unsaid: ``masked_unsaid`` (1,).
    """
    if isinstance(condition, Intact | Architecture):
        return measure_null(method, condition, bench, similarity=similarity, channels=channels)
    measured = comparison.measure(method, condition, bench, similarity=similarity, channels=channels)
    if not isinstance(condition, Randomized):
        return measured
    if condition.stage == 0:
        unsaid = np.array([float(masked_unsaid(method, bench))])
        return replace(measured, scores={**measured.scores, "masked_unsaid": unsaid})
    own = measure_gradient(method, condition, bench, similarity=similarity, channels=channels)
    return replace(measured, scores={**measured.scores, **own})


def judge(design: RandomizationDesign, evidence: Sequence[Evidence], facts: Facts, rule: RedrawRule) -> Judgement:
    """Judge the evidence of one method; every condition must be there.

    Only the first treatment of batch normalisation is judged: which one counts is then settled before the results are
    seen, and showing further ones cannot turn a verdict. The others' curves stand beside it.
    """
    found = complete(evidence, conditions(design, facts), facts)
    if isinstance(found, Judgement):
        return found
    stages = facts.network.stages if design.order == "top_down" else facts.network.stages[::-1]
    names = tuple(stage.name for stage in stages)
    null, architecture, trained = _others(design, facts)
    arranged = [
        arrange(
            found, design.places(len(names), each), _intact(design, facts), (null, architecture, trained), rule.sign
        )
        for each in design.batch_norm
    ]
    moves = counting(found, design.places(len(names), design.batch_norm[0]))
    counts = moves if design.mode == "independent" or not moves.any() else np.ones_like(moves)
    drawn = [replace(each, labels=names, counts=counts) for each in arranged if not isinstance(each, str)]
    if len(drawn) < len(arranged):
        return Judgement(outcome="inconclusive", code="sign-removed", reason=str(arranged[0]))
    # A cascade has gone no deeper where the logits stayed; what it re-drew before is re-drawn at such a stage too.
    means = rule.means(depths([stage.matrices if moved else 0 for stage, moved in zip(stages, moves, strict=True)]))
    judged = [conclude(each, means, rule.guards) for each in drawn]
    doubt = unchanged(of_counting(found.values(), moves), names) or _unsaid(found[trained], judged[0])
    if doubt:
        judged[0] = replace(judged[0], outcome="inconclusive", code=doubt.code, reason=doubt.text)
    start = _start(found[trained], drawn[0], rule.sign)
    shown = [replace(each, curve=(start, *each.curve)) for each in judged]
    others = zip(design.batch_norm[1:], shown[1:], strict=True)
    return replace(shown[0], references=tuple(_reference(each, judgement) for each, judgement in others))


def _others(design: RandomizationDesign, facts: Facts) -> tuple[Null, Architecture, Randomized]:
    stages = len(facts.network.stages)
    architecture = Architecture(stages=stages, redraw=design.redraw, batch_norm=design.batch_norm[0])
    return Null(draws=design.null_draws), architecture, design.at(0, 0)


def _intact(design: RandomizationDesign, facts: Facts) -> tuple[Intact, ...]:
    stages = range(1, len(facts.network.stages) + 1)
    return tuple(
        Intact(mode=design.mode, stage=each, order=design.order, draws=max(2, design.null_draws)) for each in stages
    )


def _unsaid(trained: Evidence, judged: Judgement) -> Doubt | None:
    """Return that a failure may be the input's own: nobody said whether the maps are multiplied by it."""
    unmoved = all(point.similarity == 1 for point in judged.curve)  # maps that are the same need no null
    if judged.outcome != "fail" or unmoved or not np.any(trained.scores.get("masked_unsaid", 0.0)):
        return None
    return Doubt(
        code="masked-unsaid",
        text="The maps are 0 where the input is, and it is not said whether they are multiplied by it, which keeps "
        f"some similarity without any model: set `multiplies_input` to true or false. Measured: {judged.reason}",
    )


def _start(trained: Evidence, drawn: Redrawn, sign: Sign) -> Point:
    """Return the point at which nothing is re-drawn: each map compared with itself."""
    similarity = np.asarray(trained.scores[f"similarity_{sign}"], np.float64)
    seen = np.isfinite(similarity)
    mean = float(similarity[seen].mean()) if seen.any() else None
    level = drawn.noise[np.isfinite(drawn.noise)]
    return Point(
        label="trained",
        similarity=mean,
        null=float(level.mean()) if level.size else None,
        excess=mean,
        interval=None if mean is None else (mean, mean),
        undefined=int((~seen).sum()),
        total=similarity.size,
    )


def _reference(batch_norm: BatchNorm, judgement: Judgement) -> Reference:
    return Reference(name=f"batch_norm: {batch_norm}", curve=judgement.curve, quantity="similarity")
