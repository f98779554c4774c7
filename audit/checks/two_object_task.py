"""Two objects in each image: the map must follow the one that the task concerns."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import diagnosis
from audit.checks.shared.comparison import DEFAULT_CHANNELS, Seeds
from audit.checks.shared.diagnosis import DISTRACTOR, RELEVANT, SWAPPED, Misled, Share, Used
from audit.checks.shared.judgement import Limits, Target, conclude, point, stopped, values
from audit.declare import declared
from audit.record import (
    Category,
    Channels,
    Condition,
    Doubt,
    Evidence,
    Facts,
    Original,
    Outcome,
    Trained,
)

_OWN, _PLACES = (
    "share of the task's object",
    ("more than untrained (model effect)", "more than the other task (task effect)"),
)


@declared
class TwoObjectTask(Check):
    """The map must depend on the task that the model learned, not just on its parameters.

    What it does. Explains the audited model and twins of it: networks of the same architecture, trained by the spec's
    recipe on the other task of the same images (data source ``two_objects``), each for the class that it predicts; and
    untrained ones. The score is the share of the task's object in the magnitude on both objects. The *task effect* is
    how much more of it there is in the audited model's maps than in the twins' maps of the same images, the *model
    effect* how much more than in untrained networks' maps.

    Why it matters. A map of a random network may resemble a trained one's because both follow the one object there is
    in the image. With two objects and two tasks, dependence on the task can be distinguished from sensitivity to
    parameters.

    Expected relation. The task effect is at least ``at_least``, with the lower end of a 95 % interval. A map that
    ignores the model has a task effect of exactly 0, whichever object it prefers, and 0.05 is a twentieth more. The
    share itself and the model effect are shown and not judged: an untrained network has no task, and of two objects
    the brighter may have more magnitude under both. Nor does an untrained network's map without a place leave an input
    out. No paper publishes a limit: it is this project's choice. A pass becomes inconclusive if the twins differ from
    each other by as much. It is inconclusive unless the audited model and its twins each decide by their own object: at
    least ``used_at_least`` of the predictions change when it is exchanged, and at most ``misled_at_most`` when the
    other is.

    How it can mislead. A network may use the other object without changing its prediction. Coarse maps spill from one
    object to the other where the two are near. A method that follows the task here need not show how the network
    decides within the object.

    Source. Yona and Greenfeld 2021, Revisiting Sanity Checks for Saliency Maps (arXiv:2110.14297), who judge by eye;
    the score, the twins' effect, the preconditions and the limits are this project's.
    """

    channels: Channels | None = Field(None, description="channel reduction; default: the spec's `maps`")
    at_least: Share = Field(0.05, description="limit on the task effect")
    seeds: Seeds = 5
    used_at_least: Used = 0.8
    misled_at_most: Misled = 0.2
    undefined_at_most: Share = Field(0.1, description="largest share of inputs whose map has no location")

    title: ClassVar[str] = "Two-object task"
    quantity: ClassVar[str] = "share of the magnitude"
    retrains: ClassVar[bool] = True
    truth: ClassVar[frozenset[str]] = frozenset({RELEVANT, DISTRACTOR, "other_labels", *SWAPPED.values()})
    diagnostic: ClassVar[str] = "two_objects"
    judged: ClassVar[frozenset[str]] = frozenset({"at_least", "used_at_least", "misled_at_most", "undefined_at_most"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "fail", "input": "fail", "random_map": "fail"}
    )
    category: ClassVar[Category] = "localisation"
    follows: ClassVar[str] = (
        "It marks an object whether or not the task needs it. Do not use it to say which of several objects a "
        "prediction rests on."
    )

    def trainings(self, facts: Facts) -> tuple[Trained, ...]:
        """Return one twin for each seed."""
        return self._trained("other")

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the audited model, the twins, then untrained networks."""
        return (Original(), *self._trained("other"), *self._trained("none"))

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Say where one method's maps on one network lie.

        Scores are those of ``diagnosis.placed``, always for the object of the audited model's task; ``effect``, how
        much more of both objects' magnitude the audited model's maps have there; and ``diagnosis.uses`` of a network
        that was trained.
        """
        if isinstance(condition, Original):
            return Measurement(scores={**self._placed(bench.maps(method, condition), bench), **diagnosis.uses(bench)})
        maps, uses = self._other(method, condition, bench)
        scores, audited = self._placed(maps, bench), self._placed(bench.maps(method, Original()), bench)
        return Measurement(scores={**scores, "effect": audited["share_of_both"] - scores["share_of_both"], **uses})

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the share and the task effect, if every trained network decides by its own object."""
        trainings = [each for each in evidence if each.unit.check == "training"]
        measured = [each for each in evidence if each.unit.check != "training"]
        error = stopped(trainings, self.trainings(facts), what="training") or stopped(measured, self.conditions(facts))
        if error:
            return error
        found = {each.unit.condition: each for each in measured}
        twins = self._trained("other")
        own = values(found, [[Original()]], [_OWN], score="share_of_both")
        untrained = values(found, [self._trained("none")], _PLACES[:1], score="effect")
        drawn = values(found, [twins], _PLACES[1:], score="effect")  # an untrained network leaves no input out
        limits = Limits(null_at_most=1, undefined_at_most=self.undefined_at_most)
        doubt = self._doubt(found)
        judgement = conclude(drawn, (self._target(),), limits, first=point(own, 0), doubt=doubt)
        share, task = judgement.curve
        judgement = replace(judgement, curve=(share, point(untrained, 0), task))
        if doubt:
            return judgement
        judgement = replace(judgement, reason=judgement.reason + diagnosis.aside(found[Original()]))
        return diagnosis.held_back(judgement, found[Original()], [found[each] for each in twins])

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return {"channels": self.channels or DEFAULT_CHANNELS}

    def _placed(self, maps: np.ndarray, bench: Bench) -> dict[str, np.ndarray]:
        return diagnosis.placed(maps, bench.explained, channels=self.channels or DEFAULT_CHANNELS)

    def _doubt(self, found: Mapping[Condition, Evidence]) -> Doubt | None:
        limits = diagnosis.UseLimits(used_at_least=self.used_at_least, misled_at_most=self.misled_at_most)
        twins = [found[each].scores for each in self._trained("other")]
        return diagnosis.unused(
            [found[Original()].scores], limits, used=RELEVANT, ignored=DISTRACTOR, who="The model"
        ) or diagnosis.unused(twins, limits, used=DISTRACTOR, ignored=RELEVANT, who="The model of the other task")

    def _other(self, method: str, condition: Any, bench: Bench) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
        """Return the maps on another network, and what it uses where it was trained."""
        if condition.labels == "none":
            return bench.maps(method, condition), {}
        params = bench.params(condition)
        classes = diagnosis.named(bench.outputs(bench.explained.inputs, params=params))
        own = replace(bench.explained, targets=classes)
        return bench.explain(method, own, params=params), diagnosis.uses(bench, params=params)

    def _target(self) -> Target:
        return Target(
            name="task_effect",
            relation="at_least",
            threshold=self.at_least,
            places=lambda found: found[:, :, 0],
            leads=("The task moves", "the task moves"),
            words=("of the magnitude on both objects to its own object (task effect)", "to its own object"),
        )

    def _trained(self, labels: Any) -> tuple[Trained, ...]:
        return tuple(Trained(labels=labels, seed=seed) for seed in range(self.seeds))
