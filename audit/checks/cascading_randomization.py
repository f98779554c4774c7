"""Cascading parameter randomisation."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import comparison, randomization
from audit.checks.shared.comparison import Draws, Seeds, Share, Similarity, Threshold
from audit.checks.shared.judgement import Limits
from audit.checks.shared.randomization import BatchNorms, Explains, Redraws
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
    model, and the similarity above its null is averaged over the stages and taken at the last one, over several seeds.

    Why it matters. A map that stays the same while the model forgets what it learned does not show what the model
    learned. It shows the input, or the architecture, and cannot be evidence for what drove a prediction.

    Expected relation. The mean excess over the stages is at most ``mean_at_most`` and the excess at the last stage at
    most ``last_at_most``, both with the upper end of a 95 % interval. No paper publishes limits: half of the excess on
    average and a third at the end, rounded, are this project's choice. On MNIST the gradient keeps 0.25 and 0.14,
    guided backpropagation 0.75 and 0.55.

    How it can mislead. Passing is necessary, not sufficient: random noise passes. Maps masked by the input agree
    without any model, which the null takes off. Re-initialised networks with zero biases are silent on blank input and
    make an innocent gradient fail; permuting the trained values avoids it. Kept batch-normalisation statistics can
    silence a deep network, and maps that become constant are counted, not compared.
    ``target: fixed`` asks whether the same question gets the same answer; the released code of the paper re-chooses
    the class on each re-drawn model (``rechosen``), which mixes a change of the map with a change of the question.

    Source. Adebayo et al. 2018, Sanity Checks for Saliency Maps (arXiv:1810.03292), section 3.1; the excess over a
    null and the limits are this project's.
    """

    similarity: Similarity = "spearman"
    channels: Compared | None = Field(None, description="channel reduction, or `keep`; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="compare magnitudes or signed maps; default: the spec's `maps`")
    mean_at_most: Threshold = 0.5
    last_at_most: Threshold = 0.3
    order: Order = "top_down"
    seeds: Seeds = 5
    redraw: Redraws = "permute"
    batch_norm: BatchNorms = "keep"
    target: Explains = "fixed"
    null_draws: Draws = 10
    null_at_most: Share = Field(0.8, description="largest mean null with enough head-room to judge")
    undefined_at_most: Share = Field(0.1, description="largest share of inputs without a defined similarity")

    judged: ClassVar[frozenset[str]] = frozenset(
        {"sign", "mean_at_most", "last_at_most", "null_at_most", "undefined_at_most"}
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
        return self

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the null, the identity, then every stage of every seed."""
        return randomization.conditions(self._design(), facts)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Compare one method's maps under one condition with those of the trained model."""
        return comparison.measure(method, condition, bench, similarity=self.similarity, channels=self.channels)

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the mean over the stages and the last stage: both must be at most their limits."""
        targets = randomization.cascade_targets(self.similarity, self.mean_at_most, self.last_at_most)
        limits = Limits(null_at_most=self.null_at_most, undefined_at_most=self.undefined_at_most)
        judging = randomization.Judging(targets=targets, limits=limits, sign=self.sign)
        return randomization.judge(self._design(), evidence, facts, judging)

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return comparison.measured_fields(self)

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
