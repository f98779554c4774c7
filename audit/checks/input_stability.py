"""Stability under small changes of the input."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from audit.checks.check import Bench, Check, Explained, Judgement, Measurement
from audit.checks.shared import perturbation
from audit.checks.shared.comparison import Share
from audit.checks.shared.curves import DISTANCE
from audit.checks.shared.judgement import Curve, Limits, Target, conclude, point, stopped, values
from audit.declare import declared
from audit.record import Category, Condition, Evidence, Facts, Original, Outcome, Probed, Rekeyed

_OTHER_KEY = Rekeyed(seed=1)
_FEWEST = 0.5  # of an input's neighbours: the largest of few is no estimate of the largest of many


@declared
class InputStability(Check):
    """An imperceptible change of the input must not change the map much.

    What it does. Explains seeded neighbours of each input, within a radius given as a share of the range of the data's
    values. The largest relative change of the map, max ||e(x) - e(x')|| / ||e(x)|| (max-sensitivity), is judged; the
    largest ||e(x) - e(x')|| / ||x - x'|| (local Lipschitz) is reported beside it. Norms of maps are Euclidean, over
    raw signed maps. A neighbour that the model puts in another class is excluded.

    Why it matters. Two inputs that look the same and get the same answer, explained by different maps, leave the reader
    with no reason to believe either.

    Expected relation. The mean over inputs of the largest relative change is at most ``at_most``, with the upper end
    of a 95 % interval. Two independent maps of equal length differ by the square root of 2, whatever masks them both,
    so 0.5 allows about a third of that; the limit is this project's choice.

    How it can mislead. A map that ignores the input is optimal, as the random map shows, so this says nothing of
    faithfulness. Read it beside two numbers that are measured too: the change of the map under another random key and
    an unchanged input (the noise floor of a stochastic method), and the relative change of the explained logit: a map
    may be unsteady because the model is. The worst of finitely many neighbours is no bound on the worst of all.

    Source. Yeh, Hsieh, Suggala, Inouye and Ravikumar 2019, On the (In)fidelity and Sensitivity of Explanations
    (arXiv:1901.09392); Alvarez-Melis and Jaakkola 2018, On the Robustness of Interpretability Methods
    (arXiv:1806.08049), here with a finite sample of neighbours.
    """

    radius: Annotated[float, Field(gt=0, le=1, description="radius, as a share of the range of the data's values")] = (
        0.02
    )
    norm: Literal["maximum", "euclidean"] = Field("maximum", description="norm of the radius")
    neighbours: Annotated[int, Field(ge=1, le=1000, description="of each input")] = 10
    inside_range: bool = Field(True, description="keep neighbours inside the range of the data's values")
    at_most: float = Field(0.5, ge=0, description="limit on the largest relative change of the map")
    undefined_at_most: Share = Field(0.1, description="largest share of inputs without a defined change")

    judged: ClassVar[frozenset[str]] = frozenset({"at_most", "undefined_at_most"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "pass", "input": "pass", "random_map": "pass"}
    )
    category: ClassVar[Category] = "robustness"
    follows: ClassVar[str] = (
        "Small changes of an input, which keep the prediction, change its map. Average over such changes, or say "
        "beside each map that it holds for that input alone."
    )
    quantity: ClassVar[str] = "relative change"

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return another key, then the neighbours."""
        return (_OTHER_KEY, *self._neighbours())

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Compare one method's maps of the neighbours, or of the inputs under another key, with its maps.

        Scores, each ``(n,)`` with NaN where undefined: ``map_change`` relative to the map; for neighbours
        ``slope``, relative to the change of the input, ``logit_change`` and ``kept`` (1 where the class is kept).
        """
        maps = bench.maps(method, Original())
        if not isinstance(condition, Probed):
            return Measurement(scores={"map_change": _change(maps, bench.maps(method, condition))})
        own = bench.explained
        near = replace(own, inputs=self._near(own, condition))
        moved = bench.explain(method, near)
        before, after = bench.outputs(own.inputs), bench.outputs(near.inputs)
        kept = perturbation.predicted(before) == perturbation.predicted(after)
        logits = [perturbation.explained_logit(each, own.targets) for each in (before, after)]
        slope = perturbation.ratio(perturbation.lengths(maps - moved), perturbation.lengths(own.inputs - near.inputs))
        return Measurement(
            scores={
                "map_change": np.where(kept, _change(maps, moved), np.nan),
                "slope": np.where(kept, slope, np.nan),
                "logit_change": perturbation.ratio(np.abs(logits[0] - logits[1]), np.abs(logits[0])),
                "kept": kept.astype(np.float64),
            }
        )

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the mean over inputs of the largest change over neighbours."""
        error = stopped(evidence, self.conditions(facts))
        if error:
            return error
        found = {each.unit.condition: each for each in evidence}
        drawn = self._worst(found, "map_change", "largest change over neighbours")
        target = Target(
            name="max_sensitivity",
            relation="at_most",
            threshold=self.at_most,
            places=lambda change: change[:, :, 0],
            words=("of its length within the radius", "of its length"),
            leads=("The map changes by", "it changes by"),
        )
        doubt = perturbation.too_few(
            drawn.usable,
            self.undefined_at_most,
            because="the map is zero, or too many neighbours are put in another class; use a smaller `radius`",
        )
        limits = Limits(null_at_most=1, undefined_at_most=self.undefined_at_most, fewest_seeds=1)
        return self._beside(conclude(drawn, (target,), limits, doubt=doubt), found)

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return {"norm": self.norm, "inside_range": self.inside_range}

    def _beside(self, judgement: Judgement, found: Mapping[Condition, Evidence]) -> Judgement:
        """Add the noise floor, the model's own change and the local Lipschitz estimate."""
        floor = values(found, [[_OTHER_KEY]], ["another key, same input"], score="map_change", bounds=DISTANCE)
        logit = self._worst(found, "logit_change", "the explained logit")
        slope = self._worst(found, "slope", "slope")
        reason = judgement.reason + (
            f" Another key alone changes it by {_mean(floor)}; the explained logit changes by {_mean(logit)} of its "
            f"size; local Lipschitz estimate {_mean(slope)}."
        )
        return replace(judgement, reason=reason, curve=(*judgement.curve, point(floor, 0), point(logit, 0)))

    def _worst(self, found: Mapping[Condition, Evidence], score: str, label: str) -> Curve:
        """Return a score's largest value over neighbours (n, 1, 1); undefined where most neighbours are."""
        drawn = values(found, [self._neighbours()], [label], score=score, bounds=DISTANCE)
        enough = np.isfinite(drawn.similarity).mean(axis=1, keepdims=True) >= _FEWEST
        filled = np.where(np.isfinite(drawn.similarity), drawn.similarity, -np.inf).max(axis=1, keepdims=True)
        worst = np.where(enough, filled, np.nan)
        return replace(drawn, similarity=worst, excess=worst, flaws=(~enough).astype(int))

    def _near(self, own: Explained, condition: Probed) -> np.ndarray:
        shape = own.inputs.shape[1:]
        draw = _in_box if self.norm == "maximum" else _in_ball
        drawn = [draw(each, shape) for each in perturbation.generators("neighbour", condition.seed, own.ids)]
        moved = own.inputs + np.float32(condition.level * perturbation.span(own.inputs)) * np.stack(drawn)
        return perturbation.clip(moved, own.inputs) if self.inside_range else moved.astype(np.float32)

    def _neighbours(self) -> tuple[Probed, ...]:
        return tuple(Probed(name="neighbour", seed=seed, level=self.radius) for seed in range(self.neighbours))


def _in_box(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return generator.uniform(-1, 1, shape)


def _in_ball(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    direction = generator.standard_normal(shape)
    return direction / np.linalg.norm(direction) * generator.uniform() ** (1 / direction.size)


def _change(maps: np.ndarray, moved: np.ndarray) -> np.ndarray:
    return perturbation.ratio(perturbation.lengths(maps - moved), perturbation.lengths(maps))


def _mean(curve: Curve) -> str:
    usable = curve.similarity[curve.usable]
    return f"{usable.mean():.2g}" if len(usable) else "an undefined amount"
