"""ROAR and KAR: remove or keep the features that a method ranks first, retrain, and test."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import comparison, removal, trials
from audit.checks.shared.judgement import stopped
from audit.checks.shared.removal import METHOD, Fractions, Margin, RemovalDesign, Seeds, Within
from audit.declare import declared
from audit.record import (
    REFERENCE_RANKINGS,
    Category,
    Channels,
    Columns,
    Condition,
    Evidence,
    Facts,
    Features,
    FigureKind,
    Outcome,
    PlainFill,
    Removed,
    Sign,
    TestedNetwork,
    Trained,
)


@declared
class Roar(Check):
    """Removing the features ranked first and retraining must lower accuracy more than removing features at random.

    What it does. Ranks the features of every training and test input by the method's map on the audited model, removes
    the given fractions of the highest-ranked, retrains the architecture from fresh weights on what is left and tests
    it. With `keep`, everything but the highest-ranked is removed (KAR). The area between this curve of accuracy and
    that of a random removal is averaged over the fractions; both share the seed of each retraining.

    Why it matters. An accuracy that falls without retraining may fall because such inputs look like nothing the
    network has seen. A network retrained on them has seen them: what it can no longer do, it lacked the information
    for.

    Expected relation. The area is at least ``margin``, with the lower end of a 95 % interval over the retrainings
    and the test inputs. Better than random is the paper's question; the margin of two points of accuracy is this
    project's choice.

    How it can mislead. Redundant features hide each other: the accuracy need not fall before the last of them is gone.
    The shape of what was removed is itself visible and may give the class away (`mask_leak` measures how much), and
    blurring any map tends to raise its score (compare the blurred random control). It says where information is, not
    what the audited network used. The interval covers retrainings and test inputs; the training data and
    their maps stay what they are.

    Source. Hooker et al. 2019, A Benchmark for Interpretability Methods in Deep Neural Networks (arXiv:1806.10758); on
    blurring Song et al. 2023 (arXiv:2304.13836), on the mask Rong et al. 2022 (arXiv:2202.00449). The paper ranks
    pixels by their value, its code scalars by their square.
    """

    fractions: Fractions = Field((0.1, 0.3, 0.5, 0.7, 0.9), description="shares of the features that are removed")
    better_than: Literal["random"] = "random"
    margin: Margin = 0.02
    seeds: Seeds = 5
    unit: Features = Field("pixel", description="whole pixels, or each number by itself")
    fill: PlainFill = Field("channel_mean", description="what replaces a feature")
    keep: bool = Field(False, description="remove the lowest-ranked instead and keep the highest (KAR)")
    mask_leak: bool = Field(False, description="also train on the masks alone, which shows how much they reveal")
    without_retraining: bool = Field(False, description="also test networks that never saw a removal")
    channels: Channels | None = Field(None, description="channel reduction; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="rank magnitudes or signed maps; default: the spec's `maps`")
    square: bool = Field(False, description="square maps before their channels are joined")
    baseline_within: Within = 0.05

    judged: ClassVar[frozenset[str]] = frozenset({"better_than", "margin", "baseline_within"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType({"random_map": "fail"})
    category: ClassVar[Category] = "faithfulness"
    follows: ClassVar[str] = removal.FOLLOWS
    figures: ClassVar[tuple[FigureKind, ...]] = ("removed",)
    axis: ClassVar[str] = removal.REMOVED
    columns: ClassVar[Columns | None] = removal.AGAINST_RANDOM
    retrains: ClassVar[bool] = True
    title: ClassVar[str] = "ROAR"

    @model_validator(mode="after")
    def _fits(self) -> "Roar":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        return self

    def trainings(self, facts: Facts) -> tuple[Trained, ...]:
        """Return the trainings on intact inputs, fraction 0 of every curve."""
        return self._design().trainings()

    def shared(self, facts: Facts) -> tuple[Removed, ...]:
        """Return the controls' removals, the same for every method."""
        design = self._design()
        retrained = tuple(each for by in REFERENCE_RANKINGS for each in design.all(by))
        return retrained + (design.all("bernoulli", "intact") if self.without_retraining else ())

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the method's removals, fraction by fraction, then those on other networks."""
        return tuple(each for network in self._networks() for each in self._design().all(METHOD, network))

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Train and test under one condition."""
        return removal.measure(method, condition, bench)

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the area between the method's and the random curve."""
        design = self._design()
        error = stopped(evidence, (*design.trainings(), *design.all("bernoulli"), *self.conditions(facts)))
        if error:
            return error
        found = {each.unit.condition: each for each in evidence}
        trial = removal.against_chance(design, found, words=self._words())
        return trials.conclude(
            trial,
            facts,
            margin=self.margin,
            baseline_within=self.baseline_within,
            references=removal.references(design, found, self._curves()),
        )

    def settings(self) -> dict[str, Any]:
        """Nothing: whatever changes a score is in the condition."""
        return {}

    def _design(self) -> RemovalDesign:
        return RemovalDesign(
            fractions=self.fractions,
            seeds=self.seeds,
            part="bottom" if self.keep else "top",
            unit=self.unit,
            fill=self.fill,
            channels=self.channels,
            sign=self.sign,
            square=self.square,
        )

    def _networks(self) -> tuple[TestedNetwork, ...]:
        chosen: dict[TestedNetwork, bool] = {
            "retrained": True,
            "intact": self.without_retraining,
            "mask": self.mask_leak,
        }
        return tuple(network for network, wanted in chosen.items() if wanted)

    def _curves(self) -> dict[str, tuple[str, TestedNetwork]]:
        """Return what is drawn beside the verdict: whose ranking, on which network."""
        return {
            "method": (METHOD, "retrained"),
            **{by: (by, "retrained") for by in REFERENCE_RANKINGS},
            "method, not retrained": (METHOD, "intact"),
            "bernoulli, not retrained": ("bernoulli", "intact"),
            "method, masks alone": (METHOD, "mask"),
        }

    def _words(self) -> str:
        end, removed = "lowest" if self.keep else "highest", trials.span(self.fractions)
        return (
            f"The advantage of its ranking over a random one, in accuracy after removing the {end}-ranked {removed} of "
            f"the {self.unit}s and retraining, is {{}}"
        )
