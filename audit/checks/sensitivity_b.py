"""Sensitivity (b): a feature that the network ignores gets nothing."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import axioms
from audit.checks.shared.axioms import AUDITED, Axiom
from audit.checks.shared.comparison import Share
from audit.declare import declared
from audit.record import Category, Claim, Condition, Evidence, Facts, Outcome

_NETWORKS = axioms.conditions({"ignored_feature": "a network with a feature of no weight", "ignoring": AUDITED})


@declared
class SensitivityB(Check):
    """The map must be zero at features that the network provably ignores.

    What it does. Adds features to the audited network's input that it cuts off before its first layer, a row and a
    column of pixels or one flat feature, fills them with noise within the range of the inputs, and explains the wider
    network. Also explains a closed-form network one of whose features has no weight. What the largest ignored feature
    gets is divided by the map's largest value.

    Why it matters. Credit for what cannot matter shows that the map is not about the function: it shows the input, or
    is smeared over the image by its own resizing.

    Expected relation. Exactly zero, on both networks: a derivative with respect to what is cut off is zero without
    rounding, and a contribution over a weight of zero too. ``at_most`` allows for methods that estimate by sampling.

    How it can mislead. A map of zeros would pass, and counts as undefined. Grad-CAM, whose coarse map
    is stretched over pixels that are cut off, does not claim it and is skipped. Passing says
    nothing of features that the network has but hardly uses.

    Source. Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks (arXiv:1703.01365), section 3
    (there after Friedman 2004, the dummy axiom).
    """

    at_most: Share = Field(
        0.0, description="limit on an ignored feature's value, as a share of the map's largest value"
    )
    undefined_at_most: Share = Field(0.1, description="largest share of inputs with a map that is zero or not finite")

    judged: ClassVar[frozenset[str]] = frozenset({"at_most", "undefined_at_most"})
    title: ClassVar[str] = "Sensitivity (b)"
    quantity: ClassVar[str] = "share that an ignored feature gets"
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "fail", "input": "fail", "random_map": "fail"}
    )
    category: ClassVar[Category] = "axiom"
    claim: ClassVar[Claim | None] = "sensitivity_b"
    follows: ClassVar[str] = axioms.FOLLOWS

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the closed-form network, then the audited one with features added."""
        return tuple(condition for condition, _ in _NETWORKS)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Explain a network with ignored features.

        Scores: ``ignored`` (n,), the largest value among ignored positions over the largest of all; NaN where the map
        is zero or not finite.
        """
        return axioms.measured(condition, lambda probed: _ignored(method, probed.name, bench))

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the mean share on each network; the worst decides."""
        axiom = Axiom(
            score="ignored",
            at_most=self.at_most,
            quantity="a feature that is ignored gets a share of the map's largest value of",
            undefined="have a map that is zero everywhere or not finite",
            undefined_at_most=self.undefined_at_most,
        )
        return axioms.judge(axiom, evidence, _NETWORKS)

    def settings(self) -> dict[str, Any]:
        """Nothing: every field is a limit."""
        return {}


def _ignored(method: str, name: str, bench: Bench) -> dict[str, np.ndarray]:
    variant = bench.variant(name)
    maps = bench.explain(method, variant.explained, network=variant.network)
    return {"ignored": ignored_share(maps, variant.notes["ignored"])}


def ignored_share(maps: np.ndarray, ignored: np.ndarray) -> np.ndarray:
    """Return the largest size among ignored positions over the largest of all (n,); NaN for zeros or no numbers."""
    flat = axioms.apart(maps).reshape(len(maps), -1)
    largest, leaked = flat.max(axis=1), flat[:, ignored.reshape(-1)].max(axis=1)
    return np.divide(leaked, largest, out=np.full(len(maps), np.nan), where=np.isfinite(largest) & (largest > 0))
