"""Reproducibility: another training of the same architecture by the same recipe."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import comparison, memorisation
from audit.checks.shared.comparison import DEFAULT_SIGN, PARTNER, Draws, Seeds, Share, Similarity, Threshold
from audit.checks.shared.judgement import AboveNull, Curve, Limits, Target, conclude, curve, point, stopped
from audit.checks.shared.wording import quantity
from audit.declare import declared
from audit.errors import UnitError
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
    Rekeyed,
    Sign,
    Trained,
    TrainingFacts,
)

_JUDGED = "a new training"
_OTHER_KEY = Rekeyed(seed=1)


@declared
class Reproducibility(Check):
    """A retrained model with the same accuracy must get similar maps.

    What it does. Trains the architecture anew by the spec's recipe, from other fresh weights and in another order, and
    compares each new network's maps with those of the audited model, input by input, for the same class.

    Why it matters. Two networks that differ in their seed alone have learned the same task from the same data. What
    their maps do not share is due to the draw, so nobody can conclude from it what the data hold.

    Expected relation. The mean excess similarity is at least ``at_least``, with the lower end of a 95 % interval over
    inputs and trainings; one half is the line of Arun et al., who draw it for their own measure. The null is what
    noise shows through the method's masking. It is inconclusive unless every network is better than chance on the test
    data and within ``accuracy_within`` of the audited model there, beside sampling error.

    How it can mislead. A map that ignores the model reproduces perfectly, so read it beside the floor that is measured
    too: the same comparison with untrained networks, which have the architecture and the input in common but nothing
    learned. A sound method need not reach 1: networks of two seeds are different functions. Two ceilings are measured:
    two new trainings with one another (if that is far above the verdict's number, the audited model was trained by
    another recipe), and the audited model under another random key. Whoever reads a low number as a fault of the method
    should look at the other methods first: the networks may really differ.

    Source. Arun et al. 2021, Assessing the Trustworthiness of Saliency Maps for Localizing Abnormalities in Medical
    Imaging (doi:10.1148/ryai.2021200267), who call it repeatability; the excess over a null, the floor and the ceilings
    are this project's.
    """

    similarity: Similarity = "spearman"
    channels: Compared | None = Field(None, description="channel reduction, or `keep`; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="compare magnitudes or signed maps; default: the spec's `maps`")
    at_least: Threshold = 0.5
    seeds: Seeds = 3
    accuracy_within: Share = Field(0.05, description="largest difference from the audited model's test accuracy")
    null_draws: Draws = 10
    null_at_most: Share = Field(0.8, description="largest mean null with enough head-room to judge")
    undefined_at_most: Share = Field(0.1, description="largest share of inputs without a defined similarity")

    retrains: ClassVar[bool] = True
    judged: ClassVar[frozenset[str]] = frozenset(
        {"sign", "at_least", "accuracy_within", "null_at_most", "undefined_at_most"}
    )
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "pass", "input": "pass", "random_map": "fail"}
    )
    category: ClassVar[Category] = "robustness"
    follows: ClassVar[str] = (
        "Another training of the same model gives other maps. Do not read them as facts about the data; explain "
        "several trainings, and show what they share."
    )

    @model_validator(mode="after")
    def _fits(self) -> "Reproducibility":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        return self

    def trainings(self, facts: Facts) -> tuple[Trained, ...]:
        """Return one training on the true labels for each seed."""
        return self._trained("true")

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the null, the audited model and another key, then the trained and the untrained networks."""
        return (self._null(), Original(), _OTHER_KEY, *self._trained("true"), *self._trained("none"))

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Compare one method's maps on one network with the audited model's, and with the previous training's."""
        return comparison.measure_with_partner(
            method, (condition, _partner(condition)), bench, similarity=self.similarity, channels=self.channels
        )

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the audited model against the new trainings, if these answer as well."""
        if facts.training is None:
            raise UnitError("R807", "nothing is known of the training data", fix="add `training` to the spec")
        trainings = [each for each in evidence if each.unit.check == "training"]
        measured = [each for each in evidence if each.unit.check != "training"]
        error = stopped(trainings, self.trainings(facts), what="training") or stopped(measured, self.conditions(facts))
        if error:
            return error
        wanted = self.trainings(facts)
        trained = [each for each in trainings if each.unit.condition in wanted]
        doubt = accuracy_doubt(trained, facts.training, audited=facts.data.accuracy, within=self.accuracy_within)
        found = {each.unit.condition: each for each in measured}
        drawn = self._curve(found, wanted, _JUDGED)
        if isinstance(drawn, str):
            return Judgement(outcome="inconclusive", code="sign-removed", reason=drawn)
        limits = Limits(null_at_most=self.null_at_most, undefined_at_most=self.undefined_at_most)
        judgement = conclude(drawn, (self._target(),), limits, doubt=doubt)
        return self._beside(judgement, found)

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return comparison.measured_fields(self)

    def _beside(self, judgement: Judgement, found: Mapping[Condition, Evidence]) -> Judgement:
        curves = (
            self._curve(found, self._trained("none"), "an untrained network"),
            self._curve(found, self._trained("true")[1:], "two new trainings", PARTNER),
            self._curve(found, (_OTHER_KEY,), "another key, same model"),
        )
        points = [point(each, 0) for each in curves if not isinstance(each, str)]
        kept = ["an undefined part" if each.excess is None else f"{each.excess:z.2f}" for each in points]
        reason = judgement.reason
        if judgement.criteria[0].statistic is not None:
            reason += (
                f" With an untrained network it keeps {kept[0]}, two new trainings share {kept[1]}, "
                f"another key alone leaves {kept[2]}."
            )
        return replace(judgement, reason=reason, curve=(*judgement.curve, *points))

    def _target(self) -> Target:
        return Target(
            name="value",
            relation="at_least",
            threshold=self.at_least,
            places=lambda excess: excess.mean(axis=2),
            words=(f"of its excess {quantity(self.similarity)} when the model is retrained", "after a new training"),
        )

    def _curve(
        self, found: Mapping[Condition, Evidence], conditions: Sequence[Condition], label: str, prefix: str = ""
    ) -> Curve | str:
        above = AboveNull(null=self._null(), sign=self.sign or DEFAULT_SIGN, exact=True)
        return curve(found, [conditions], [label], above, [prefix])

    def _trained(self, labels: Literal["true", "none"]) -> tuple[Trained, ...]:
        return tuple(Trained(labels=labels, seed=seed) for seed in range(self.seeds))

    def _null(self) -> Null:
        return Null(draws=self.null_draws)


def _partner(condition: Condition) -> Trained | None:
    """Return the previous training, with which a new one is compared beside the audited model."""
    if not isinstance(condition, Trained) or condition.labels == "none" or condition.seed == 0:
        return None
    return replace(condition, seed=condition.seed - 1)


def accuracy_doubt(
    trainings: Sequence[Evidence], training: TrainingFacts, *, audited: float | None, within: float
) -> Doubt | None:
    """Return why new trainings cannot stand for the audited model, in one sentence; None where they can."""
    if audited is None or not training.test_shares:
        text = "The test accuracy of the audited model is not known, so nothing shows that the networks are alike."
        return Doubt(code="no-labels", text=text)
    chance = memorisation.chance(training)[1]
    error = 2 * math.sqrt(max(audited * (1 - audited), 1 / (4 * max(training.test, 1))) / max(training.test, 1))
    for each in trainings:
        accuracy = float(np.asarray(each.scores.get("test_accuracy", np.nan), np.float64).reshape(-1)[-1])
        seed = each.unit.condition.seed if isinstance(each.unit.condition, Trained) else 0
        if not min(accuracy, audited) > chance + error:  # NaN too
            return Doubt(
                code="not-learned",
                text=f"A network is no better than chance ({chance:.3f}) on the test data: seed {seed} reaches "
                f"{accuracy:.3f}, the audited model {audited:.3f}; nothing was learned that could be reproduced.",
            )
        if not abs(accuracy - audited) <= within + error:
            return Doubt(
                code="other-accuracy",
                text=f"The new training with seed {seed} has a test accuracy of {accuracy:.3f}, the audited model "
                f"{audited:.3f}, which is more than {within:g} apart beside sampling error: bring `training` closer to "
                "how the model was trained, or allow more in `accuracy_within`.",
            )
    return None
