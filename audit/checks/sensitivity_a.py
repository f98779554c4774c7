"""Sensitivity (a): a feature that alone changed the output gets credit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import axioms
from audit.checks.shared.axioms import AUDITED, Axiom
from audit.checks.shared.comparison import Share
from audit.declare import declared
from audit.maps import ROUNDING
from audit.record import Category, Claim, Condition, Evidence, Facts, Outcome

_NETWORKS = axioms.conditions(
    {
        "linear": "a linear network",
        "homogeneous": "a network without biases",
        "saturating": "1 - ReLU(1 - x)",
        AUDITED: AUDITED,
    }
)


@declared
class SensitivityA(Check):
    """If changing one feature from its baseline changes the output, the map must not be zero at that feature.

    What it does. Takes the baseline that the method declares (zeros where it declares none) and puts into it one
    feature of the input: the pixel, with all its channels, or the flat feature that differs most. Where the explained
    logit changes, the map must not be zero there. Judged on the audited network and on three closed-form ones (linear;
    without biases; 1 - ReLU(1 - x) for x from 0.1 to 3).

    Why it matters. What alone brought an output about and gets no credit is missing from the explanation. Gradients
    break this wherever a network saturates, and rules that drop signals wherever they drop the only one.

    Expected relation. The share of inputs whose feature gets nothing is at most ``at_most``: none, unless the spec
    allows some. Nothing means at most eight roundings of float32 of the map's largest value.

    How it can mislead. Any value passes that is not zero, of either sign and however wrong; random numbers do. Inputs
    of which one feature is left are unlike the data. Most methods that use gradients do not claim this axiom and are
    skipped; under ``required_of: all`` they fail on 1 - ReLU(1 - x) alone, and the audited network may never saturate.

    Source. Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks (arXiv:1703.01365), section 2.1.
    """

    at_most: Share = Field(0.0, description="largest share of inputs whose only feature gets nothing")
    undefined_at_most: Share = Field(0.5, description="largest share of inputs whose output stays the same")

    judged: ClassVar[frozenset[str]] = frozenset({"at_most", "undefined_at_most"})
    title: ClassVar[str] = "Sensitivity (a)"
    quantity: ClassVar[str] = "share of inputs without credit"
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "fail", "input": "pass", "random_map": "pass"}
    )
    category: ClassVar[Category] = "axiom"
    claim: ClassVar[Claim | None] = "sensitivity_a"
    follows: ClassVar[str] = axioms.FOLLOWS

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the closed-form networks, then the audited one."""
        return tuple(condition for condition, _ in _NETWORKS)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Explain inputs of one feature on one network.

        Scores, (n,): ``missed`` (1 no credit, 0 some, NaN where the map is not finite, the output stays the same, or
        the method's baseline moves with the input) and ``change`` of the logit.
        """
        return axioms.measured(condition, lambda probed: _missed(method, probed.name, bench))

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the share without credit on each network; the worst decides."""
        axiom = Axiom(
            score="missed",
            at_most=self.at_most,
            quantity="the only feature that changed the output gets nothing in a share of",
            undefined="cannot be judged (the feature does not change the output, the baseline moves with the input, or "
            "the map is not finite)",
            undefined_at_most=self.undefined_at_most,
        )
        return axioms.judge(axiom, evidence, _NETWORKS)

    def settings(self) -> dict[str, Any]:
        """Nothing: every field is a limit."""
        return {}


def _missed(method: str, name: str, bench: Bench) -> dict[str, np.ndarray]:
    network, explained = axioms.network_of(bench, name)
    base, *more = bench.baselines(method, explained.inputs, network=network)
    inputs, chosen = one_feature(explained.inputs, base)
    maps = axioms.apart(bench.explain(method, replace(explained, inputs=inputs), network=network))
    flat, rows = maps.reshape(len(maps), -1), np.arange(len(maps))
    after, before = bench.outputs(inputs, network=network), bench.outputs(base, network=network)
    change = (after - before)[rows, explained.targets].astype(np.float64)
    size = np.maximum(np.abs(after), np.abs(before)).max(axis=1)
    fixed = (bench.baselines(method, inputs, network=network)[0] == base).reshape(len(inputs), -1).all(axis=1) & (
        not more
    )
    defined = np.isfinite(flat).all(axis=1) & (np.abs(change) > axioms.DIFFERENCE * size) & fixed
    missed = flat[rows, chosen] <= ROUNDING * flat.max(axis=1)
    return {"missed": np.where(defined, missed.astype(np.float64), np.nan), "change": change}


def one_feature(x: np.ndarray, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return baselines (n, ...) that hold one position of x each, and the flat number of that position (n,)."""
    rows, channels = np.arange(len(x)), x.shape[-1] if x.ndim == 4 else 1
    flat, result = x.reshape(len(x), -1, channels), base.reshape(len(x), -1, channels).copy()
    chosen = np.abs(flat - result).max(axis=-1).argmax(axis=1)
    result[rows, chosen] = flat[rows, chosen]
    return result.reshape(x.shape), chosen
