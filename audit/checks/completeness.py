"""Completeness: what the inputs are credited with adds up to what they did."""

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
from audit.checks.shared.curves import DISTANCE
from audit.checks.shared.judgement import point, stopped, values
from audit.declare import declared
from audit.record import Category, Claim, Condition, Evidence, Facts, FigureKind, Outcome, Probed

STEPS = "steps"

_NETWORKS = axioms.conditions(
    {
        "linear": "a linear network",
        "homogeneous": "a network without biases",
        "saturating": "1 - ReLU(1 - x)",
        "rectified": "ReLU(ReLU(x1) - 1 - ReLU(x2))",
        AUDITED: AUDITED,
    }
)


@declared
class Completeness(Check):
    """The map must sum to the change of the explained logit from the baseline to the input.

    What it does. Adds up each map and compares the sum with S(x) - S(x'), where x' is the baseline that the method
    declares, zeros where it declares none; where it draws baselines S(x') is their mean. The gap is divided by the mean
    size of that change over the inputs. Judged on the audited network and on four closed-form ones (linear; without
    biases; 1 - ReLU(1 - x) for x from 0.1 to 3; a nested rectifier). For a method with ``steps`` the gap at other step
    counts is shown beside.

    Why it matters. Only a complete map can be read as shares of the output; the gap is also the one error of integrated
    gradients that can be measured on any network, and says whether its steps are enough.

    Expected relation. The mean gap is at most ``within`` on every network. It is not zero for a sum over m steps: each
    kink on the way costs O(1/m), up to 0.03 on 1 - ReLU(1 - x) with 50 steps. 0.05 is this project's choice.

    How it can mislead. A map that spreads the right sum over the wrong inputs is complete. Methods that do not claim
    completeness (the gradient, SmoothGrad, guided backprop, Grad-CAM) are skipped; under ``required_of: all`` they
    fail, which says no more than that their values are no shares of the output. Without biases and with zeros as the
    baseline input times gradient is complete; the closed-form networks keep it from passing for that reason alone.

    Source. Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks (arXiv:1703.01365), proposition 1
    and section 5.
    """

    within: Annotated[float, Field(gt=0, le=1, description="largest mean gap, as a share of the mean change")] = 0.05
    steps: Annotated[
        tuple[Annotated[int, Field(ge=1, le=10_000)], ...],
        Field(description="step counts whose gap is shown, not judged, for methods that have steps"),
    ] = (5, 20, 80)
    undefined_at_most: Share = Field(0.1, description="largest share of inputs with a map that is not finite")

    judged: ClassVar[frozenset[str]] = frozenset({"within", "undefined_at_most"})
    quantity: ClassVar[str] = "relative completeness gap"
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "fail", "input": "fail", "random_map": "fail"}
    )
    category: ClassVar[Category] = "axiom"
    claim: ClassVar[Claim | None] = "completeness"
    follows: ClassVar[str] = axioms.FOLLOWS
    figures: ClassVar[tuple[FigureKind, ...]] = ("curves", "steps")

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the step counts (level: steps), the closed-form networks, then the audited one."""
        return (*self._steps(), *(condition for condition, _ in _NETWORKS))

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Measure the gap of one method on one network, or on the audited one with other steps.

        Scores: ``gap`` (n,), relative to the mean change; NaN where the map is not finite.
        """
        if not isinstance(condition, Probed) or condition.name != STEPS:
            return axioms.measured(condition, lambda probed: _gap(method, probed.name, bench))
        altered = bench.altered(method, steps=int(condition.level))
        if altered is None:
            return Measurement(scores={}, note="the method has no steps")
        return axioms.measured(condition, lambda probed: _gap(altered, AUDITED, bench))

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the mean gap on each network; the worst decides."""
        axiom = Axiom(
            score="gap",
            at_most=self.within,
            quantity="the map's sum misses the change of the logit by a share of",
            undefined="have no defined gap (a map is not finite, or the logit does not change from the baseline)",
            undefined_at_most=self.undefined_at_most,
        )
        error = stopped(evidence, self._steps())
        if error:
            return error
        judgement = axioms.judge(axiom, evidence, _NETWORKS)
        found = {each.unit.condition: each for each in evidence}
        shown = [each for each in self._steps() if not found[each].note]
        curves = [values(found, [[each]], [f"{each.level:g} steps"], score="gap", bounds=DISTANCE) for each in shown]
        return replace(judgement, curve=(*(point(each, 0) for each in curves), *judgement.curve))

    def settings(self) -> dict[str, Any]:
        """Nothing: step counts are in the conditions, and the rest are limits."""
        return {}

    def _steps(self) -> tuple[Probed, ...]:
        return tuple(Probed(name=STEPS, level=steps) for steps in self.steps)


def _gap(method: str, name: str, bench: Bench) -> dict[str, np.ndarray]:
    network, explained = axioms.network_of(bench, name)
    maps = bench.explain(method, explained, network=network)
    base = bench.baselines(method, explained.inputs, network=network)
    before = bench.outputs(base.reshape(-1, *base.shape[2:]), network=network)
    before = before.reshape(*base.shape[:2], -1).mean(axis=0)
    after = bench.outputs(explained.inputs, network=network)
    change = (after - before)[np.arange(len(maps)), explained.targets].astype(np.float64)
    return {"gap": relative_gap(maps, change, least=axioms.DIFFERENCE * float(np.abs(after).max()))}


def relative_gap(maps: np.ndarray, change: np.ndarray, *, least: float = 0.0) -> np.ndarray:
    """Return |sum of each map - change| over the mean |change| (n,); NaN where no number, or the mean is ``least``."""
    total = maps.reshape(len(maps), -1).sum(axis=1, dtype=np.float64)
    size = np.abs(change).mean()
    gap = np.abs(total - change)
    return np.divide(gap, size, out=np.full(len(gap), np.nan), where=np.isfinite(gap) & (size > least))
