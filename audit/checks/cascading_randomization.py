"""Cascading parameter randomisation."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import comparison, randomization, redraws
from audit.checks.shared.cascade import Guards, Mean
from audit.checks.shared.comparison import Draws, Seeds, Share, Similarity, Threshold
from audit.checks.shared.depth import Stages, half_weights
from audit.checks.shared.judgement import LEADS, Limits
from audit.checks.shared.randomization import (
    PUBLISHED_MEAN,
    PUBLISHED_UNDEFINED,
    RULE,
    BatchNorms,
    Explains,
    Redraws,
    Rule,
    refuse_published,
)
from audit.checks.shared.wording import quantity
from audit.declare import declared
from audit.record import (
    Category,
    Compared,
    Condition,
    Evidence,
    Facts,
    FigureKind,
    Order,
    Outcome,
    Sign,
)


@declared
class CascadingRandomization(Check):
    """The map must change when the model's parameters are re-drawn, stage after stage.

    What it does. Re-draws the parameters of the first stage, then of the first two, and so on until none is as
    trained; at each stage the maps of the same inputs for the same classes are compared with those of the trained
    model, over several seeds, on the entries that the network looks at. Similarity counts above its null: what noise
    in place of all that is re-drawn keeps when it is pulled back through what is still intact, and what gradients of
    other inputs have in common on wholly re-drawn networks. The excess is averaged over the upper half of the
    network's depth in weight layers, and taken at the last stage. A stage whose re-draw leaves the logits in place
    adds no depth.

    Why it matters. A map that stays the same while the model forgets what it learned does not show what the model
    learned. It shows the input, or the architecture, and cannot be evidence for what drove a prediction.

    Expected relation. The excess over the upper half is at most ``half_at_most`` and that at the last stage at most
    ``last_at_most``, both with the upper end of a 95 % interval. No paper publishes limits. On seven networks of 4 to
    26 layers (digits, MNIST, photographs) the gradient kept at most 0.10 over the half and 0.15 at the end, guided
    backpropagation at least 0.50 over the half and 0.00 to 0.62 at the end.

    How it can mislead. Passing is necessary, not sufficient: random noise passes. The limits were set on rank
    correlation and on methods that read gradients. Of a model without a graph nothing is known to be intact, so that
    an innocent method may keep too much. Re-initialised networks with zero biases are silent on blank input and make
    an innocent gradient fail; permuting the trained values avoids it. Kept batch-normalisation statistics can silence
    a deep network: pairs with a constant map are left out, and nothing passes where more than half are.
    ``target: fixed`` asks whether the same question gets the same answer; the released code of the paper re-chooses
    the class on each re-drawn model (``rechosen``), which mixes a change of the map with a change of the question.
    ``rule: published`` compares whole maps and averages over all stages, where the number of stages decides.

    Source. Adebayo et al. 2018, Sanity Checks for Saliency Maps (arXiv:1810.03292), section 3.1; the nulls, the
    depth and the limits are this project's.
    """

    similarity: Similarity = "spearman"
    channels: Compared | None = Field(None, description="channel reduction, or `keep`; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="compare magnitudes or signed maps; default: the spec's `maps`")
    half_at_most: Threshold = 0.25
    last_at_most: Threshold = 0.3
    order: Order = "top_down"
    seeds: Seeds = 5
    redraw: Redraws = "permute"
    batch_norm: BatchNorms = "keep"
    target: Explains = "fixed"
    null_draws: Draws = 3
    null_at_most: Share = Field(0.85, description="largest mean null of a stage with enough head-room to judge")
    live_at_least: Share = Field(0.5, description="share of maps and gradients that must not be constant for a pass")
    rule: Rule = Field("intact", description=RULE)
    mean_at_most: Threshold | None = Field(None, description="of `rule: published`: limit on the mean; default 0.5")
    undefined_at_most: Share | None = Field(
        None, description="of `rule: published`: largest share of inputs without a similarity; default 0.1"
    )

    judged: ClassVar[frozenset[str]] = frozenset(
        {"sign", "half_at_most", "last_at_most", "null_at_most", "live_at_least", "mean_at_most", "undefined_at_most"}
    )
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "fail", "input": "fail", "random_map": "pass"}
    )
    category: ClassVar[Category] = "dependence"
    follows: ClassVar[str] = randomization.FOLLOWS
    figures: ClassVar[tuple[FigureKind, ...]] = ("curves", "inputs")
    axis: ClassVar[str] = randomization.CASCADE

    @model_validator(mode="after")
    def _fits(self) -> "CascadingRandomization":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        refuse_published(self.rule, mean_at_most=self.mean_at_most, undefined_at_most=self.undefined_at_most)
        return self

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the nulls, the identity, then every stage of every seed."""
        planned = randomization if self.rule == "published" else redraws
        return planned.conditions(self._design(), facts)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Compare one method's maps under one condition with those of the trained model, or measure a null."""
        options: dict[str, Any] = {"similarity": self.similarity, "channels": self.channels}
        if self.rule == "published":
            return comparison.measure_whole(method, condition, bench, **options)
        return redraws.measure(method, condition, bench, **options)

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the upper half of the depth and the last stage: both must be at most their limits."""
        if self.rule == "published":
            return self._published(evidence, facts)
        guards = Guards(null_at_most=self.null_at_most, live_at_least=self.live_at_least)
        rule = redraws.RedrawRule(means=self._means, guards=guards, sign=self.sign or comparison.DEFAULT_SIGN)
        return redraws.judge(self._design(), evidence, facts, rule)

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return {**comparison.measured_fields(self), "rule": self.rule}

    def _published(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        mean = PUBLISHED_MEAN if self.mean_at_most is None else self.mean_at_most
        undefined = PUBLISHED_UNDEFINED if self.undefined_at_most is None else self.undefined_at_most
        targets = randomization.cascade_targets(self.similarity, mean, self.last_at_most)
        limits = Limits(null_at_most=self.null_at_most, undefined_at_most=undefined)
        judging = randomization.Judging(targets=targets, limits=limits, sign=self.sign)
        return randomization.judge(self._design(), evidence, facts, judging)

    def _means(self, depth: Stages) -> Sequence[Mean]:
        what = f"of its excess {quantity(self.similarity)}, "
        half = what + "over the upper half of the network's depth, while its parameters are re-drawn"
        last = what + "at the last stage, where all parameters are re-drawn"
        return (
            Mean(
                name="half",
                threshold=self.half_at_most,
                weights=half_weights(depth),
                words=(LEADS, (half, "over the upper half")),
            ),
            Mean(
                name="last",
                threshold=self.last_at_most,
                weights=np.eye(len(depth))[-1],
                words=(LEADS, (last, "at the last stage")),
            ),
        )

    def _design(self) -> randomization.RandomizationDesign:
        return randomization.RandomizationDesign(
            mode="cascading",
            order=self.order,
            seeds=self.seeds,
            redraw=self.redraw,
            batch_norm=randomization.treatments(self.batch_norm),
            target=self.target,
            null_draws=self.null_draws,
        )
