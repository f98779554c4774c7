"""Invariance to the other inputs of a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from audit.checks.check import Bench, Check, Judgement, Measurement
from audit.checks.shared import comparison, equality, perturbation
from audit.checks.shared.arithmetic import SAME, in_float64, own_maps
from audit.checks.shared.comparison import DEFAULT_SIGN, Share, Similarity
from audit.checks.shared.equality import Difference
from audit.checks.shared.judgement import stopped
from audit.declare import declared
from audit.record import (
    Category,
    Compared,
    Condition,
    Evidence,
    Explained,
    Facts,
    Outcome,
    Probed,
    Sign,
)


@declared
class BatchInvariance(Check):
    """The map of an input must not depend on the other inputs in its batch.

    What it does. Computes each map again with the input alone in its batch (``alone``), and with the inputs in another
    order, ``together`` at a time (``among_others``), and compares both with the map from the audit's own batches. The
    random keys belong to the inputs, so the same noise is drawn throughout.

    Why it matters. A map belongs to one input. If what else is explained at the same time changes it, it cannot be
    reproduced from the input and the model, and nobody can say whose evidence it shows.

    Expected relation. The relative difference ||A' - A|| / max(||A'||, ||A||), the larger of the two, is at most
    ``at_most``, with the upper end of a 95 % interval. The limit of 0.001 is this project's choice: sums in another
    order were measured to differ by 3e-7 or less in float64, in which the network is computed, and a network that
    subtracts the mean of its batch by 0.1 and more. Where float64 cannot be, what rounding does is measured and three
    times that is left out.

    How it can mislead. It fails too where the network itself depends on the batch, whatever the method. Deterministic
    methods on ordinary networks pass by construction, and so does a map that ignores the model.

    Source. This project's; batch statistics at inference are the usual cause.
    """

    together: Annotated[int, Field(ge=2, le=4096, description="inputs explained at a time among others")] = 8
    similarity: Similarity = "spearman"
    channels: Compared | None = Field(None, description="channel reduction, or `keep`; default: the spec's `maps`")
    sign: Sign | None = Field(None, description="sign of the similarity that is shown; default: the spec's `maps`")
    at_most: Difference = 1e-3
    undefined_at_most: Share = Field(0.1, description="largest share of inputs without a defined difference")

    title: ClassVar[str] = "Batch invariance"
    quantity: ClassVar[str] = equality.QUANTITY
    judged: ClassVar[frozenset[str]] = frozenset({"sign", "at_most", "undefined_at_most"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType(
        {"edge_detector": "pass", "input": "pass", "random_map": "pass"}
    )
    category: ClassVar[Category] = "robustness"
    follows: ClassVar[str] = (
        "An input's map depends on what else is in its batch. Explain inputs one by one, and look for a layer "
        "that mixes the batch."
    )

    @model_validator(mode="after")
    def _fits(self) -> "BatchInvariance":
        comparison.refuse_signed_magnitudes(self.channels, self.sign)
        return self

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return ``alone`` and ``among_others``; the level is how many inputs are explained at a time."""
        return Probed(name="alone", level=1), Probed(name="among_others", level=self.together)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Compare one method's maps in other batches with its own."""
        if not isinstance(condition, Probed):
            raise TypeError(condition)
        explained, together = bench.explained, int(condition.level)
        lots = [each.random() for each in perturbation.generators("batch", condition.seed, explained.ids)]
        order = np.argsort(lots)

        def measured(precision: str) -> Measurement:
            network = None if precision == "float32" else bench.variant(SAME, precision=precision).network
            others = bench.explain(method, _rows(explained, order), network=network, batch=together)
            pair = own_maps(method, bench, precision), others[np.argsort(order)]
            fields = {"similarity": self.similarity, "channels": self.channels}
            return equality.compared(method, pair, bench, precision=precision, **fields)

        return in_float64(measured)

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the larger relative difference."""
        places = self.conditions(facts)
        error = stopped(evidence, places)
        if error:
            return error
        found = {each.unit.condition: each for each in evidence}
        judgement = equality.judge(
            equality.arrange(found, places, ["alone", f"among {self.together - 1} others"]),
            at_most=self.at_most,
            undefined_at_most=self.undefined_at_most,
            where=("when the input is explained alone or among other inputs", "in other batches"),
        )
        alike = equality.similarities(found, places, self.similarity, self.sign or DEFAULT_SIGN)
        return equality.also(judgement, f"{alike} {equality.arithmetic(found, places)}".strip())

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return equality.settings(self)


def _rows(explained: Explained, rows: np.ndarray) -> Explained:
    ids = [explained.ids[row] for row in rows]
    return replace(explained, inputs=explained.inputs[rows], ids=ids, targets=explained.targets[rows])
