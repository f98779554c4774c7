"""Linearity: the map of a weighted sum of two outputs is the weighted sum of their maps."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import axioms
from audit.checks.shared.axioms import AUDITED, Axiom
from audit.checks.shared.comparison import Share
from audit.declare import declared
from audit.record import Category, Claim, Condition, Evidence, Facts, Outcome

_NETWORKS = axioms.conditions(
    {
        "two_heads": "a rectifier network of two outputs",
        "two_heads_convolution": "a pointwise network of images",
        "combined": AUDITED,
    }
)


@declared
class Linearity(Check):
    """The map of a f1 + b f2 must be a times the map of f1 plus b times the map of f2.

    What it does. Logits are linear in the last layer, so its weights are rewritten until the explained logit is
    2 S_c - 0.5 S_(c+1), with c the explained class and c + 1 the one after it. That map is compared with the sum of the
    two maps of the audited network: the distance (Euclidean) is divided by the sizes of what is added. Judged on the
    audited network, where it ends in a dense layer of two or more classes, and on two closed-form ones.

    Why it matters. If the network adds two functions, so must its explanation, or contributions cannot be compared
    between classes. Whatever rectifies signals on their way back (guided backprop, DeconvNet, the ReLU of Grad-CAM)
    breaks this and does not claim it; ``required_of: all`` shows by how much.

    Expected relation. Equal, to within rounding: hidden layers are the same, so only the order of additions differs. A
    sum of a thousand terms in float32 is wrong by up to a thousand roundings of 6e-8; measured were at most 1e-6, on
    25 convolutions and 224 pixels too. ``within`` is 1e-4.

    How it can mislead. Linear methods differ in all else: the gradient and its mean over noise pass by construction. A
    method with a random key passes because both sides draw the same noise.

    Source. Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks (arXiv:1703.01365), section 3.
    """

    within: Annotated[float, Field(gt=0, le=1, description="mean distance, relative to the terms' sizes")] = 1e-4
    undefined_at_most: Share = Field(0.1, description="largest share of inputs with maps that are zero or not finite")

    judged: ClassVar[frozenset[str]] = frozenset({"within", "undefined_at_most"})
    quantity: ClassVar[str] = "relative distance from linearity"
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "fail", "input": "fail", "random_map": "fail"}
    )
    category: ClassVar[Category] = "axiom"
    claim: ClassVar[Claim | None] = "linearity"
    follows: ClassVar[str] = axioms.FOLLOWS

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the closed-form networks, then the audited one."""
        return tuple(condition for condition, _ in _NETWORKS)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Explain two outputs and their weighted sum on one network.

        Scores: ``distance`` (n,), relative; NaN where both maps are zero or one is not finite.
        """
        return axioms.measured(condition, lambda probed: _distance(method, probed.name, bench))

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the mean distance on each network; the worst decides."""
        axiom = Axiom(
            score="distance",
            at_most=self.within,
            quantity="the map of a sum differs from the sum of the maps by a share of",
            undefined="have maps that are zero everywhere or not finite",
            undefined_at_most=self.undefined_at_most,
        )
        return axioms.judge(axiom, evidence, _NETWORKS)

    def settings(self) -> dict[str, Any]:
        """Nothing: every field is a limit."""
        return {}


def _distance(method: str, name: str, bench: Bench) -> dict[str, np.ndarray]:
    variant = bench.variant(name)
    a, b = variant.notes["factors"]
    network, explained = variant.network, variant.explained
    other = replace(explained, targets=(explained.targets + 1) % network.classes)
    params = {name: variant.notes.get(name, value) for name, value in network.params.items()}
    first, second = (bench.explain(method, each, network=network) for each in (explained, other))
    return {"distance": from_sum(bench.explain(method, explained, network=network, params=params), a, first, b, second)}


def from_sum(joint: np.ndarray, a: float, first: np.ndarray, b: float, second: np.ndarray) -> np.ndarray:
    """Return |joint - a first - b second| over |a first| + |b second| (n,), Euclidean; NaN for 0 or no numbers."""
    terms = [part.reshape(len(part), -1).astype(np.float64) for part in (joint, a * first, b * second)]
    sizes = [np.linalg.norm(term, axis=1) for term in (terms[0] - terms[1] - terms[2], *terms[1:])]
    scale = sizes[1] + sizes[2]
    defined = np.isfinite(sizes[0]) & np.isfinite(scale) & (scale > 0)
    return np.divide(sizes[0], scale, out=np.full(len(scale), np.nan), where=defined)
