"""A data set: the inputs as the model sees them, their labels and ids; how they are checked and chosen."""

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from jaxtyping import Float32, Int64, Real, Shaped

from audit.errors import InputError
from audit.record import TableColumns, record

RELEVANT, DISTRACTOR, OTHER_LABELS = "relevant", "distractor", "other_labels"
"""Names in ``Dataset.truth``: the pixels (N, H, W) bool that decide the label, those of a thing that does not, and the
labels (N,) of another task on the same inputs."""

RELEVANT_SWAPPED, DISTRACTOR_SWAPPED = "relevant_swapped", "distractor_swapped"
"""Names in ``Dataset.counterparts``: the inputs with what decides the label, or what does not, exchanged for another
of its kind."""


@record
class Dataset:
    """Inputs with their labels.

    ``x`` (N, H, W, C) or (N, F) float32; ``y`` (N,) int32 or None where there are no labels; ``ids`` (N,) str, unique:
    names for people, since what is random derives from ``identities``. ``class_names`` may be empty. A diagnostic
    source knows more: ``truth`` holds by name what is known of each input, (N, ...), and ``counterparts`` the same
    inputs with one thing changed, (N, H, W, C) or (N, F), as the model sees them.
    """

    x: Float32[np.ndarray, "inputs ..."]
    y: Real[np.ndarray, "labels ..."] | None
    ids: Shaped[np.ndarray, "ids"]
    class_names: tuple[str, ...]
    name: str
    truth: Mapping[str, np.ndarray] = field(default_factory=dict)
    counterparts: Mapping[str, np.ndarray] = field(default_factory=dict)
    columns: TableColumns | None = None  # of rows of a table


class Source(Protocol):
    """Where data come from: a declared value whose fields are its YAML. The name in YAML is the file's name."""

    __dataclass_fields__: ClassVar[dict[str, Any]]  # a declared value

    @abstractmethod
    def load(self, root: Path) -> Dataset:
        """Read the inputs of which some are explained; relative paths start at ``root``.

        Raises:
            InputError: the data are missing or are not what the fields say.
            RefusedError: reading them would be unsafe.
        """

    def training(self, root: Path) -> Dataset | None:
        """Read the inputs that the model is trained on, none of them explained; None, the default, where none is known.

        Raises:
            InputError: the data are missing or are not what the fields say.
            RefusedError: reading them would be unsafe.
        """
        return None


def identities(x: np.ndarray, seed: int) -> list[str]:
    """Return what each input (n, ...) is known by to everything random: a digest of the seed and its values.

    Equal inputs have equal ones, and neither an input's name nor its place among the others is in it.
    """
    rows = np.ascontiguousarray(x + np.float32(0.0), dtype="<f4")  # minus zero equals zero
    salt = f"{seed}\0".encode()
    return [hashlib.blake2b(salt + row.tobytes(), digest_size=16).hexdigest() for row in rows]


def identified(dataset: Dataset, seed: int) -> Dataset:
    """Return the data with each input's identity in place of its id, in the order of these.

    What is trained on them depends neither on names nor on the order in which they are stored.
    """
    ids = np.array(identities(dataset.x, seed))
    labels = [b""] * len(ids) if dataset.y is None else [each.tobytes() for each in dataset.y]
    rows = np.array(sorted(range(len(ids)), key=lambda row: (ids[row], labels[row])), np.int64)
    return taken(replace(dataset, ids=ids), rows)


def taken(dataset: Dataset, rows: np.ndarray) -> Dataset:
    """Return the rows at some positions, with all that is known of them."""
    return replace(
        dataset,
        x=dataset.x[rows],
        y=None if dataset.y is None else dataset.y[rows],
        ids=dataset.ids[rows],
        truth={name: each[rows] for name, each in dataset.truth.items()},
        counterparts={name: each[rows] for name, each in dataset.counterparts.items()},
    )


def choose(dataset: Dataset, count: int, seed: int) -> Int64[np.ndarray, "{count}"]:
    """Return the positions (count,) int64 of a choice of inputs by their values, stratified by class.

    Order: classes interleaved in proportion to their size, so that each prefix is itself a stratified choice and a
    larger ``count`` only adds to a smaller one. Within a class, and between classes of equal claim, a digest of the
    seed and the input decides, so that the same inputs are chosen in whatever order they are stored. The numbers per
    class are those of Sainte-Lague's apportionment. Without labels all inputs are one class. Copies of other inputs
    come last: one more of them changes no choice among different inputs.

    Raises:
        InputError: more inputs are asked for than exist.
    """
    _check_enough(dataset, count)
    names = np.array(identities(dataset.x, seed))
    first = _different(dataset, names)
    copies = np.setdiff1d(np.arange(len(names)), first)
    chosen = first[_stratified(taken(dataset, first), names[first])]
    return np.concatenate([chosen, copies[np.argsort(names[copies], kind="stable")]])[:count]


def _different(dataset: Dataset, names: np.ndarray) -> np.ndarray:
    """Return the positions, ascending, of one row for each name (N,): of copies the one with the lowest label."""
    labels = np.zeros(len(names), np.int64) if dataset.y is None else dataset.y
    order = np.lexsort((labels, names))
    return np.sort(order[np.unique(names[order], return_index=True)[1]])


def choose_positions(dataset: Dataset, count: int, seed: int) -> Int64[np.ndarray, "{count}"]:
    """Return such a choice by the inputs' places: of a data set whose order never changes.

    Raises:
        InputError: more inputs are asked for than exist.
    """
    # Ordering raw uniform numbers: the streams of Generator.permutation may change between NumPy releases.
    _check_enough(dataset, count)
    return _stratified(dataset, np.random.Generator(np.random.Philox(seed)).random(len(dataset.x)))[:count]


