"""Repeatability under another random key."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import comparison
from audit.checks.shared.comparison import DEFAULT_SIGN, Draws, Seeds, Share, Similarity, Threshold
from audit.checks.shared.judgement import AboveNull, Limits, Target, conclude, curve, stopped
from audit.checks.shared.wording import quantity
from audit.declare import declared
from audit.record import (
    Category,
    Compared,
    Condition,
    Evidence,
    Facts,
    Null,
    Outcome,
    Rekeyed,
    Sign,
)


@declared
class Repeatability(Check):
    """The map must stay the same when only the random key changes.

    What it does. Computes the maps again with other random keys, the model and the inputs unchanged, and compares them
    with the first ones; the similarity above its null is averaged over inputs and keys.

    Why it matters. A map that another noise seed changes cannot be evidence for anything: what it shows is in part
    the seed. The customary 50 samples of SmoothGrad are far from converged on deep networks.

    Expected relation. The mean excess is at least ``at_least``, with the lower end of a 95 % interval over inputs: each
    input has random keys of its own. Where the model itself draws, its draws are shared, and are a sample too. No paper
    publishes a limit: 0.9 is this project's choice; SmoothGrad with 50 samples reaches 0.97 on an MNIST network and
    0.5 on a deep one with photographs.

    How it can mislead. Deterministic methods pass by construction, and so does a map that ignores the model. A
    repeatable map need not be right.

    Source. This project's; seeds as a source of disagreement between explanations follow Tomsett et al. 2020, Sanity
    Checks for Saliency Metrics (arXiv:1912.01451).
    """

    similarity: Similarity = "spearman"
    channels: Compared | None = Field(None, description="channel reduction, or `keep`; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="compare magnitudes or signed maps; default: the spec's `maps`")
    at_least: Threshold = 0.9
    seeds: Seeds = 3
    null_draws: Draws = 10
    null_at_most: Share = Field(0.8, description="largest mean null with enough head-room to judge")
    undefined_at_most: Share = Field(0.1, description="largest share of inputs without a defined similarity")

    judged: ClassVar[frozenset[str]] = frozenset({"sign", "at_least", "null_at_most", "undefined_at_most"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "pass", "input": "pass", "random_map": "fail"}
    )
    category: ClassVar[Category] = "robustness"
    follows: ClassVar[str] = (
        "Two runs of the same question give different maps. Raise its number of samples, or show the spread "
        "beside the map."
    )
    axis: ClassVar[str] = "repetitions"

    @model_validator(mode="after")
    def _fits(self) -> "Repeatability":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        return self

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the null, then the other keys."""
        return (self._null(), *self._keys())

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Compare one method's maps under another key with its own."""
        return comparison.measure(method, condition, bench, similarity=self.similarity, channels=self.channels)

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the mean over keys; maps that agree exactly everywhere need no head-room."""
        error = stopped(evidence, self.conditions(facts))
        if error:
            return error
        found = {each.unit.condition: each for each in evidence}
        anew = not _shares_draws(facts)
        above = AboveNull(null=self._null(), sign=self.sign or DEFAULT_SIGN, exact=True, anew=anew)
        drawn = curve(found, [self._keys()], ["another key"], above)
        if isinstance(drawn, str):
            return Judgement(outcome="inconclusive", code="sign-removed", reason=drawn)
        target = Target(
            name="value",
            relation="at_least",
            threshold=self.at_least,
            places=lambda excess: excess.mean(axis=2),
            words=(f"of its excess {quantity(self.similarity)} under another random key", "under another key"),
        )
        limits = Limits(null_at_most=self.null_at_most, undefined_at_most=self.undefined_at_most)
        return conclude(drawn, (target,), limits)

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return comparison.measured_fields(self)

    def _null(self) -> Null:
        return Null(draws=self.null_draws)

    def _keys(self) -> tuple[Rekeyed, ...]:
        return tuple(Rekeyed(seed=seed) for seed in range(1, self.seeds + 1))


def _shares_draws(facts: Facts) -> bool:
    """Return whether inputs share what another key changes: the draws of the model itself, or its batch."""
    found = facts.network.randomness
    return found is not None and (found.random or found.changes or found.mixes or found.averaged > 0)
