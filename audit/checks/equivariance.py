"""Equivariance: the map must move with the input where the model does not mind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import comparison, perturbation
from audit.checks.shared.comparison import DEFAULT_CHANNELS, DEFAULT_SIGN, Draws, Share, Similarity, Threshold
from audit.checks.shared.judgement import AboveNull, Limits, Target, conclude, curve, point, stopped
from audit.checks.shared.support import support
from audit.checks.shared.wording import quantity
from audit.declare import declared
from audit.record import (
    Category,
    Compared,
    Condition,
    Doubt,
    Evidence,
    Facts,
    Null,
    Original,
    Outcome,
    Probed,
    Rekeyed,
    Sign,
)

Transform = Literal[
    "flip_left_right",
    "flip_up_down",
    "rotate_90",
    "rotate_180",
    "rotate_270",
    "shift_left",
    "shift_right",
    "shift_up",
    "shift_down",
]

_AXES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"shift_left": (2, -1), "shift_right": (2, 1), "shift_up": (1, -1), "shift_down": (1, 1)}
)
_OTHER_KEY = Rekeyed(seed=1)


@declared
class Equivariance(Check):
    """If flipping, turning or shifting an image does not change the model's output, the map must move with the image.

    What it does. Explains the transformed input, transforms the map back and compares it with the map of the input, for
    every transformation asked for. Shifts are by whole pixels; what leaves the image on one side enters on the other.
    The model's own change is measured for each input: the length of the change of its logits, over that of its logits
    about their mean. An input on which it is more than ``tolerance`` is undefined.

    Why it matters. If a model is invariant to a transformation, its derivative moves with the input exactly, so a map
    that does not shows something of the method's own: a grid, a border, an order of features.

    Expected relation. For each transformation the mean excess similarity is at least ``at_least``, with the lower end
    of a 95 % interval; exact methods on an exactly invariant model reach 1. The limit is this project's choice.
    Where the model is not invariant the method need not be equivariant, and nothing is decided.

    How it can mislead. A map of the input alone moves with it perfectly. Logits that agree at an input do not make the
    model invariant around it, so a large tolerance blames methods for the model. A stochastic method does not flip its
    noise: read it beside its similarity under another key, which is measured too.

    Source. Cohen and Welling 2016, Group Equivariant Convolutional Networks (arXiv:1602.07576) for the property;
    Crabbe and van der Schaar 2023, Evaluating the Robustness of Interpretability Methods through Explanation Invariance
    and Equivariance (arXiv:2304.06715) for asking it of explanations.
    """

    transforms: Annotated[tuple[Transform, ...], Field(min_length=1)] = ("flip_left_right",)
    pixels: Annotated[int, Field(ge=1, le=1000, description="size of the shifts in pixels")] = 1
    tolerance: float = Field(
        0.01, ge=0, le=1, description="largest relative change of the logits that counts as no change"
    )
    similarity: Similarity = "spearman"
    channels: Compared | None = Field(None, description="channel reduction, or `keep`; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="compare magnitudes or signed maps; default: the spec's `maps`")
    at_least: Threshold = 0.9
    null_draws: Draws = 10
    null_at_most: Share = Field(0.8, description="largest mean null with enough head-room to judge")
    undefined_at_most: Share = Field(0.1, description="largest share of undefined inputs")

    judged: ClassVar[frozenset[str]] = frozenset({"sign", "tolerance", "at_least", "null_at_most", "undefined_at_most"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType({"input": "pass", "random_map": "fail"})
    category: ClassVar[Category] = "robustness"
    follows: ClassVar[str] = (
        "Its map does not move with the input although the model's answer stays. Do not read positions off it finely."
    )

    @model_validator(mode="after")
    def _fits(self) -> "Equivariance":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        if len(set(self.transforms)) < len(self.transforms):
            raise ValueError("`transforms` names one twice")
        return self

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the null, another key, then the transformations, if the inputs are images that allow them."""
        if self.inapplicable(facts):
            return ()
        return (self._null(), _OTHER_KEY, *(self._probe(each) for each in self.transforms))

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Compare one method's maps of transformed inputs, transformed back, with its maps.

        Beside the scores of ``comparison.compare``, ``model_change`` ``(n,)``: the model's own, relative.
        """
        if not isinstance(condition, Probed):
            return comparison.measure(method, condition, bench, similarity=self.similarity, channels=self.channels)
        forth, back = _pair(condition)
        own = bench.explained
        turned = replace(own, inputs=np.ascontiguousarray(forth(own.inputs)))
        maps, channels = back(bench.explain(method, turned)), self.channels or DEFAULT_CHANNELS
        scores = comparison.compare_on(
            support(method, bench, channels),
            (bench.maps(method, Original()), maps),
            similarity=self.similarity,
            channels=channels,
            keys=comparison.pair_keys(bench, condition),
        )
        scores["model_change"] = _change(bench.outputs(own.inputs), bench.outputs(turned.inputs))
        return Measurement(scores=scores)

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge every transformation to which the model is invariant; a pass needs all of them."""
        unfit = self.inapplicable(facts)
        if unfit:
            return Judgement(outcome="inconclusive", code="not-applicable", reason=unfit)
        error = stopped(evidence, self.conditions(facts))
        if error:
            return error
        found = {each.unit.condition: self._masked(each) for each in evidence}
        doubts = {each: self._doubt(found[self._probe(each)], each) for each in self.transforms}
        tested = tuple(each for each in self.transforms if not doubts[each])
        untested = " ".join(each.text for each in doubts.values() if each)
        return self._conclude(found, tested or self.transforms, untested, nothing=not tested)

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return comparison.measured_fields(self)

    def _conclude(
        self, found: Mapping[Condition, Evidence], tested: Sequence[str], untested: str, *, nothing: bool
    ) -> Judgement:
        above = AboveNull(null=self._null(), sign=self.sign or DEFAULT_SIGN, exact=True)
        places = [[self._probe(each)] for each in tested]
        drawn = curve(found, places, tested, above)
        floor = curve(found, [[_OTHER_KEY]], ["another key, same input"], above)
        if isinstance(drawn, str) or isinstance(floor, str):
            return Judgement(outcome="inconclusive", code="sign-removed", reason=str(drawn))
        limits = Limits(null_at_most=self.null_at_most, undefined_at_most=self.undefined_at_most, fewest_seeds=1)
        targets = [self._target(place, each) for place, each in enumerate(tested)]
        judgement = conclude(
            drawn, targets, limits, doubt=Doubt(code="not-invariant", text=untested) if nothing else None
        )
        judgement = replace(judgement, curve=(*judgement.curve, point(floor, 0)))
        if nothing or not untested:
            return judgement
        judgement = replace(judgement, reason=f"{judgement.reason} Not decided: {untested}")
        if judgement.outcome != "pass":
            return judgement
        return replace(judgement, outcome="inconclusive", code="not-invariant")

    def _target(self, place: int, name: str) -> Target:
        what = f"of its excess {quantity(self.similarity)} under {name}, transformed back"
        return Target(
            name=name,
            relation="at_least",
            threshold=self.at_least,
            places=lambda excess: excess[:, :, place],
            words=(what, f"under {name}"),
        )

    def _masked(self, evidence: Evidence) -> Evidence:
        """Return evidence in which inputs on which the model changes have no similarity."""
        if "model_change" not in evidence.scores:
            return evidence
        same = np.asarray(evidence.scores["model_change"]) <= self.tolerance  # False for NaN
        masked = {
            name: np.where(same, each, np.nan) if name.startswith("similarity") else each
            for name, each in evidence.scores.items()
        }
        return replace(evidence, scores=masked)

    def _doubt(self, evidence: Evidence, name: str) -> Doubt | None:
        change = np.asarray(evidence.scores["model_change"], np.float64)
        because = (
            f"the model is not invariant to {name}, so the method need not be (its logits change by "
            f"{np.median(change):.3f} of their size in the median, where {self.tolerance:g} is allowed)"
        )
        return perturbation.too_few(change <= self.tolerance, self.undefined_at_most, because=because)

    def inapplicable(self, facts: Facts) -> str | None:
        """Say why inputs of this shape cannot be transformed, None where they can."""
        shape = facts.network.input_shape
        if len(shape) != 3:
            return f"Inputs of shape {shape} are not images, so they cannot be flipped, turned or shifted."
        if shape[0] != shape[1] and {"rotate_90", "rotate_270"} & set(self.transforms):
            return (
                f"Images of {shape[0]} by {shape[1]} pixels are not square, so a quarter turn does not fit the model."
            )
        return None

    def _probe(self, name: str) -> Probed:
        return Probed(name=name, level=float(self.pixels) if name in _AXES else 0.0)

    def _null(self) -> Null:
        return Null(draws=self.null_draws)


def _pair(condition: Probed) -> tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]:
    """Return a transformation of images (n, H, W, C) and its inverse."""
    name = condition.name
    if name in _AXES:
        axis, direction = _AXES[name]
        by = direction * int(condition.level)
        return lambda x: np.roll(x, by, axis=axis), lambda x: np.roll(x, -by, axis=axis)
    if name.startswith("rotate"):
        turns = int(name.removeprefix("rotate_")) // 90
        return lambda x: np.rot90(x, turns, axes=(1, 2)), lambda x: np.rot90(x, -turns, axes=(1, 2))
    axis = 2 if name == "flip_left_right" else 1
    return lambda x: np.flip(x, axis=axis), lambda x: np.flip(x, axis=axis)


def _change(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return how far logits moved (n,), over their length about their mean; a single logit over its size."""
    centre = before.mean(axis=1, keepdims=True) if before.shape[1] > 1 else 0.0
    return perturbation.ratio(perturbation.lengths(after - before), perturbation.lengths(before - centre))
