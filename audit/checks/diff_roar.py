"""DiffROAR: what a method ranks first against what it ranks last."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import comparison, removal, trials
from audit.checks.shared.judgement import stopped
from audit.checks.shared.removal import METHOD, Fractions, Margin, RemovalDesign, Seeds, Within
from audit.checks.shared.trials import Trial
from audit.declare import declared
from audit.record import (
    Category,
    Channels,
    Columns,
    Condition,
    Evidence,
    Facts,
    Features,
    FigureKind,
    Outcome,
    Part,
    PlainFill,
    Removed,
    Sign,
    Trained,
)


@declared
class DiffRoar(Check):
    """A network retrained on the features that a method ranks first must beat one retrained on those it ranks last.

    What it does. Keeps only the given fractions of the features that the method ranks highest, retrains the
    architecture from fresh weights and tests it; does the same with the lowest-ranked; and averages the difference of
    the two accuracies over the fractions. Both share the seed of each retraining.

    Why it matters. It asks of a method only that it put signal before noise. The sign of the answer is known for a
    random ranking, zero, without a separate control; maps of standard networks have been found at or below it.

    Expected relation. The mean difference (the area) is at least ``margin``, with the lower end of a 95 % interval
    over the retrainings and the test inputs. The paper looks at the sign; the margin of two points of accuracy is this
    project's choice.

    How it can mislead. Where signal is redundant both halves hold enough of it and the difference is small for any
    ranking. Masks give the class away as in ROAR, and those of the highest and the lowest ranks need not do so
    equally. It says where information is, not what the audited network used.

    Source. Shah et al. 2021, Do Input Gradients Highlight Discriminative Features? (arXiv:2102.12781); unlike its
    code, no epoch is chosen by its test accuracy.
    """

    fractions: Fractions = Field((0.1, 0.3, 0.5), description="shares of the features that are kept")
    margin: Margin = 0.02
    seeds: Seeds = 5
    unit: Features = Field("pixel", description="whole pixels, or each number by itself")
    fill: PlainFill = Field("zero", description="what replaces a feature")
    channels: Channels | None = Field(None, description="channel reduction; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="rank magnitudes or signed maps; default: the spec's `maps`")
    baseline_within: Within = 0.05

    judged: ClassVar[frozenset[str]] = frozenset({"margin", "baseline_within"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType({"random_map": "fail"})
    category: ClassVar[Category] = "faithfulness"
    follows: ClassVar[str] = removal.FOLLOWS
    figures: ClassVar[tuple[FigureKind, ...]] = ("kept",)
    axis: ClassVar[str] = "share of the features that is kept"
    columns: ClassVar[Columns | None] = Columns(
        caption="Mean accuracy over retrainings and test inputs with the highest-ranked or the lowest-ranked features "
        "alone, and the difference with its 95 % interval",
        similarity="Highest alone",
        null="Lowest alone",
        excess="Difference",
    )
    retrains: ClassVar[bool] = True
    title: ClassVar[str] = "DiffROAR"

    @model_validator(mode="after")
    def _fits(self) -> "DiffRoar":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        return self

    def trainings(self, facts: Facts) -> tuple[Trained, ...]:
        """Return the trainings on intact inputs, which show that the recipe works."""
        return self._design().trainings()

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the removals that leave the highest-ranked, then those that leave the lowest-ranked."""
        return self._kept("bottom") + self._kept("top")

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Train and test under one condition."""
        return removal.measure(method, condition, bench)

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the mean difference."""
        trainings = self.trainings(facts)
        error = stopped(evidence, (*trainings, *self.conditions(facts)))
        if error:
            return error
        found = {each.unit.condition: each for each in evidence}
        high, low = (removal.hits(found, self._kept(part), self.seeds) for part in ("bottom", "top"))
        trial = Trial(
            fractions=self.fractions,
            intact=removal.hits(found, trainings, self.seeds).mean(axis=(1, 2)),
            hits=high,
            others=low,
            advantage=high - low,
            areas=(high - low).mean(axis=1),
            words=self._words(),
        )
        references = (
            trials.reference("highest kept", self.fractions, high),
            trials.reference("lowest kept", self.fractions, low),
        )
        return trials.conclude(
            trial, facts, margin=self.margin, baseline_within=self.baseline_within, references=references
        )

    def settings(self) -> dict[str, Any]:
        """Nothing: whatever changes a score is in the condition."""
        return {}

    def _design(self) -> RemovalDesign:
        removed = tuple(sorted(round(1 - kept, 12) for kept in self.fractions))
        return RemovalDesign(
            fractions=removed, seeds=self.seeds, unit=self.unit, fill=self.fill, channels=self.channels, sign=self.sign
        )

    def _kept(self, removed: Part) -> tuple[Removed, ...]:
        """Return the conditions by fraction kept, ascending: ``bottom`` removed leaves the highest-ranked."""
        design = replace(self._design(), part=removed)
        return tuple(
            design.at(METHOD, fraction, seed) for fraction in design.fractions[::-1] for seed in range(self.seeds)
        )

    def _words(self) -> str:
        kept = f"{trials.span(self.fractions)} of the {self.unit}s"
        return (
            f"The advantage of the highest-ranked {kept} over as many of the lowest-ranked, in accuracy after "
            "retraining on them alone, is {}"
        )
