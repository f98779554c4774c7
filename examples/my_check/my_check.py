"""A check in one file: installed beside Saliency Audit, a spec may name it like any other.

Copy the folder, rename it, and replace four things. ``conditions`` lists what each method is measured under.
``measure`` turns maps into scores, an array ``(n,)`` each, and is all that needs the model. ``judge`` decides from
stored scores alone, so that a limit can change without a new run. ``controls`` names methods whose verdict is known:
without one that must fail and does, nothing shows that the check can tell a sound method from another.

The rest tells the report how to speak of it: ``quantity`` and ``axis`` name what its figure shows, ``figures`` says
which kinds of figure it has (here the curves, as where nothing is said), ``follows`` is what a reader should do after a
failure, ``category`` is the property it speaks of.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared.curves import values
from audit.checks.shared.judgement import Limits, Target, conclude, stopped
from audit.declare import declared
from audit.record import Category, Condition, Evidence, Facts, Original, Outcome, Randomized


@declared
class StageChange(Check):
    """The map must change when any one stage of the model is re-drawn.

    What it does. Re-draws one stage at a time, the others left as trained, and measures how far the map moves:
    ||A' - A|| / (||A'|| + ||A||), which is 0 for the same map and at most 1.

    Why it matters. What a stage has learned cannot show in a map that stays the same without it.

    Expected relation. The mean change over the stages is at least ``at_least``, with the lower end of a 95 % interval.
    The limit of 0.1 is this example's choice.

    How it can mislead. A map that is scaled changes too, although it marks the same places; a stage that matters little
    to the model may well leave the map as it is.

    Source. Adebayo et al. 2018, Sanity Checks for Saliency Maps (arXiv:1810.03292), who compare by similarity.
    """

    at_least: Annotated[float, Field(gt=0, lt=1, description="limit on the mean relative change")] = 0.1
    seeds: Annotated[int, Field(ge=2, le=100, description="how often each stage is re-drawn")] = 3

    category: ClassVar[Category] = "dependence"
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType({"edge_detector": "fail", "random_map": "pass"})
    judged: ClassVar[frozenset[str]] = frozenset({"at_least"})
    quantity: ClassVar[str] = "relative change of the map"
    axis: ClassVar[str] = "the one stage that is re-drawn"
    follows: ClassVar[str] = "Its map hardly notices a stage that is lost. Do not ask it what the stages contribute."

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return every stage re-drawn by itself, each with every seed."""
        return tuple(each for stage in self._stages(facts) for each in stage)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Measure the ``change`` (n,) of each map, NaN where both maps are zero or one is not finite."""
        return Measurement(scores={"change": change(bench.maps(method, Original()), bench.maps(method, condition))})

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the mean change over the stages."""
        error = stopped(evidence, self.conditions(facts))
        if error:
            return error
        found = {each.unit.condition: each for each in evidence}
        names = [stage.name for stage in facts.network.stages]
        drawn = values(found, self._stages(facts), names, score="change")
        target = Target(
            name="mean",
            relation="at_least",
            threshold=self.at_least,
            places=lambda change: change.mean(axis=2),  # over the stages: inputs and seeds stay
            leads=("The map changes by", "it changes by"),
            words=("of its size when a stage is re-drawn", "of its size"),
        )
        return conclude(drawn, (target,), Limits(null_at_most=1, undefined_at_most=0.1))

    def _stages(self, facts: Facts) -> list[list[Condition]]:
        stages = range(1, len(facts.network.stages) + 1)
        return [[Randomized(mode="independent", stage=k, seed=seed) for seed in range(self.seeds)] for k in stages]


def change(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return how far maps (n, ...) moved, from 0 to 1, as ``(n,)``; NaN where both are zero or one is not finite."""
    flat = [each.reshape(len(each), -1).astype(np.float64) for each in (before, after)]
    moved = np.linalg.norm(flat[1] - flat[0], axis=1)
    sizes = np.linalg.norm(flat[0], axis=1) + np.linalg.norm(flat[1], axis=1)
    defined = np.isfinite(sizes) & (sizes > 0)
    return np.divide(moved, sizes, out=np.full(len(moved), np.nan), where=defined)
