"""ROAD: remove and impute, test with or without retraining."""

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
    FigureKind,
    Outcome,
    Removed,
    Sign,
    TestedNetwork,
    Trained,
)


@declared
class Road(Check):
    """Imputing the pixels that a method ranks first must lower accuracy more than imputing as many at random.

    What it does. Removes the given fractions of the pixels that the method ranks first (or last, by `order`) from
    every input, fills them by noisy linear imputation from their neighbours, and tests networks trained by the recipe
    on intact inputs or, with `retrain`, on imputed ones. The area between this curve of accuracy and that of a random
    removal is averaged over the fractions; both share the seed of each network.

    Why it matters. A constant fill draws the outline of what was removed, and a network can read the class from the
    outline alone. Imputed pixels resemble their surroundings, so less of the accuracy comes from the mask, and the
    order of methods with and without retraining agrees far better.

    Expected relation. The area is at least ``margin``, with the lower end of a 95 % interval over the networks and
    the test inputs. The margin of two points of accuracy is this project's choice; the paper orders methods and sets no
    limit.

    How it can mislead. Imputation is not removal: what neighbours say about a pixel stays in it, so small removals cost
    little. Without retraining, a fall may still come from inputs that look like nothing the network has seen. The
    networks tested are trained by the recipe, one for each seed, not the audited one: a single network gives no
    interval. Noise of 0.01 is the released code's; the paper is said to use 0.1, in units of the input.

    Source. Rong et al. 2022, A Consistent and Efficient Evaluation Strategy for Attribution Methods
    (arXiv:2202.00449); unlike its code, no epoch is chosen by its test accuracy.
    """

    fractions: Fractions = Field((0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9), description="shares of the pixels removed")
    order: Literal["most_relevant_first", "least_relevant_first"] = "most_relevant_first"
    retrain: bool = Field(False, description="train on imputed inputs; else test networks trained on intact ones")
    better_than: Literal["random"] = "random"
    margin: Margin = 0.02
    seeds: Seeds = 5
    noise: float = Field(0.01, ge=0, le=1000, description="standard deviation of the noise, in units of the input")
    channels: Channels | None = Field(None, description="channel reduction; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="rank magnitudes or signed maps; default: the spec's `maps`")
    baseline_within: Within = 0.05

    judged: ClassVar[frozenset[str]] = frozenset({"better_than", "margin", "baseline_within"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType({"random_map": "fail"})
    category: ClassVar[Category] = "faithfulness"
    follows: ClassVar[str] = removal.FOLLOWS
    figures: ClassVar[tuple[FigureKind, ...]] = ("removed",)
    axis: ClassVar[str] = removal.REMOVED
    columns: ClassVar[Columns | None] = removal.AGAINST_RANDOM
    retrains: ClassVar[bool] = True
    title: ClassVar[str] = "ROAD"

    @model_validator(mode="after")
    def _fits(self) -> "Road":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        return self

    def trainings(self, facts: Facts) -> tuple[Trained, ...]:
        """Return the trainings on intact inputs, fraction 0 of every curve."""
        return self._design().trainings()

    def shared(self, facts: Facts) -> tuple[Removed, ...]:
        """Return the controls' removals, the same for every method."""
        return tuple(each for by in REFERENCE_RANKINGS for each in self._design().all(by))

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the method's removals, fraction by fraction."""
        return self._design().all(METHOD)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Train, where asked, and test under one condition."""
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
            part="top" if self.order == "most_relevant_first" else "bottom",
            fill="noisy_linear",
            noise=self.noise,
            network="retrained" if self.retrain else "intact",
            channels=self.channels,
            sign=self.sign,
        )

    def _curves(self) -> dict[str, tuple[str, TestedNetwork]]:
        return {by: (by, self._design().network) for by in (METHOD, *REFERENCE_RANKINGS)}

    def _words(self) -> str:
        end = "highest" if self.order == "most_relevant_first" else "lowest"
        trained = "retrained" if self.retrain else "without retraining"
        return (
            f"The advantage of its ranking over a random one, in accuracy after imputing the {end}-ranked "
            f"{trials.span(self.fractions)} of the pixels, {trained}, is {{}}"
        )