def _check_enough(dataset: Dataset, count: int) -> None:
    total = len(dataset.x)
    if count > total:
        raise InputError(
            "D010",
            f"too few inputs: `{dataset.name}` has {total}, and `inputs` is {count}",
            expected=f"at most {total}",
            received=str(count),
            fix=f"set `inputs: {total}` or fewer, or use a larger data set",
        )


def _stratified(dataset: Dataset, lots: np.ndarray) -> np.ndarray:
    total = len(dataset.x)
    labels = np.zeros(total, np.int64) if dataset.y is None else dataset.y
    claim, shuffle = np.empty(total), np.argsort(lots, kind="stable")
    for label in np.unique(labels):
        members = shuffle[labels[shuffle] == label]
        claim[members] = (np.arange(len(members)) + 0.5) / len(members)
    return shuffle[np.argsort(claim[shuffle], kind="stable")]


def validate(dataset: Dataset, input_shape: Sequence[int | None], classes: int) -> None:
    """Check that a data set fits a model: ``input_shape`` without the batch axis, ``classes`` logits.

    Raises:
        InputError: it is empty, of another shape, not finite, or its labels are not among the classes.
    """
    _check_sizes(dataset)
    _check_shape(dataset, tuple(input_shape))
    _check_finite(dataset)
    # One logit is a sigmoid's: two classes.
    _check_labels(dataset, max(classes, 2))


def validate_training(training: Dataset, test: Dataset) -> None:
    """Check that training data fit the data they are to be tested on, themselves ``validate``d before.

    Raises:
        InputError: they are empty, of another shape, not finite or without labels, or name other classes; or the test
            data have no labels.
    """
    for part in (training, test):
        if part.y is None:
            raise InputError(
                "D011",
                f"`{part.name}` has no labels",
                expected="a label for each input of the training and test data",
                fix="set the labels in `dataset`, or remove the checks that retrain",
            )
    _check_sizes(training)
    _check_shape(training, test.x.shape[1:])
    _check_finite(training)
    if training.class_names != test.class_names:
        raise InputError(
            "D012",
            "the training and test data have different class names",
            expected=", ".join(test.class_names) or "no names",
            received=", ".join(training.class_names) or "no names",
        )


def _check_sizes(dataset: Dataset) -> None:
    counts = {"inputs": len(dataset.x), "ids": len(dataset.ids)}
    if dataset.y is not None:
        counts["labels"] = len(dataset.y)
    if not counts["inputs"]:
        raise InputError("D001", f"`{dataset.name}` is empty", expected="at least one input", received="none")
    if len(set(counts.values())) > 1:
        received = ", ".join(f"{count} {name}" for name, count in counts.items())
        raise InputError(
            "D002",
            f"`{dataset.name}` does not have one label for each input",
            received=received,
            fix="use arrays or columns of the same length",
        )
    if len(set(dataset.ids.tolist())) < len(dataset.ids):
        raise InputError("D003", f"two inputs of `{dataset.name}` have the same id", expected="unique ids")


def _check_shape(dataset: Dataset, expected: tuple[int | None, ...]) -> None:
    received = dataset.x.shape[1:]
    if _fits(received, expected):
        return
    fix = "change the data to the model's input shape, or use another model"
    if _fits((*received, 1), expected):
        fix = "add the missing channel axis: set `channels: add`, or store the inputs as (N, H, W, 1)"
    elif len(received) == 3 and _fits((*received[1:], received[0]), expected):
        fix = "store the inputs with channels last, as (N, H, W, C): they are stored with channels first"
    elif None not in expected and int(np.prod(received)) == int(np.prod([each or 1 for each in expected])):
        fix = f"reshape the inputs to {(len(dataset.x), *expected)}: the number of values fits"
    raise InputError(
        "D005",
        f"the inputs of `{dataset.name}` do not match the model's input shape",
        expected=str(expected),
        received=str(received),
        fix=fix,
    )


def _fits(received: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(received) == len(expected) and all(
        want is None or want == have for want, have in zip(expected, received, strict=True)
    )


def _check_finite(dataset: Dataset) -> None:
    broken = np.flatnonzero(~np.isfinite(dataset.x).reshape(len(dataset.x), -1).all(axis=1))
    if len(broken):
        raise InputError(
            "D006",
            f"{len(broken)} of {len(dataset.x)} inputs of `{dataset.name}` contain NaN or infinity",
            where=str(dataset.ids[broken[0]]),
            expected="finite numbers",
            fix="repair or remove these inputs; the first is shown above",
        )


def _check_labels(dataset: Dataset, classes: int) -> None:
    if dataset.class_names and len(dataset.class_names) != classes:
        raise InputError(
            "D007",
            f"`{dataset.name}` has {len(dataset.class_names)} class names, but the model has {classes} classes",
            expected=f"{classes} class names, or none",
            received=", ".join(dataset.class_names),
        )
    if dataset.y is None:
        return
    outside = np.flatnonzero((dataset.y < 0) | (dataset.y >= classes))
    if len(outside):
        raise InputError(
            "D008",
            f"{len(outside)} labels of `{dataset.name}` are out of range",
            where=str(dataset.ids[outside[0]]),
            expected=f"0 to {classes - 1}: the model has {classes} classes",
            received=f"{dataset.y[outside[0]]} at position {outside[0]}",
            fix="number the classes from 0, and use a model trained on these classes",
        )
