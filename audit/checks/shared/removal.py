"""What the checks that remove features share: their fields, their conditions, and the test inputs hit by ranking.

Every hit belongs to a fraction, a seed and a test input; a seed is one retraining from fresh weights. Whatever is
compared is compared within a seed and on the same test inputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from audit.checks.check import Bench, Measurement
from audit.checks.shared.trials import Trial, area, reference
from audit.errors import UnitError
from audit.record import (
    REFERENCE_RANKINGS,
    Channels,
    Columns,
    Condition,
    Evidence,
    Features,
    Fill,
    Part,
    Reference,
    Removed,
    Sign,
    TestedNetwork,
    Trained,
    record,
)

METHOD = "method"
"""Stands in a condition for the id of the method, which the unit already names."""

REMOVED = "share of the features that is removed"

FOLLOWS = (
    "What it ranks first matters to the model no more than the declared margin over chance. Do not use it to say which "
    "features a prediction needs; look at the curves, and at more fractions, before taking another method."
)

AGAINST_RANDOM = Columns(
    caption="Mean accuracy over retrainings and test inputs after features are removed by the method or at random, and "
    "the advantage of the method with its 95 % interval",
    similarity="Accuracy",
    null="At random",
    excess="Advantage",
)


def _ascending(fractions: tuple[float, ...]) -> tuple[float, ...]:
    if list(fractions) != sorted(set(fractions)):
        raise ValueError("expected distinct fractions in ascending order, such as [0.1, 0.5, 0.9]")
    return fractions


Fractions = Annotated[
    tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(min_length=1, max_length=50), AfterValidator(_ascending)
]
Seeds = Annotated[
    int,
    Field(ge=2, le=1000, description="number of retrainings of each kind; the interval is over them and test inputs"),
]
Margin = Annotated[
    float, Field(ge=0, le=1, description="accuracy above random removal that is required; 0.02: two points")
]
Within = Annotated[float, Field(ge=0, le=1, description="largest difference of retrained and audited accuracy")]


@record
class RemovalDesign:
    """What is removed, how it is replaced, and how often networks are retrained."""

    fractions: tuple[float, ...]
    seeds: int
    part: Part = "top"
    unit: Features = "pixel"
    fill: Fill = "channel_mean"
    network: TestedNetwork = "retrained"
    channels: Channels | None = None
    sign: Sign | None = None
    square: bool = False
    noise: float = 0.0

    def at(self, by: str, fraction: float, seed: int, network: TestedNetwork | None = None) -> Removed:
        """Return one condition; ``network`` is the design's own where it is not named."""
        common = Removed(
            by=by,
            fraction=fraction,
            seed=seed,
            part=self.part,
            unit=self.unit,
            fill=self.fill,
            network=network or self.network,
            noise=self.noise,
        )
        if common.network == "mask":  # nothing is filled
            common = replace(common, fill="channel_mean", noise=0.0)
        if by in REFERENCE_RANKINGS:  # no map is reduced: the same unit for every choice of channels and sign
            return common
        return replace(common, channels=self.channels or "sum", sign=self.sign or "absolute", square=self.square)

    def all(self, by: str, network: TestedNetwork | None = None) -> tuple[Removed, ...]:
        """Return the conditions of one ranking, fraction by fraction."""
        return tuple(self.at(by, fraction, seed, network) for fraction in self.fractions for seed in range(self.seeds))

    def trainings(self) -> tuple[Trained, ...]:
        """Return the trainings on intact inputs: fraction 0 of every curve."""
        return tuple(Trained(labels="true", seed=seed) for seed in range(self.seeds))


def measure(method: str, condition: Condition, bench: Bench) -> Measurement:
    """Train and test as a condition says, for a method (by id)."""
    if not isinstance(condition, Removed):
        raise UnitError("R804", "this check only removes features", received=condition.kind)
    own = condition if condition.by in REFERENCE_RANKINGS else replace(condition, by=method)
    return Measurement(scores=bench.retrain(own))


def hits(found: Mapping[Condition, Evidence], conditions: Sequence[Condition], seeds: int) -> np.ndarray:
    """Return which test inputs were hit (J, K, n) under conditions given place by place, each with all its seeds.

    Means over the test inputs are accuracies; an input with copies counts in proportion.

    Raises:
        KeyError: evidence is missing.
        UnitError: an accuracy is no number in [0, 1].
    """
    values = np.array([_hits(found[each]) for each in conditions])
    return values.reshape(-1, seeds, values.shape[1]).swapaxes(0, 1)


def _hits(evidence: Evidence) -> np.ndarray:
    values = np.asarray(evidence.scores["test_hits"], np.float64)
    accuracy = float(values.mean()) if values.size else np.nan
    if not 0 <= accuracy <= 1 + 1e-9:  # a rounding's width above all right
        raise UnitError("R805", "a test accuracy is no share", expected="a number in [0, 1]", received=str(accuracy))
    return values


def against_chance(design: RemovalDesign, found: Mapping[Condition, Evidence], *, words: str) -> Trial:
    """Compare a method's ranking with the Bernoulli control's, seed by seed and test input by test input.

    Where the top is removed, the better ranking loses more accuracy; where the bottom is, it keeps more.
    """
    intact = design.trainings()
    method, chance = (hits(found, (*intact, *design.all(by)), design.seeds) for by in (METHOD, "bernoulli"))
    advantage = chance - method if design.part == "top" else method - chance
    fractions = (0.0, *design.fractions)
    return Trial(
        fractions=fractions,
        intact=method[:, 0].mean(axis=1),
        hits=method,
        others=chance,
        advantage=advantage,
        areas=area(advantage, fractions),
        words=words,
    )


def references(
    design: RemovalDesign, found: Mapping[Condition, Evidence], kinds: Mapping[str, tuple[str, TestedNetwork]]
) -> tuple[Reference, ...]:
    """Return the curves of accuracy that were measured, by name: whose ranking, and on which network.

    What was not asked for, or failed, is left out: Sobel and blurred noise are shown, not judged.
    """
    made: list[Reference] = []
    for name, (by, network) in kinds.items():
        conditions = design.all(by, network)
        start = () if network == "mask" else design.trainings()  # without a mask there is nothing to learn from it
        if all(each in found and found[each].status == "done" for each in (*start, *conditions)):
            fractions = design.fractions if network == "mask" else (0.0, *design.fractions)
            made.append(reference(name, fractions, hits(found, (*start, *conditions), design.seeds)))
    return tuple(made)
