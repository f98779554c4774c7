"""Invariance to a constant shift of the input that the first layer takes back."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

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


@declared
class InputShift(Check):
    """A shift of all inputs that the first layer's bias undoes must not change the map.

    What it does. Adds the same pattern m to every input (one number, or a checkerboard) and builds the network that
    undoes it: b' = b - W m in the first layers, so that its value at x + m is the audited network's at x, all other
    weights being the same. Where the compensation depends on the position (a checkerboard or zero padding under a
    convolution), each unit gets a bias of its own. The maps of both are compared.

    Why it matters. Whether black is 0 or -1 is a convention of whoever encoded the data. The two networks compute the
    same function of the same images, so a map that tells them apart shows the convention and not the decision.

    Expected relation. The relative difference ||A' - A|| / max(||A'||, ||A||) is at most ``at_most``, with the upper
    end of a 95 % interval. Gradient, guided backprop and Grad-CAM agree exactly; input times gradient differs by
    exactly m times the gradient; integrated gradients from a baseline of zeros differ, and agree when the baseline is
    moved with the data (``baselines: moved``); SmoothGrad does as its base does. The limit of 0.001 is this project's
    choice: equal maps were measured to differ by 1e-6 or less, unequal ones by 1 and more. Both networks are computed
    in float64; where that cannot be, what rounding does is measured and three times that is left out. It is judged
    only if the logits of the two networks agree to ``parity_at_most``.

    How it can mislead. Which baseline to move is a choice: with ``fixed`` a method that names its baseline in the
    input's own units fails although its user might have named another one. Only methods that know of a baseline move
    it. SmoothGrad takes its noise from the range of the input, which a checkerboard widens, so it differs there for
    that reason. A map that ignores the network and the input's level (edges, say) passes.

    Source. Kindermans et al. 2017, The (Un)reliability of Saliency Methods (arXiv:1711.00867), sections 2 and 3.
    """

    shift: Literal["constant", "checkerboard"] = "constant"
    amount: Annotated[
        float,
        Field(ge=-100, le=100, description="of the shift, as a share of the inputs' range; -1 makes [0, 1] [-1, 0]"),
    ] = -1.0
    baselines: Literal["fixed", "moved"] = Field(
        "fixed", description="whether the methods' baselines stay fixed or move with the data"
    )
    similarity: Similarity = "spearman"
    channels: Compared | None = Field(None, description="channel reduction, or `keep`; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="sign of the similarity that is shown; default: the spec's `maps`")
    at_most: Difference = 1e-3
    parity_at_most: Parity = 1e-4
    undefined_at_most: Share = Field(0.1, description="largest share of inputs without a defined difference")

    title: ClassVar[str] = "Input shift"
    quantity: ClassVar[str] = equality.QUANTITY
    judged: ClassVar[frozenset[str]] = frozenset({"sign", "at_most", "parity_at_most", "undefined_at_most"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType({"input": "fail", "random_map": "fail"})
    category: ClassVar[Category] = "robustness"
    follows: ClassVar[str] = (
        "A change that the model cannot notice changes its maps. Fix its reference value (a baseline, say) to the "
        "data, or take a method without one."
    )

    @model_validator(mode="after")
    def _fits(self) -> "InputShift":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        if self.amount == 0:
            raise ValueError("`amount: 0` shifts nothing")
        return self

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the shift: a variant's name, its level the share of the inputs' range."""
        return (self._shift(),)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Compare one method's maps of the shifted inputs, on the network that undoes the shift, with its own."""

        def ask(precision: str) -> Variant:
            return bench.variant(self._shift().name, level=self.amount, precision=precision)

        return equality.measure(method, ask, bench, similarity=self.similarity, channels=self.channels)

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the relative difference, if the two networks compute the same."""
        refused = equality.refusals(evidence)
        if refused:
            return equality.inapplicable(refused)
        error = stopped(evidence, self.conditions(facts))
        if error:
            return error
        found, places = {each.unit.condition: each for each in evidence}, self.conditions(facts)
        judgement = equality.judge(
            equality.arrange(found, places, [f"{self.shift} shift"]),
            at_most=self.at_most,
            undefined_at_most=self.undefined_at_most,
            where=(f"under a {self.shift} shift that the first layer undoes", "under the shift"),
            doubt=equality.unequal(found, places, self.parity_at_most),
        )
        alike = equality.similarities(found, places, self.similarity, self.sign or DEFAULT_SIGN)
        moved = "Baselines were moved with the data." if self.baselines == "moved" else "Baselines stayed."
        return equality.also(judgement, " ".join(filter(None, [alike, equality.arithmetic(found, places), moved])))

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return equality.settings(self)

    def _shift(self) -> Probed:
        origin = "_with_origin" if self.baselines == "moved" else ""
        return Probed(name=f"{self.shift}_shift{origin}", level=self.amount)
