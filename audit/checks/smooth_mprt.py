"""Cascading randomisation of maps averaged over noisy inputs: the smooth model parameter randomisation test."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import comparison, perturbation, randomization
from audit.checks.shared.comparison import Draws, Seeds, Share, Similarity, Threshold
from audit.checks.shared.judgement import Limits
from audit.checks.shared.randomization import BatchNorms, Explains, Redraws
from audit.checks.shared.support import support
from audit.declare import declared
from audit.record import (
    Category,
    Compared,
    Condition,
    Evidence,
    Facts,
    FigureKind,
    Order,
    Original,
    Outcome,
    Sign,
)


@declared
class SmoothMprt(Check):
    """The map, averaged over noisy inputs, must change when the model's parameters are re-drawn, stage after stage.

    What it does. Averages the maps of noisy copies of each input, with one copy's noise the same for every model, and
    compares the averages of the trained model with those of the re-drawn one, as the cascade does with single maps; by
    default from the input up. The null is averaged over the same copies.

    Why it matters. Noise in a map lowers every similarity, so that a noisy method passes a cascade for its noise alone.
    After averaging, what disagrees is no longer the shattered gradient.

    Expected relation. The mean excess over the stages is at most ``mean_at_most`` and the excess at the last stage at
    most ``last_at_most``, both with the upper end of a 95 % interval. A stage that leaves the logits of the
    stage before in place (a correlation above 0.95) is shown and does not count. The limits are those of the cascade,
    this project's choice; the paper publishes none.

    How it can mislead. The null of a map that is masked by its input counts one noise for all copies: input x gradient
    on 8 by 8 digits ends at 0.73 where the null is 0.77, so a low excess of such a map means little. What is averaged
    away may be a property of the model, not of the method. It costs ``samples`` times a cascade, and does next to
    nothing to SmoothGrad. From the input up, the first stage already feeds all later ones with noise, so the curve
    falls sooner than from the output down. ``target: rechosen`` asks another question than ``fixed``: the class that
    the re-drawn model predicts on the input itself.

    Source. Hedström, Weber, Lapuschkin and Höhne 2023, Sanity Checks Revisited (arXiv:2401.06465): 50 copies, noise of
    0.1 times each input's range; rank correlation is the default of their library, structural similarity what their
    runs took. The excess over a null is this project's.
    """

    samples: Annotated[int, Field(ge=1, le=10_000, description="noisy copies of each input")] = 50
    noise: Annotated[float, Field(gt=0, le=10, description="deviation, as a share of each input's own range")] = 0.1
    similarity: Similarity = "spearman"
    channels: Compared | None = Field(None, description="channel reduction, or `keep`; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="compare magnitudes or signed maps; default: the spec's `maps`")
    mean_at_most: Threshold = 0.5
    last_at_most: Threshold = 0.3
    order: Order = "bottom_up"
    seeds: Seeds = 5
    redraw: Redraws = "permute"
    batch_norm: BatchNorms = "keep"
    target: Explains = "fixed"
    null_draws: Draws = 10
    null_at_most: Share = Field(0.8, description="largest mean null with enough head-room to judge")
    undefined_at_most: Share = Field(0.1, description="largest share of inputs without a defined similarity")

    title: ClassVar[str] = "Smooth MPRT"
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
    def _fits(self) -> "SmoothMprt":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        return self

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the null, the identity, then every stage of every seed."""
        return randomization.conditions(self._design(), facts)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Compare one method's averaged maps under one condition with those of the trained model."""

        def averaged(condition: Condition) -> np.ndarray:
            return self._mean(bench, lambda copies: bench.maps(method, condition, copies))

        def maps(condition: Condition) -> np.ndarray:
            if not isinstance(condition, Original):
                return averaged(condition)
            name = ("smooth_mprt", method, self.samples, self.noise)
            return bench.kept(name, lambda: averaged(condition))

        def noise_maps(draw: int) -> np.ndarray:
            return self._mean(bench, lambda copies: bench.noise_maps(method, draw, copies))

        where = support(method, bench, self.channels or comparison.DEFAULT_CHANNELS)
        made = comparison.MapsOf(under=maps, noise=noise_maps, where=where)
        return comparison.measure_maps(made, condition, bench, similarity=self.similarity, channels=self.channels)

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the mean over the stages and the last stage: both must be at most their limits."""
        targets = randomization.cascade_targets(self.similarity, self.mean_at_most, self.last_at_most)
        limits = Limits(null_at_most=self.null_at_most, undefined_at_most=self.undefined_at_most)
        judging = randomization.Judging(targets=targets, limits=limits, sign=self.sign, moving=True)
        return randomization.judge(self._design(), evidence, facts, judging)

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition, and how many maps of each input it costs."""
        return {**comparison.measured_fields(self), "noise": self.noise, "maps": self.samples}

    def _mean(self, bench: Bench, show: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Return the mean over noisy copies of the inputs of what is shown of each, float32; summed in float64."""
        inputs, ids = bench.explained.inputs, bench.explained.ids
        axes = tuple(range(1, inputs.ndim))
        deviation = self.noise * (inputs.max(axis=axes, keepdims=True) - inputs.min(axis=axes, keepdims=True))
        total: Any = 0.0
        for sample in range(self.samples):
            drawn = [each.standard_normal(inputs.shape[1:]) for each in perturbation.generators("copy", sample, ids)]
            total = total + show((inputs + deviation * np.stack(drawn)).astype(np.float32)).astype(np.float64)
        return (total / self.samples).astype(np.float32)

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
