"""Sensitivity to the explained class: the random logit test."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Explained, Judgement, Measurement
from audit.checks.shared import comparison, perturbation
from audit.checks.shared.comparison import DEFAULT_CHANNELS, DEFAULT_SIGN, Draws, Seeds, Share, Similarity, Threshold
from audit.checks.shared.curves import AboveNull, curve
from audit.checks.shared.judgement import Limits, Target, conclude, stopped
from audit.checks.shared.support import support
from audit.checks.shared.wording import quantity
from audit.declare import declared
from audit.record import (
    Category,
    Compared,
    Condition,
    Evidence,
    Facts,
    Null,
    Original,
    Outcome,
    Probed,
    Randomized,
    Sign,
)

_SAME = Randomized(mode="cascading", stage=0, seed=0)
"""Nothing re-drawn: the map must be the very same, or noise of the method's own would pass for a change of class."""


@declared
class ClassSensitivity(Check):
    """The map must differ when another class is explained.

    What it does. Explains, on the audited model, another class of each input, chosen at random and never the one that
    is explained; the maps are compared with those of the explained class, and the similarity above its null is averaged
    over inputs and seeds. The explained class itself, computed again, must give exactly the same map.

    Why it matters. A map that is shown as the reason for one class, and is the same for any other, is no reason for
    either. Rules that send only non-negative relevance back converge to one map for all classes.

    Expected relation. The mean excess similarity is at most ``at_most``, with the upper end of a 95 % interval. No
    paper publishes a limit; Sixt et al. find about 1 in structural similarity for methods that converge and 0.4 to 0.8
    for others. 0.6 is this project's choice: on networks for MNIST and for scikit-learn's digits the gradient keeps
    0.46 and 0.24, SmoothGrad 0.40 and 0.26, guided backpropagation 0.81 and 0.67.

    How it can mislead. Classes share features, so a sound map keeps much: the object stands where it stands, whatever
    is asked of it, and magnitudes share more than signed maps. An unlikely class may have a map that means little.
    With two logits, evidence for one is evidence against the other, so magnitudes agree for the soundest method: there
    the check applies to signed maps alone, and to a single logit never. Random maps that depend on the parameters and
    the input but not on the class fail, and no control is known to pass.

    Source. Sixt, Granz and Landgraf 2020, When Explanations Lie (arXiv:1912.09818); the excess over a null
    and the limit are this project's.
    """

    similarity: Similarity = "spearman"
    channels: Compared | None = Field(None, description="channel reduction, or `keep`; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="compare magnitudes or signed maps; default: the spec's `maps`")
    at_most: Threshold = 0.6
    seeds: Seeds = 5
    null_draws: Draws = 10
    null_at_most: Share = Field(0.8, description="largest mean null with enough head-room to judge")
    undefined_at_most: Share = Field(0.1, description="largest share of inputs without a defined similarity")

    judged: ClassVar[frozenset[str]] = frozenset({"sign", "at_most", "null_at_most", "undefined_at_most"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "fail", "input": "fail", "random_map": "fail"}
    )
    category: ClassVar[Category] = "dependence"
    follows: ClassVar[str] = (
        "Its maps hardly depend on the explained class. Do not show them as reasons for one class and against another."
    )

    @model_validator(mode="after")
    def _fits(self) -> "ClassSensitivity":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        return self

    def inapplicable(self, facts: Facts) -> str | None:
        """Say why there is no other class to explain, or none whose magnitudes should differ."""
        if facts.network.classes == 1:
            return "The network has a single logit, so there is no other class to explain."
        if facts.network.classes == 2 and (self.sign or DEFAULT_SIGN) == "absolute":
            return (
                "With two classes, evidence for one is evidence against the other, so magnitudes agree for a sound "
                "method too: compare signed maps (`sign: signed`)."
            )
        return None

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the null, the identity (the same class once more), then another class by each seed."""
        return (Null(draws=self.null_draws), _SAME, *self._probes())

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Compare one method's maps of another class with those of the explained one."""
        if isinstance(condition, Null):
            return comparison.measure(method, condition, bench, similarity=self.similarity, channels=self.channels)
        asked = bench.explained
        if isinstance(condition, Probed):
            asked = replace(asked, targets=_other(asked, bench.classes, condition.seed))
        channels = self.channels or DEFAULT_CHANNELS
        scores = comparison.compare_on(
            support(method, bench, channels),
            (bench.maps(method, Original()), bench.explain(method, asked)),
            similarity=self.similarity,
            channels=channels,
            keys=comparison.pair_keys(bench, condition),
        )
        return Measurement(scores=scores)

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the mean over the drawn classes."""
        error = stopped(evidence, self.conditions(facts))
        if error:
            return error
        found = {each.unit.condition: each for each in evidence}
        null, sign = Null(draws=self.null_draws), self.sign or DEFAULT_SIGN
        drawn = curve(found, [self._probes()], ["another class"], AboveNull(null=null, sign=sign, anew=True))
        if isinstance(drawn, str):
            return Judgement(outcome="inconclusive", code="sign-removed", reason=drawn)
        target = Target(
            name="value",
            relation="at_most",
            threshold=self.at_most,
            places=lambda excess: excess.mean(axis=2),
            words=(f"of its excess {quantity(self.similarity)} when another class is explained", "for another class"),
        )
        limits = Limits(null_at_most=self.null_at_most, undefined_at_most=self.undefined_at_most)
        return conclude(drawn, (target,), limits)

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return comparison.measured_fields(self)

    def _probes(self) -> tuple[Probed, ...]:
        return tuple(Probed(name="another class", seed=seed) for seed in range(self.seeds))


def _other(explained: Explained, classes: int, seed: int) -> np.ndarray:
    """Return another class (n,) int32 for each input, all others equally likely."""
    steps = [int(each.integers(1, classes)) for each in perturbation.generators("another class", seed, explained.ids)]
    return ((explained.targets + np.asarray(steps)) % classes).astype(np.int32)
