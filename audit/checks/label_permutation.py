"""Label permutation: the data randomisation test."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import comparison
from audit.checks.shared.comparison import DEFAULT_SIGN, PARTNER, Draws, Seeds, Share, Similarity, Threshold
from audit.checks.shared.judgement import AboveNull, Curve, Limits, Target, conclude, curve, point, stopped
from audit.checks.shared.memorisation import Required, doubt
from audit.checks.shared.nulls import measure_null
from audit.checks.shared.wording import quantity
from audit.declare import declared
from audit.errors import UnitError
from audit.record import (
    Architecture,
    Category,
    Compared,
    Condition,
    Doubt,
    Evidence,
    Facts,
    FigureKind,
    Null,
    Original,
    Outcome,
    Sign,
    Trained,
)

_PLACES = ("permuted against true labels", "permuted labels against the audited model")
_CEILING, _FLOOR = "true against true labels, another seed", "untrained against untrained"


@declared
class LabelPermutation(Check):
    """The map must change when the model is trained on permuted labels.

    What it does. Retrains the architecture, once on the true labels and once on permuted ones, by the same recipe
    and over several seeds; the maps of the network that memorised the permuted labels are compared with those of a
    network trained on the true labels, and with those of the audited model. Compared networks never share their fresh
    weights: two that do would resemble each other for that reason alone. What gradients of other inputs share on
    wholly re-drawn networks is part of the null: it is the architecture's.

    Why it matters. Between the two networks only the relation of inputs to labels differs. A map that stays the same
    does not show what was learned from the labels, however convincing it looks.

    Expected relation. The mean excess similarity is at most ``at_most`` in both comparisons, with the upper end of a
    95 % interval. No paper publishes a limit: one half is this project's choice. It is inconclusive unless every
    network memorised the permuted labels (training accuracy at least ``memorised``), is at chance on the test data,
    and the networks trained on the true labels are above it and within ``baseline_within`` of the audited model.

    How it can mislead. Read the number between its floor and its ceiling, which are measured too: two networks trained
    on the same true labels agree far from perfectly, and two untrained ones agree more than one expects, or even more
    than trained ones. A sound method whose ceiling is low passes with ease. On scikit-learn's digits the gradient
    keeps 0.09 of a ceiling of 0.48, guided backpropagation 0.39 of 0.74.

    Source. Adebayo et al. 2018, Sanity Checks for Saliency Maps (arXiv:1810.03292), section 3.3; the excess over a
    null, the limit, the floor, the ceiling and the comparison with the audited model are this project's.
    """

    similarity: Similarity = "spearman"
    channels: Compared | None = Field(None, description="channel reduction, or `keep`; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="compare magnitudes or signed maps; default: the spec's `maps`")
    at_most: Threshold = 0.5
    seeds: Seeds = 3
    memorised: Share = Field(0.95, description="training accuracy that permuted labels must reach")
    chance_within: Share = Field(0.03, description="distance from chance allowed on test data, beside sampling error")
    baseline_within: Share = Field(
        0.05,
        description="distance from the audited model's accuracy allowed to networks trained on the true labels, beside "
        "sampling error",
    )
    null_draws: Draws = 10
    null_at_most: Share = Field(0.8, description="largest mean null with enough head-room to judge")
    undefined_at_most: Share = Field(0.1, description="largest share of inputs without a defined similarity")

    retrains: ClassVar[bool] = True
    judged: ClassVar[frozenset[str]] = frozenset(
        {"sign", "at_most", "memorised", "chance_within", "baseline_within", "null_at_most", "undefined_at_most"}
    )
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "fail", "input": "fail", "random_map": "pass"}
    )
    category: ClassVar[Category] = "dependence"
    follows: ClassVar[str] = (
        "Its maps are alike for a model that learned the task and one that learned noise. Do not use it to say "
        "what the model has learned of the data."
    )
    figures: ClassVar[tuple[FigureKind, ...]] = ("pairs", "learning")

    @model_validator(mode="after")
    def _fits(self) -> "LabelPermutation":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        return self

    def trainings(self, facts: Facts) -> tuple[Trained, ...]:
        """Return one training on the true and one on permuted labels for each seed."""
        return (*self._trained("true"), *self._trained("permuted"))

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the nulls, the audited model, then the networks trained on permuted labels, on true ones, on none."""
        networks = (each for labels in ("permuted", "true", "none") for each in self._trained(labels))
        return (self._null(), _architecture(facts), Original(), *networks)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Compare one method's maps on one network with the audited model's, and with those of its partner.

        For ``Architecture``, what gradients of other inputs share on wholly re-drawn networks: nothing else is intact.
        """
        if isinstance(condition, Architecture):
            return measure_null(method, condition, bench, similarity=self.similarity, channels=self.channels)
        return comparison.measure_with_partner(
            method, (condition, _partner(condition)), bench, similarity=self.similarity, channels=self.channels
        )

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge both comparisons of the networks trained on permuted labels, if these are what they must be."""
        if facts.training is None:
            raise UnitError("R807", "nothing is known of the training data", fix="add `training` to the spec")
        trainings = [each for each in evidence if each.unit.check == "training"]
        measured = [each for each in evidence if each.unit.check != "training"]
        error = stopped(trainings, self.trainings(facts), what="training") or stopped(measured, self.conditions(facts))
        if error:
            return error
        wanted = self.trainings(facts)
        unsound = doubt(
            [each for each in trainings if each.unit.condition in wanted],
            facts.training,
            self._required(facts),
        )
        found = {each.unit.condition: each for each in measured}
        permuted = self._trained("permuted")
        above = AboveNull(
            null=self._null(), sign=self.sign or DEFAULT_SIGN, architecture=_architecture(facts), magnitude=True
        )
        drawn = curve(found, (permuted, permuted), _PLACES, above, (PARTNER, ""))
        ceiling = curve(found, (self._trained("true")[1:],), (_CEILING,), above, (PARTNER,))
        floor = curve(found, (self._trained("none")[1:],), (_FLOOR,), above, (PARTNER,))
        if isinstance(drawn, str) or isinstance(ceiling, str) or isinstance(floor, str):
            return Judgement(outcome="inconclusive", code="sign-removed", reason=str(drawn))
        return self._conclude(drawn, ceiling, floor, unsound)

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return comparison.measured_fields(self)

    def _required(self, facts: Facts) -> Required:
        return Required(
            memorised=self.memorised,
            chance_within=self.chance_within,
            baseline_within=self.baseline_within,
            audited=facts.data.accuracy,
        )

    def _conclude(self, drawn: Curve, ceiling: Curve, floor: Curve, unsound: Doubt | None) -> Judgement:
        limits = Limits(null_at_most=self.null_at_most, undefined_at_most=self.undefined_at_most)
        judgement = conclude(drawn, self._targets(), limits, doubt=unsound)
        points = point(ceiling, 0), point(floor, 0)
        kept = [each.excess for each in points]
        reason = judgement.reason
        if judgement.criteria[0].statistic is not None and None not in kept:
            reason += (
                f" Two networks trained on the true labels keep {kept[0]:z.2f}, two untrained ones {kept[1]:z.2f}."
            )
        return replace(judgement, reason=reason, curve=(*judgement.curve, *points))

    def _targets(self) -> tuple[Target, ...]:
        what = f"of its excess {quantity(self.similarity)}"
        true = Target(
            name="against_true",
            relation="at_most",
            threshold=self.at_most,
            places=lambda excess: excess[:, :, 0],
            words=(f"{what} when the network learns permuted labels instead of the true ones", "between the two"),
        )
        audited = Target(
            name="against_audited",
            relation="at_most",
            threshold=self.at_most,
            places=lambda excess: excess[:, :, 1],
            words=(f"{what} between the audited model and one that learned permuted labels", "with the audited model"),
        )
        return true, audited

    def _trained(self, labels: Any) -> tuple[Trained, ...]:
        return tuple(Trained(labels=labels, seed=seed) for seed in range(self.seeds))

    def _null(self) -> Null:
        return Null(draws=self.null_draws)


def _architecture(facts: Facts) -> Architecture:
    return Architecture(stages=len(facts.network.stages))


def _partner(condition: Condition) -> Trained | None:
    """Return the network that a network is compared with, beside the audited model.

    It does not depend on the number of seeds, so that asking for more of them re-uses what is there. No two of them
    start from the same fresh weights: true labels share those of a seed with no other labels.
    """
    if not isinstance(condition, Trained):
        return None
    if condition.labels == "permuted":
        return replace(condition, labels="true")
    return replace(condition, seed=condition.seed - 1) if condition.seed else None
