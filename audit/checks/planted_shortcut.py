"""A planted shortcut that the model demonstrably uses must be found."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import Field

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import diagnosis
from audit.checks.shared.comparison import DEFAULT_CHANNELS
from audit.checks.shared.diagnosis import DISTRACTOR, RELEVANT, SWAPPED, Misled, Share, Used
from audit.checks.shared.judgement import Limits, Target, conclude, stopped, values
from audit.declare import declared
from audit.record import (
    Category,
    Channels,
    Condition,
    Evidence,
    Facts,
    Original,
    Outcome,
    Randomized,
)

_PLACES = {"excess": "the mark, above an equal region by chance", "share_of_both": "the mark against the decoy"}


@declared
class PlantedShortcut(Check):
    """The map must show the planted mark that the model uses.

    What it does. Explains a model trained on images with a planted mark that gives the class away, beside a decoy of
    the same ink that says nothing (data source ``planted_shortcut``). Two shares of the map's magnitude are judged: the
    mark's of the whole map, above what the same region has on average over all its placements in that map; and the
    mark's of what lies on mark and decoy together.

    Why it matters. An audit without ground truth can say that a map changes, not that it is right. Here the pixels that
    decide are known, because exchanging the mark changes the prediction and exchanging the decoy does not.

    Expected relation. The mark has at least ``at_least`` of the magnitude on mark and decoy, and at least
    ``excess_at_least`` of the map above chance, with the lower ends of 95 % intervals. A map that does not know the
    model's use of the two gives the mark exactly one half, and 0.55 is a twentieth more. No paper publishes limits:
    both are this project's choice. On a small network whose logit moves by 0.93 for the mark and 0.07 for the decoy,
    input x gradient gives the mark 0.56, SmoothGrad 0.64. A pass becomes inconclusive if networks with every stage
    re-drawn (``redraws``) vary by as much, because random weights may favour one mark by chance. It is inconclusive
    unless at least ``used_at_least`` of the predictions change when the mark is exchanged, and at most
    ``misled_at_most`` when the decoy is.

    How it can mislead. A method that finds a small bright mark need not find what is spread out or what is absent. A
    model may use the decoy without changing its prediction, and a map that shows this is right. One data set, one kind
    of shortcut: passing here is no evidence that every shortcut would be found.

    Source. Adebayo et al. 2022, Post hoc Explanations may be Ineffective for Detecting Unknown Spurious Correlation
    (arXiv:2212.04629), for planted signals as ground truth; the pointing game is that of Zhang et al. 2018
    (arXiv:1608.00507), average precision as in Arun et al. 2021 (doi:10.1148/ryai.2021200267). The decoy, the exact
    chance and the limits are this project's.
    """

    channels: Channels | None = Field(None, description="channel reduction; default: the spec's `maps`")
    at_least: Share = Field(0.55, description="limit on the mark's share of the magnitude on mark and decoy")
    excess_at_least: Share = Field(0.0, description="limit on the mark's share of the map above chance")
    redraws: int = Field(
        5, ge=3, le=1000, description="networks with every stage re-drawn, whose results a pass must exceed"
    )
    used_at_least: Used = 0.8
    misled_at_most: Misled = 0.2
    undefined_at_most: Share = Field(0.1, description="largest share of inputs whose map has no location")

    title: ClassVar[str] = "Planted shortcut"
    quantity: ClassVar[str] = "share of the magnitude"
    truth: ClassVar[frozenset[str]] = frozenset({RELEVANT, DISTRACTOR, *SWAPPED.values()})
    diagnostic: ClassVar[str] = "planted_shortcut"
    judged: ClassVar[frozenset[str]] = frozenset(
        {"at_least", "excess_at_least", "used_at_least", "misled_at_most", "undefined_at_most"}
    )
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "fail", "input": "fail", "random_map": "fail"}
    )
    category: ClassVar[Category] = "localisation"
    follows: ClassVar[str] = (
        "It misses a shortcut that the model is known to take. Do not use it to look for shortcuts."
    )

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the audited model, then networks of which every stage is re-drawn."""
        return (Original(), *self._redrawn(facts))

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Say where the maps lie (``diagnosis.placed``) and what the model's predictions depend on."""
        maps = bench.maps(method, condition)
        scores = diagnosis.placed(maps, bench.explained, channels=self.channels or DEFAULT_CHANNELS)
        uses = diagnosis.uses(bench) if isinstance(condition, Original) else {}
        return Measurement(scores={**scores, **uses})

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge both shares, if the model uses the mark and not the decoy."""
        error = stopped(evidence, self.conditions(facts))
        if error:
            return error
        found = {each.unit.condition: each for each in evidence}
        own = found[Original()]
        uses = diagnosis.UseLimits(used_at_least=self.used_at_least, misled_at_most=self.misled_at_most)
        doubt = diagnosis.unused([own.scores], uses, used=RELEVANT, ignored=DISTRACTOR, who="The model")
        drawn = values(found, [[Original()]] * len(_PLACES), tuple(_PLACES.values()), score=tuple(_PLACES))
        limits = Limits(null_at_most=1, undefined_at_most=self.undefined_at_most, fewest_seeds=1)
        judgement = conclude(drawn, self._targets(), limits, doubt=doubt)
        if doubt:
            return judgement
        judgement = replace(judgement, reason=judgement.reason + diagnosis.aside(own))
        return diagnosis.held_back(judgement, own, [found[each] for each in self._redrawn(facts)])

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return {"channels": self.channels or DEFAULT_CHANNELS}

    def _redrawn(self, facts: Facts) -> tuple[Randomized, ...]:
        stages = len(facts.network.stages)
        return tuple(Randomized(mode="cascading", stage=stages, seed=seed) for seed in range(self.redraws))

    def _targets(self) -> tuple[Target, ...]:
        leads = ("The mark has", "the mark has")
        excess = Target(
            name="excess",
            relation="at_least",
            threshold=self.excess_at_least,
            places=lambda found: found[:, :, 0],
            leads=leads,
            words=("of the map above an equal region placed at random", "above chance"),
        )
        share = Target(
            name="share",
            relation="at_least",
            threshold=self.at_least,
            places=lambda found: found[:, :, 1],
            leads=leads,
            words=("of the magnitude on mark and decoy together", "against the decoy"),
        )
        return excess, share
