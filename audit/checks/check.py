"""What a check is: a declared value with three small functions, ``conditions``, ``measure`` and ``judge``.

Its docstring has five parts, in this order, each a paragraph that starts with its title: "What it does.", "Why it
matters.", "Expected relation.", "How it can mislead.", "Source.". The report and the documentation print them.
"""

import inspect
from abc import abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
from jaxtyping import Bool, Float, Float32

from audit.declare import as_json
from audit.record import (
    FOLLOWS,
    Category,
    Claim,
    Columns,
    Condition,
    Evidence,
    Explained,
    Facts,
    FigureKind,
    Intact,
    Judgement,
    Measurement,
    Outcome,
    Removed,
    Trained,
    Variant,
)

__all__ = ["Bench", "Check", "Judgement", "Measurement", "Nulls", "parts", "recorded"]

PARTS = ("What it does", "Why it matters", "Expected relation", "How it can mislead", "Source")


class Nulls(Protocol):
    """What the audited network shows of the explained inputs, whatever the method."""

    def gradients(self, condition: Condition) -> Float32[np.ndarray, "n ..."]:
        """Return the plain gradients (n, ...) of the explained logits under a condition."""
        ...

    def noise(self, condition: Intact, draw: int) -> Float32[np.ndarray, "n ..."]:
        """Return noise (n, ...) pulled back to the input through what a stage of re-draws leaves intact."""
        ...

    def reach(self) -> Bool[np.ndarray, "n ..."]:
        """Return which entries of each explained input (n, ...) the network looks at."""
        ...

    def factor(self, method: str) -> Float32[np.ndarray, "n ..."] | None:
        """Return what a method multiplies its maps by (n, ...), in magnitude; None where it does not."""
        ...

    def undeclared(self, method: str) -> bool:
        """Whether code from outside does not say if it multiplies its maps by the input."""
        ...


