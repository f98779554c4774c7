"""Symmetry: features that the network treats alike, and that hold the same value, get the same."""

from collections.abc import Mapping, Sequence
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
        "product": "x1 x2",
        "exchangeable": "a rectifier network with two equal features",
        "exchangeable_pixels": "a pointwise network of images",
        "symmetric": AUDITED,
    }
)


@declared
class Symmetry(Check):
    """Equal features that can be exchanged without changing the output must get equal values in the map.

    What it does. Puts before the audited network the mean of the input and the input with two of its positions
    exchanged, so that the two count alike, gives both the same value, and compares what they get; the difference is
    divided by the map's largest value. The positions are drawn from the quarter that varies most over the inputs. Also
    judged on three closed-form networks: x1 x2 with x1 = x2, and two whose features have equal weights.

    Why it matters. Credit that differs between features that the function cannot tell apart comes from elsewhere: from
    the features' neighbours, from noise, or from the order in which they are taken.

    Expected relation. Equal, to within rounding: both get the sum of the same two numbers. Measured was exactly 0, on
    25 convolutions and 224 pixels too; ``within`` is 1e-4.

    How it can mislead. The input itself passes, as do all maps that are pointwise functions of it. A method that adds
    noise to the input treats equal features alike only on average over its noise, and the credit of Grad-CAM is that of
    a neighbourhood: neither claims symmetry, and both are skipped. One pair of positions stands for all.

    Source. Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks (arXiv:1703.01365), section 4.
    """

    within: Annotated[float, Field(gt=0, le=1, description="mean difference, relative to the map's largest")] = 1e-4
    undefined_at_most: Share = Field(0.1, description="largest share of inputs with a map that is zero or not finite")

    judged: ClassVar[frozenset[str]] = frozenset({"within", "undefined_at_most"})
    quantity: ClassVar[str] = "relative difference of equal features"
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "fail", "input": "pass", "random_map": "fail"}
    )
    category: ClassVar[Category] = "axiom"
    claim: ClassVar[Claim | None] = "symmetry"
    follows: ClassVar[str] = axioms.FOLLOWS

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the closed-form networks, then the audited one made symmetric."""
        return tuple(condition for condition, _ in _NETWORKS)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Explain a network with two equal features.

        Scores: ``difference`` (n,), relative to the map's largest value; NaN where the map is zero or not finite.
        """
        return axioms.measured(condition, lambda probed: _difference(method, probed.name, bench))

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the mean difference on each network; the worst decides."""
        axiom = Axiom(
            score="difference",
            at_most=self.within,
            quantity="equal features get credits that differ, as a share of the map's largest value, by",
            undefined="have a map that is zero everywhere or not finite",
            undefined_at_most=self.undefined_at_most,
        )
        return axioms.judge(axiom, evidence, _NETWORKS)

    def settings(self) -> dict[str, Any]:
        """Nothing: every field is a limit."""
        return {}


def _difference(method: str, name: str, bench: Bench) -> dict[str, np.ndarray]:
    variant = bench.variant(name)
    maps = bench.explain(method, variant.explained, network=variant.network)
    return {"difference": difference(maps, variant.notes["pair"])}


def difference(maps: np.ndarray, pair: np.ndarray) -> np.ndarray:
    """Return how far two positions' credits are apart, over the largest (n,); NaN for zeros or no numbers."""
    channels = maps.shape[-1] if maps.ndim == 4 else 1
    flat = maps.reshape(len(maps), -1, channels).astype(np.float64)
    between = np.abs(flat[:, pair[0]] - flat[:, pair[1]]).max(axis=-1)
    largest = np.abs(flat).max(axis=(1, 2))
    return np.divide(between, largest, out=np.full(len(maps), np.nan), where=np.isfinite(largest) & (largest > 0))
