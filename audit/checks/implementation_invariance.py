"""Invariance to how a function is written down as a network."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import comparison, equality
from audit.checks.shared.comparison import DEFAULT_SIGN, Share, Similarity
from audit.checks.shared.equality import Difference, Parity
from audit.checks.shared.judgement import stopped
from audit.declare import declared
from audit.record import (
    Category,
    Compared,
    Condition,
    Evidence,
    Facts,
    Outcome,
    Probed,
    Sign,
    Variant,
)

Rewrite = Literal["batch_norm_folded", "relu_rescaled", "linear_split", "channels_permuted", "dead_branch"]

ALL: tuple[Rewrite, ...] = ("batch_norm_folded", "relu_rescaled", "linear_split", "channels_permuted", "dead_branch")


@declared
class ImplementationInvariance(Check):
    """Networks that compute the same function must get the same map.

    What it does. Rewrites the audited network into others of the same function and compares the maps:
    ``batch_norm_folded`` (normalisations become part of the linear layer before them), ``relu_rescaled`` (channels are
    multiplied by powers of two before a rectifier and divided behind it), ``linear_split`` (W = (W H) H with a
    reflection H), ``channels_permuted`` (hidden channels in another order), ``dead_branch`` (a branch from the input to
    the logits, of rectified units in pairs that cancel). Each is made wherever it applies, and left out where it
    applies nowhere; the reason says so.

    Why it matters. What a network decides is its function. A map that changes when the same function is written down
    differently depends on something that no input and no decision depends on.

    Expected relation. The relative difference ||A' - A|| / max(||A'||, ||A||), the largest over the rewrites, is at
    most ``at_most``, with the upper end of a 95 % interval. Whatever is computed from gradients of the logits alone
    agrees; rules that work layer by layer need not: guided backprop lets only one of two cancelling units through. The
    limit of 0.001 is this project's choice: equal maps were measured to differ by 1e-7 or less, guided backprop by
    0.2 and more under ``dead_branch``. Both networks are computed in float64, as one rectifier that rounding opens
    changes deep gradients by 0.01; where that cannot be, what rounding does is measured and three times that is left
    out. It is judged only if the logits agree to ``parity_at_most``.

    How it can mislead. Passing says nothing of rewrites that were not made. Methods that look at a named layer
    (Grad-CAM) explain what that layer has become: rewrites that leave it alone cannot change them. A map that ignores
    the network passes.

    Source. Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks (arXiv:1703.01365), section 2.2.
    """

    rewrites: tuple[Rewrite, ...] = Field(ALL, min_length=1, description="the ways in which the network is rewritten")
    similarity: Similarity = "spearman"
    channels: Compared | None = Field(None, description="channel reduction, or `keep`; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="sign of the similarity that is shown; default: the spec's `maps`")
    at_most: Difference = 1e-3
    parity_at_most: Parity = 1e-4
    undefined_at_most: Share = Field(0.1, description="largest share of inputs without a defined difference")

    title: ClassVar[str] = "Implementation invariance"
    quantity: ClassVar[str] = equality.QUANTITY
    judged: ClassVar[frozenset[str]] = frozenset({"sign", "at_most", "parity_at_most", "undefined_at_most"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "pass", "input": "pass", "random_map": "fail"}
    )
    category: ClassVar[Category] = "robustness"
    follows: ClassVar[str] = (
        "Two networks that compute the same get different maps. Name the exact network beside each map, and do "
        "not compare maps between implementations."
    )

    @model_validator(mode="after")
    def _fits(self) -> "ImplementationInvariance":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        if len(set(self.rewrites)) < len(self.rewrites):
            raise ValueError("`rewrites` names one of them twice")
        return self

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return one condition for each rewrite, named as the network's variant."""
        return tuple(Probed(name=rewrite) for rewrite in self.rewrites)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Compare one method's maps on a rewritten network with those on the audited one."""
        if not isinstance(condition, Probed):
            raise TypeError(condition)

        def ask(precision: str) -> Variant:
            return bench.variant(condition.name, seed=condition.seed, precision=precision)

        return equality.measure(method, ask, bench, similarity=self.similarity, channels=self.channels)

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the largest relative difference over the rewrites that apply."""
        refused = equality.refusals(evidence)
        places = [each for each in self.conditions(facts) if each not in refused]
        if not places:
            return equality.inapplicable(refused)
        error = stopped(evidence, places)
        if error:
            return error
        found = {each.unit.condition: each for each in evidence}
        judgement = equality.judge(
            equality.arrange(found, places, [_words(each) for each in places]),
            at_most=self.at_most,
            undefined_at_most=self.undefined_at_most,
            where=(f"on networks of the same function (the largest of {len(places)} rewrites)", "on other networks"),
            doubt=equality.unequal(found, places, self.parity_at_most),
        )
        alike = equality.similarities(found, places, self.similarity, self.sign or DEFAULT_SIGN)
        exactly = equality.arithmetic(found, places)
        missing = "; ".join(f"{_words(condition)} ({reason})" for condition, reason in refused.items())
        return equality.also(
            judgement, " ".join([alike, exactly, f"Does not apply: {missing}." if missing else ""]).strip()
        )

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return equality.settings(self)


def _words(condition: Condition) -> str:
    return condition.name.replace("_", " ") if isinstance(condition, Probed) else condition.kind
