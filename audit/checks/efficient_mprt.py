"""The rise of a map's complexity under full randomisation: the efficient model parameter randomisation test."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import randomization, stages
from audit.checks.shared.comparison import DEFAULT_CHANNELS, Draws, Seeds, Share
from audit.checks.shared.complexity import Bins, histogram_entropy
from audit.checks.shared.curves import values
from audit.checks.shared.judgement import Limits, Target, conclude, stopped, unchanged
from audit.checks.shared.perturbation import ratio
from audit.checks.shared.randomization import Explains, Redraws
from audit.declare import declared
from audit.maps import (
    reduce,
)
from audit.record import (
    BatchNorm,
    Category,
    Channels,
    Condition,
    Doubt,
    Evidence,
    Facts,
    Null,
    Original,
    Outcome,
    Randomized,
)


@declared
class EfficientMprt(Check):
    """The map must become more complex, closer to noise, when all of the model's parameters are re-drawn.

    What it does. Re-draws all parameters at once and measures the entropy of the histogram of each map's values, before
    and after: the relative rise q = (after - before) / before, over inputs and seeds. No pair of maps is compared, so
    neither the order of the layers nor a similarity matters; the sign of the map is kept.

    Why it matters. Similarities reward noise: a map of pure noise resembles no other and passes a cascade. The rise of
    the entropy does not, for noise cannot become noisier.

    Expected relation. The mean rise is at least ``at_least``, with the lower end of a 95 % interval. Noise pushed
    through the method's own masking shows how far the entropy could rise at best; where that is less than
    ``head_room_at_least`` the check is inconclusive, as for the random map. No paper publishes limits: 0.05, half of
    the least head-room, is this project's choice; the gradient rises by 0.13 on an MNIST network here, by 0.22 on the
    paper's. An entropy that falls is inconclusive too.

    How it can mislead. A fail is weak evidence: the paper's own tables hold real methods below a random map (Grad-CAM
    and LRP with z+ on most of its models, SmoothGrad on one). Most of them fall, which is why a fall decides nothing:
    re-initialised with zero biases, an MNIST network is silent where the image is blank, and its gradient falls by 0.09
    (``redraw: permute`` avoids it). A trained map that is noise already leaves no room, as on 8 by 8 pixels. The
    histogram is blind to where the values stand, and one outlier stretches its bins. A pass says that the re-drawn map
    has more detail, not that the trained one is right. No control is known to pass.

    Source. Hedström, Weber, Lapuschkin and Höhne 2023, Sanity Checks Revisited (arXiv:2401.06465); the
    head-room and the limits are this project's.
    """

    bins: Bins = Field(100, description="number of bins of the histogram, or the rule that sets it, between 10 and 200")
    channels: Channels | None = Field(None, description="channel reduction; default: the spec's `maps`")
    at_least: float = Field(0.05, ge=0, description="limit on the mean relative rise of the entropy")
    head_room_at_least: float = Field(0.1, gt=0, description="the rise that noise must reach for a verdict")
    seeds: Seeds = 5
    redraw: Redraws = "permute"
    batch_norm: BatchNorm = "keep"
    target: Explains = "fixed"
    null_draws: Draws = 10
    undefined_at_most: Share = Field(0.1, description="largest share of inputs without a defined entropy")

    judged: ClassVar[frozenset[str]] = frozenset({"at_least", "head_room_at_least", "undefined_at_most"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType({"edge_detector": "fail", "input": "fail"})
    category: ClassVar[Category] = "dependence"
    follows: ClassVar[str] = randomization.FOLLOWS
    title: ClassVar[str] = "Efficient MPRT"
    quantity: ClassVar[str] = "relative rise of entropy"

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the null, then the fully re-drawn network of every seed."""
        return (Null(draws=self.null_draws), *self._drawn(facts))

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Measure the relative rise of the entropy of a method's maps, ``rise`` (n,), NaN where undefined.

        For ``Null`` it is that of noise in place of the network, the mean over draws. ``changed`` (1,) is the fraction
        of the last stage's parameters that differ, ``logits_kept`` (1,) what is left of the trained logits.
        """
        before = self._entropy(bench.maps(method, Original()))
        if isinstance(condition, Null):
            after = np.mean([self._entropy(bench.noise_maps(method, draw)) for draw in range(condition.draws)], axis=0)
            return Measurement(scores={"rise": ratio(after - before, before)})
        after = self._entropy(bench.maps(method, condition))
        changed = np.array([bench.changed(condition)], np.float64)
        moved = stages.logits_kept(condition, bench, since=Original()) if isinstance(condition, Randomized) else {}
        return Measurement(scores={"rise": ratio(after - before, before), "changed": changed, **moved})

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the mean rise over seeds, where noise shows that there was room to rise."""
        drawn = self._drawn(facts)
        error = stopped(evidence, self.conditions(facts))
        if error:
            return error
        found = {each.unit.condition: each for each in evidence}
        noise = np.asarray(found[Null(draws=self.null_draws)].scores["rise"], np.float64)
        room = float(noise[np.isfinite(noise)].mean()) if np.isfinite(noise).any() else float("nan")
        target = Target(
            name="value",
            relation="at_least",
            threshold=self.at_least,
            places=lambda rise: rise[:, :, 0],
            words=(f"of itself with all parameters re-drawn (noise in place of the network: {room:z.2f})", "of itself"),
            leads=("The entropy of the map rises by", "it rises by"),
        )
        names = [stage.name for stage in facts.network.stages]
        limits = Limits(null_at_most=1, undefined_at_most=self.undefined_at_most)
        unmoved = stages.none_counts(stages.counting(found, [drawn]))
        doubt = unchanged([found[each] for each in drawn], names) or unmoved or self._no_room(room)
        judgement = conclude(values(found, [drawn], ["all re-drawn"], score="rise"), (target,), limits, doubt=doubt)
        return _without_falls(judgement)

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return {"bins": self.bins, "channels": self.channels or DEFAULT_CHANNELS}

    def _drawn(self, facts: Facts) -> tuple[Randomized, ...]:
        return tuple(
            Randomized(
                mode="cascading",
                stage=len(facts.network.stages),
                seed=seed,
                redraw=self.redraw,
                batch_norm=self.batch_norm,
                target=self.target,
            )
            for seed in range(self.seeds)
        )

    def _entropy(self, maps: np.ndarray) -> np.ndarray:
        channels = self.channels or DEFAULT_CHANNELS
        joined = reduce(maps, channels=channels, sign="signed" if channels == "sum" else "absolute")
        return histogram_entropy(joined, self.bins)

    def _no_room(self, room: float) -> Doubt | None:
        if room >= self.head_room_at_least:
            return None
        return Doubt(
            code="head-room",
            text=f"No head-room: noise in place of the network raises the entropy of these maps by {room:z.3f} (at "
            f"least {self.head_room_at_least:g} is needed), so whether it rises says nothing of the method.",
        )


def _without_falls(judgement: Judgement) -> Judgement:
    """Make a fail inconclusive where the entropy falls: a silent network, or a method that cannot express noise."""
    (criterion,) = judgement.criteria
    if judgement.outcome != "fail" or criterion.interval is None or criterion.interval[1] >= 0:
        return judgement
    reason = (
        "The entropy falls when all parameters are re-drawn, so the re-drawn maps are no noise to be compared with. "
        f"Measured: {judgement.reason}"
    )
    undecided = replace(criterion, outcome="inconclusive")
    return replace(judgement, outcome="inconclusive", code="falling-entropy", reason=reason, criteria=(undecided,))
