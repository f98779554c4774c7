"""Independent parameter randomisation."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import comparison, randomization, redraws
from audit.checks.shared.cascade import Guards, Mean
from audit.checks.shared.comparison import Draws, Seeds, Share, Similarity, Threshold
from audit.checks.shared.depth import Stages
from audit.checks.shared.judgement import LEADS, Limits, Target
from audit.checks.shared.randomization import (
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
    Outcome,
    Sign,
)


@declared
class IndependentRandomization(Check):
    """The map must change when one stage of the model is re-drawn and all others stay trained.

    What it does. Re-draws the parameters of one stage at a time, the others as trained; the maps of the same inputs
    for the same classes are compared with those of the trained model on the entries that the network looks at, over
    several seeds. Similarity counts above its null: what noise in place of the stage and all behind it keeps when it
    is pulled back through what is intact, and what gradients of other inputs have in common on wholly re-drawn
    networks. The excess is averaged over the stages.

    Why it matters. It shows which parts of the model a map depends on. A map that ignores most stages explains a
    smaller model than the one that decides.

    Expected relation. The mean excess over the stages is at most ``mean_at_most``, with the upper end of a 95 %
    interval. A stage whose re-draw leaves the logits in place (they correlate above 0.95 with the trained ones) tests
    nothing: it is shown and does not count. No paper publishes limits: one half is this project's choice. On MNIST the
    gradient keeps 0.11, guided backpropagation 0.72.

    How it can mislead. One random stage between trained ones can leave the others' structure visible, so a sound
    method keeps more than under a cascade, and the mean hides a single stage that is ignored: look at the curve. A
    stage that is bypassed by a skip connection matters less by design, or does not count.
    ``target: rechosen`` explains the class that the re-drawn model predicts, as the paper's released code does: another
    question than ``fixed``. ``rule: published`` compares whole maps above noise, and every stage counts.

    Source. Adebayo et al. 2018, Sanity Checks for Saliency Maps (arXiv:1810.03292), section 3.2; the excess over a
    null and the limit are this project's.
    """

    similarity: Similarity = "spearman"
    channels: Compared | None = Field(None, description="channel reduction, or `keep`; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="compare magnitudes or signed maps; default: the spec's `maps`")
    mean_at_most: Threshold = 0.5
    seeds: Seeds = 5
    redraw: Redraws = "permute"
    batch_norm: BatchNorms = "keep"
    target: Explains = "fixed"
    null_draws: Draws = 3
    null_at_most: Share = Field(0.85, description="largest mean null of a stage with enough head-room to judge")
    live_at_least: Share = Field(0.5, description="share of maps and gradients that must not be constant for a pass")
    rule: Rule = Field("intact", description=RULE)
    undefined_at_most: Share | None = Field(
        None, description="of `rule: published`: largest share of inputs without a similarity; default 0.1"
    )

    judged: ClassVar[frozenset[str]] = frozenset(
        {"sign", "mean_at_most", "null_at_most", "live_at_least", "undefined_at_most"}
    )
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "fail", "input": "fail", "random_map": "pass"}
    )
    category: ClassVar[Category] = "dependence"
    follows: ClassVar[str] = (
        "Single layers can be lost without its maps changing. Do not use it to ask what those layers contribute; "
        "the curve says which they are."
    )
    figures: ClassVar[tuple[FigureKind, ...]] = ("curves", "stages", "inputs")
    axis: ClassVar[str] = "the one stage that is re-drawn"

    @model_validator(mode="after")
    def _fits(self) -> "IndependentRandomization":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        refuse_published(self.rule, undefined_at_most=self.undefined_at_most)
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
        """Judge the mean over the stages."""
        if self.rule == "published":
            return self._published(evidence, facts)
        guards = Guards(null_at_most=self.null_at_most, live_at_least=self.live_at_least)
        rule = redraws.RedrawRule(means=self._means, guards=guards, sign=self.sign or comparison.DEFAULT_SIGN)
        return redraws.judge(self._design(), evidence, facts, rule)

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return {**comparison.measured_fields(self), "rule": self.rule}

    def _published(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        target = Target(
            name="mean",
            relation="at_most",
            threshold=self.mean_at_most,
            places=lambda excess: excess.mean(axis=2),
            words=self._words(),
        )
        undefined = PUBLISHED_UNDEFINED if self.undefined_at_most is None else self.undefined_at_most
        limits = Limits(null_at_most=self.null_at_most, undefined_at_most=undefined)
        judging = randomization.Judging(targets=(target,), limits=limits, sign=self.sign)
        return randomization.judge(self._design(), evidence, facts, judging)

    def _means(self, depth: Stages) -> Sequence[Mean]:
        weights = np.full(len(depth), 1 / len(depth))
        return (Mean(name="mean", threshold=self.mean_at_most, weights=weights, words=(LEADS, self._words())),)

    def _words(self) -> tuple[str, str]:
        what = f"of its excess {quantity(self.similarity)}"
        return f"{what}, on average over the stages, after one stage's parameters are re-drawn", "on average"

    def _design(self) -> randomization.RandomizationDesign:
        return randomization.RandomizationDesign(
            mode="independent",
            order="top_down",
            seeds=self.seeds,
            redraw=self.redraw,
            batch_norm=randomization.treatments(self.batch_norm),
            target=self.target,
            null_draws=self.null_draws,
        )