class Bench(Protocol):
    """What a check can use: the maps and networks of the audited model."""

    def maps(
        self, method: str, condition: Condition, inputs: Float32[np.ndarray, "n ..."] | None = None
    ) -> Float32[np.ndarray, "n ..."]:
        """Return the raw signed maps (n, ...) float32 of a method (by id) under a condition.

        ``inputs`` (n, ...) stand in place of the explained ones, with their random keys and classes.
        """
        ...

    def noise_maps(
        self, method: str, draw: int, inputs: Float32[np.ndarray, "n ..."] | None = None
    ) -> Float32[np.ndarray, "n ..."]:
        """Return the maps (n, ...) that the method would show if the network contributed noise alone.

        ``inputs`` (n, ...) in place of the explained ones meet the same noise.
        """
        ...

    @property
    def nulls(self) -> Nulls:
        """What the network shows without a method."""
        ...

    def kept(self, name: tuple[Hashable, ...], compute: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what is needed again and again, such as maps of the original model: computed once, then kept."""
        ...

    @property
    def classes(self) -> int:
        """How many logits the network has."""
        ...

    def retrain(self, condition: Removed) -> Mapping[str, np.ndarray]:
        """Train and test as a removal condition says; scores by name: ``test_accuracy`` (1,), ``test_hits`` (n,)."""
        ...

    @property
    def explained(self) -> Explained:
        """The inputs that are explained, with ids and classes."""
        ...

    def explain(
        self, method: str, explained: Explained, *, network: Any = None, params: Any = None, batch: int | None = None
    ) -> Float32[np.ndarray, "n ..."]:
        """Return the raw maps (n, ...) of other inputs, or on another network."""
        ...

    def altered(self, method: str, **fields: Any) -> str | None:
        """Return the id of the same method with other fields, or None if it lacks one of them."""
        ...

    def baselines(
        self, method: str, inputs: Float32[np.ndarray, "n ..."], *, network: Any = None
    ) -> Float32[np.ndarray, "d n ..."]:
        """Return what a method measures each input's contributions from (d, n, ...): d that it declares, or zeros."""
        ...

    def pullback(
        self, method: str, explained: Explained, cotangents: Float32[np.ndarray, "n ..."], *, network: Any = None
    ) -> Float32[np.ndarray, "n ..."]:
        """Return the gradients (n, ...), with respect to the inputs, of the sums of each map times its cotangent."""
        ...

    def outputs(
        self, inputs: Float32[np.ndarray, "n ..."], *, network: Any = None, params: Any = None
    ) -> Float[np.ndarray, "n classes"]:
        """Return the logits (n, K) of inputs."""
        ...

    def variant(self, name: str, *, level: float = 0.0, seed: int = 0, precision: str = "float32") -> Variant:
        """Return another network with its inputs, made from the audited ones, computing in a precision."""
        ...

    def params(self, condition: Condition) -> Mapping[str, Any]:
        """Return the parameters of a condition."""
        ...

    @property
    def gallery(self) -> Sequence[int]:
        """Return the positions of the inputs whose maps are kept for the report."""
        ...

    def changed(self, condition: Condition) -> float:
        """Return the fraction of the parameters re-drawn by a condition's own stage that differ from the trained."""
        ...


class Check(Protocol):
    """What a check must have, and what it may have: abstract functions, ``controls`` and ``category`` are a must.

    The fields of a check are its YAML. A shipped check inherits the defaults of what it may have; a plug-in need not.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]  # a declared value

    controls: ClassVar[Mapping[str, Outcome]]  # control method -> the verdict it must get
    category: ClassVar[Category]  # the property that it speaks of

    judged: ClassVar[frozenset[str]] = frozenset()  # fields that never change what is measured, such as thresholds
    title: ClassVar[str] = ""  # a heading, where the name in words is none
    quantity: ClassVar[str] = "similarity"  # what the numbers of its curves are
    follows: ClassVar[str] = FOLLOWS  # from a failure, for people who act on it
    figures: ClassVar[tuple[FigureKind, ...]] = ("curves",)
    axis: ClassVar[str] = "condition"  # what the places along a curve are
    columns: ClassVar[Columns | None] = None  # the words of the table of a curve's points, None: by the quantity
    retrains: ClassVar[bool] = False  # networks are retrained, so the spec needs a `training` section
    truth: ClassVar[frozenset[str]] = frozenset()  # what the data must say about each input
    diagnostic: ClassVar[str] = ""  # a data source that tells it
    claim: ClassVar[Claim | None] = None  # the axiom that it tests: methods that do not claim it are skipped

    # Fields of the checks that compare or rank maps: a spec's `maps` fill in the channels and the sign that are None.
    similarity: Any = None
    channels: Any = None
    sign: Any = None
    target: Any = "fixed"  # "rechosen": explains the class that a re-drawn model predicts

    @abstractmethod
    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the conditions under which a method is measured, in the order in which they should run."""

    @abstractmethod
    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Measure one method (by id) under one condition."""

    @abstractmethod
    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Decide from stored evidence alone: pure NumPy, the same evidence always gives the same judgement."""

    def settings(self) -> dict[str, Any]:
        """Return the fields that change what is measured, as JSON values: all that are not ``judged``."""
        return {name: value for name, value in as_json(self).items() if name not in self.judged}

    def trainings(self, facts: Facts) -> tuple[Trained, ...]:
        """Return the trainings that must be done before any method is measured, shared by all methods and checks.

        Their evidence comes to ``judge`` with that of the method.
        """
        return ()

    def shared(self, facts: Facts) -> tuple[Removed, ...]:
        """Return the removals by no method's map, which all methods and checks share; they come to ``judge`` too."""
        return ()

    def inapplicable(self, facts: Facts) -> str | None:
        """Say in one sentence why the check does not apply to a model, None where it does."""
        return None


def parts(check: type) -> dict[str, str]:
    """Return a check's docstring as its first line, under "In short", and its five parts by title."""
    summary, *paragraphs = (" ".join(text.split()) for text in (inspect.getdoc(check) or "").split("\n\n"))
    titled = (paragraph.partition(". ") for paragraph in paragraphs)
    return {"In short": summary, **{title: text for title, _, text in titled if title in PARTS}}


def recorded(check: type[Check]) -> dict[str, Any]:
    """Return what a check says of itself to the reader of a report: fields of ``RequirementFacts``."""
    return {
        "doc": parts(check),
        "quantity": check.quantity,
        "category": check.category,
        "follows": check.follows,
        "figures": check.figures,
        "axis": check.axis,
        "columns": check.columns,
        "claim": check.claim,
    }
