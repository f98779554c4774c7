"""Invariance to the precision in which the network computes."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import comparison, equality
from audit.checks.shared.comparison import DEFAULT_CHANNELS, DEFAULT_SIGN, Share, Similarity
from audit.checks.shared.equality import Difference
from audit.checks.shared.judgement import stopped
from audit.declare import declared
from audit.record import (
    Category,
    Compared,
    Condition,
    Evidence,
    Facts,
    Original,
    Outcome,
    Probed,
    Sign,
)


@declared
class Precision(Check):
    """The map must not depend on rounding errors.

    What it does. Computes the maps again on the same network in another precision, forwards and backwards, with the
    same float32 parameters and inputs, and compares them with the first ones. The method's own sums stay in float32.
    A network that cannot be computed in that precision is reported, and never computed in another.

    Why it matters. Gradients of deep networks are sums of many terms that cancel. Where rounding decides what is left,
    the map differs between machines, libraries and batch sizes, and explains none of them.

    Expected relation. The relative difference ||A' - A|| / max(||A'||, ||A||) is at most ``at_most``, with the upper
    end of a 95 % interval. No paper publishes a limit: 0.01 is this project's choice for float64, where gradients of
    small networks were measured to differ by 1e-7; bfloat16 keeps 8 bits, and differences of 0.005 to 0.2 were measured
    there, so a limit for it must be chosen for the use at hand.

    How it can mislead. A rectifier that stands within rounding of its kink opens or shuts, which changes a map by a
    step that no precision makes small: such inputs count like any other. A map that is wrong in every precision passes.

    Source. This project's.
    """

    against: Literal["float64", "bfloat16"] = "float64"
    similarity: Similarity = "spearman"
    channels: Compared | None = Field(None, description="channel reduction, or `keep`; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="sign of the similarity that is shown; default: the spec's `maps`")
    at_most: Difference = 1e-2
    undefined_at_most: Share = Field(0.1, description="largest share of inputs without a defined difference")

    quantity: ClassVar[str] = equality.QUANTITY
    judged: ClassVar[frozenset[str]] = frozenset({"sign", "at_most", "undefined_at_most"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType({"edge_detector": "pass", "input": "pass"})
    category: ClassVar[Category] = "robustness"
    follows: ClassVar[str] = "Rounding changes its maps. Compute explanations in the higher precision."

    @model_validator(mode="after")
    def _fits(self) -> "Precision":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        return self

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the other precision, named as the network's variant."""
        return (Probed(name=self.against),)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Compare one method's maps in another precision with its own."""
        variant, channels = bench.variant(self.against), self.channels or DEFAULT_CHANNELS
        maps = bench.explain(method, variant.explained, network=variant.network)
        return Measurement(
            scores=equality.compare(
                bench.maps(method, Original()), maps, similarity=self.similarity, channels=channels
            ),
            maps=comparison.pictures(maps[list(bench.gallery)], channels),
        )

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the relative difference."""
        refused, places = equality.refusals(evidence), self.conditions(facts)
        if refused:
            return equality.inapplicable(refused)
        error = stopped(evidence, places)
        if error:
            return error
        found = {each.unit.condition: each for each in evidence}
        judgement = equality.judge(
            equality.arrange(found, places, [self.against]),
            at_most=self.at_most,
            undefined_at_most=self.undefined_at_most,
            where=(f"when the network computes in {self.against}", f"in {self.against}"),
        )
        return equality.also(
            judgement, equality.similarities(found, places, self.similarity, self.sign or DEFAULT_SIGN)
        )

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return comparison.measured_fields(self)
