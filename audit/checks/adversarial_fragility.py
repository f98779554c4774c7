"""Fragility: whether a small change of the input that keeps the prediction can be found that replaces the map."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import attack, comparison, perturbation
from audit.checks.shared.comparison import DEFAULT_CHANNELS, DEFAULT_SIGN, Draws, Share, Similarity, Threshold
from audit.checks.shared.judgement import AboveNull, Limits, Target, conclude, curve, stopped
from audit.checks.shared.support import support
from audit.checks.shared.wording import quantity
from audit.declare import declared
from audit.record import (
    Category,
    Compared,
    Condition,
    Evidence,
    Facts,
    Null,
    Original,
    Outcome,
    Probed,
    Sign,
)

_RANDOM = "random_signs"
_WORDS: Mapping[str, str] = MappingProxyType(
    {_RANDOM: "random signs", "top_k": "the top-k attack", "mass_centre": "the mass-centre attack"}
)


@declared
class AdversarialFragility(Check):
    """A small change of the input that keeps the prediction must not replace the map.

    What it does. For each budget (a bound on the change of every value, as a share of the range of the data's values)
    two attacks search for the change that keeps the predicted class and moves the map most: one takes mass from the
    pixels that were largest (``top``), one displaces the centre of mass (images only). They follow the sign of the
    gradient of their goal. A rectifier's second derivative is zero, so the derivative of the map comes from the same
    network with softplus in place of rectifiers; maps and predictions are always those of the audited one. Where a
    method cannot be differentiated, or its derivative is zero, the search tries random corners of the budget instead.
    On the straight way from each input to what was found for it the map is measured at equally spaced places. From
    these the verdict reports the smallest change that takes the excess of an input's map below ``at_least``, over all
    attacks and budgets: the first place that keeps the class and is below, by linear interpolation from the one before.
    A bisection would have to know the limit, which is chosen when judging.

    Why it matters. If a change that nobody sees moves the map at will, the map can be made to show anything, and what
    it shows without an adversary is one of many answers.

    Expected relation. Under either attack, and under random signs of the same size, which need no adversary, the mean
    excess similarity of the maps before and after is at least ``at_least`` at the largest budget, with the lower end of
    a 95 % interval; one half is this project's choice. The attacks seek their own goal, not the least similarity, so
    random signs may do more.

    How it can mislead. A map that ignores the input cannot be attacked, as the random map shows. An attack that found
    little proves little, above all a blind one: the share of steps that a gradient led is reported with the verdict.
    The smallest change is the smallest that was found, and a smaller one may exist. A model that is itself fragile has
    fragile maps. An input that no step keeps in its class counts as not moved.

    Source. Ghorbani, Abid and Zou 2019, Interpretation of Neural Networks is Fragile (arXiv:1710.10547): 300 steps of a
    sixteenth of the budget; here steps of two budgets over their number.
    """

    budgets: Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], Field(min_length=1)] = (0.005, 0.01, 0.02)
    top: Annotated[float, Field(gt=0, lt=1, description="share of the pixels that count as largest")] = 0.1
    steps: Annotated[int, Field(ge=1, le=1000, description="of each attack")] = 20
    sharpness: Annotated[float, Field(gt=0, le=1000, description="of the softplus that replaces a ReLU")] = 10.0
    along: Annotated[
        int,
        Field(
            ge=1,
            le=100,
            description="number of places measured on the way to the result of an attack, including its end",
        ),
    ] = 4
    inside_range: bool = Field(True, description="keep inputs inside the range of the data's values")
    similarity: Similarity = "spearman"
    channels: Compared | None = Field(None, description="channel reduction, or `keep`; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="compare magnitudes or signed maps; default: the spec's `maps`")
    at_least: Threshold = 0.5
    null_draws: Draws = 10
    null_at_most: Share = Field(0.8, description="largest mean null with enough head-room to judge")
    undefined_at_most: Share = Field(0.1, description="largest share of inputs without a defined similarity")

    judged: ClassVar[frozenset[str]] = frozenset({"sign", "at_least", "null_at_most", "undefined_at_most"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType({"random_map": "pass"})
    category: ClassVar[Category] = "robustness"
    follows: ClassVar[str] = (
        "A change too small to see moves its map. Do not rely on it where somebody gains by misleading the reader."
    )

    @model_validator(mode="after")
    def _fits(self) -> "AdversarialFragility":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        if list(self.budgets) != sorted(set(self.budgets)):
            raise ValueError("`budgets` must grow")
        return self

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the null, then random signs and the attacks, budget by budget."""
        names = self._names(facts)
        return (self._null(), *(self._probe(name, each) for each in self.budgets for name in names))

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Attack one method's maps within one budget, and compare them with those before.

        Beside the scores of ``comparison.compare``, each ``(n,)``: ``intersection`` of the largest pixels,
        ``centre_shift`` in pixels, ``led`` (the share of steps led by a gradient) and ``size``, the largest change of
        a value as a share of the range. Before the last, ``along_1_`` and so on are those of ``comparison.compare`` on
        the way there; NaN where the class is another.
        """
        if not isinstance(condition, Probed):
            return comparison.measure(method, condition, bench, similarity=self.similarity, channels=self.channels)
        start, own = bench.maps(method, Original()), bench.explained
        found = self._attack(method, condition, bench)
        channels = self.channels or DEFAULT_CHANNELS
        scores = comparison.compare_on(
            support(method, bench, channels),
            (start, found.maps),
            similarity=self.similarity,
            channels=channels,
            keys=comparison.pair_keys(bench, condition),
        )
        before, after = (attack.largest(each, self.top) for each in (start, found.maps))
        width = perturbation.span(own.inputs)
        moved = np.abs(found.inputs - own.inputs).reshape(len(start), -1).max(axis=1)
        scores |= {
            "intersection": (before & after).sum(axis=1) / before.sum(axis=1),
            "centre_shift": perturbation.lengths(attack.centre(found.maps) - attack.centre(start)),
            "led": found.led,
            "size": moved.astype(np.float64) / width,
        }
        scores |= self._on_the_way(method, condition, bench, found)
        return Measurement(scores=scores)

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the attacks and random signs at the largest budget."""
        error = stopped(evidence, self.conditions(facts))
        if error:
            return error
        found, names = {each.unit.condition: each for each in evidence}, self._names(facts)
        pairs = [(name, budget) for name in names for budget in self.budgets]
        labels = [f"{name} {budget:g}" for name, budget in pairs]
        places = [[self._probe(*pair)] for pair in pairs]
        drawn = curve(found, places, labels, self._above())
        if isinstance(drawn, str):
            return Judgement(outcome="inconclusive", code="sign-removed", reason=drawn)
        limits = Limits(null_at_most=self.null_at_most, undefined_at_most=self.undefined_at_most, fewest_seeds=1)
        targets = [self._target(place, name) for place, name in enumerate(names)]
        judgement = conclude(drawn, targets, limits)
        beside = self._beside(found, names[1:])
        if judgement.criteria[0].statistic is not None:  # else the test has no power, and a small change means nothing
            beside += self._smallest(found, names, drawn.usable)
        return replace(judgement, reason=judgement.reason + beside)

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        own = {"top": self.top, "steps": self.steps, "sharpness": self.sharpness, "along": self.along}
        return {**comparison.measured_fields(self), **own, "inside_range": self.inside_range}

    def _attack(self, method: str, condition: Probed, bench: Bench) -> attack.Found:
        own = bench.explained
        budget = condition.level * perturbation.span(own.inputs)
        if condition.name == _RANDOM:
            return attack.random_signs(method, bench, budget=budget, inside=self.inside_range)
        wanted = attack.Attack(
            goal="top_k" if condition.name == "top_k" else "mass_centre",
            top=self.top,
            budget=budget,
            steps=self.steps,
            sharpness=self.sharpness,
            inside=self.inside_range,
        )
        return attack.search(method, bench, wanted)

    def _on_the_way(self, method: str, condition: Probed, bench: Bench, found: attack.Found) -> dict[str, np.ndarray]:
        start, keys, scores = bench.maps(method, Original()), comparison.pair_keys(bench, condition), {}
        channels = self.channels or DEFAULT_CHANNELS
        where = support(method, bench, channels)
        for place in range(1, self.along):
            maps, kept = attack.on_the_way(method, bench, found, place / self.along)
            pair = start, maps
            compared = comparison.compare_on(where, pair, similarity=self.similarity, channels=channels, keys=keys)
            scores |= {f"along_{place}_{name}": np.where(kept, values, np.nan) for name, values in compared.items()}
        return scores

    def _smallest(self, found: Mapping[Condition, Evidence], names: Sequence[str], usable: np.ndarray) -> str:
        """Tell the smallest change that moves a map, in the median of the inputs that any change within reach moves."""
        least = np.min([self._reached(found, self._probe(name, each)) for name in names for each in self.budgets], 0)
        sizes = least[usable]
        moved = sizes[np.isfinite(sizes)]
        within = f"within the largest budget, {self.budgets[-1]:g} of the range"
        if not moved.size:
            return f" The excess of no map of {len(sizes)} falls below {self.at_least:g} {within}."
        return (
            f" The smallest change that takes a map's excess below {self.at_least:g} is {np.median(moved):.2g} of the "
            f"range in the median of {moved.size} inputs; {len(sizes) - moved.size} of {len(sizes)} stay above it "
            f"{within}."
        )

    def _reached(self, found: Mapping[Condition, Evidence], condition: Probed) -> np.ndarray:
        prefixes = [*(f"along_{place}_" for place in range(1, self.along)), ""]
        drawn = curve(found, [[condition]] * self.along, prefixes, self._above(), prefixes)
        if isinstance(drawn, str):
            return np.full(len(found[condition].scores["size"]), np.inf)
        return attack.smallest(drawn.excess[:, 0], found[condition].scores["size"], self.at_least)

    def _beside(self, found: Mapping[Condition, Evidence], attacks: Sequence[str]) -> str:
        at = {name: found[self._probe(name, self.budgets[-1])].scores for name in attacks}
        led = float(np.mean([scores["led"] for scores in at.values()]))
        overlap = min(float(np.mean(scores["intersection"])) for scores in at.values())
        shifts = np.asarray(at["mass_centre"]["centre_shift"]) if "mass_centre" in at else np.array([])
        known = shifts[np.isfinite(shifts)]
        moved = f" and move the centre by {known.mean():.2g} pixels" if known.size else ""
        return (
            f" The attacks leave {overlap:.2f} of the largest {100 * self.top:g} %{moved}; a gradient led "
            f"{100 * led:.0f} % of their steps, the rest were random."
        )

    def _target(self, place: int, name: str) -> Target:
        last = (place + 1) * len(self.budgets) - 1
        return Target(
            name=name,
            relation="at_least",
            threshold=self.at_least,
            places=lambda excess: excess[:, :, last],
            words=(f"of its excess {quantity(self.similarity)} under {_WORDS[name]}", f"under {_WORDS[name]}"),
        )

    def _names(self, facts: Facts) -> tuple[str, ...]:
        images = len(facts.network.input_shape) == 3
        return (_RANDOM, "top_k", "mass_centre") if images else (_RANDOM, "top_k")

    def _probe(self, name: str, budget: float) -> Probed:
        searched = 1 if name == _RANDOM else 2 * self.steps
        return Probed(name=name, level=budget, maps=searched + self.along - 1)

    def _above(self) -> AboveNull:
        return AboveNull(null=self._null(), sign=self.sign or DEFAULT_SIGN, exact=True)

    def _null(self) -> Null:
        return Null(draws=self.null_draws)
