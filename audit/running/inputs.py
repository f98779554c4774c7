"""The explained inputs and the class explained for each: chosen once, from the original model."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

import numpy as np

from audit.backend import active
from audit.datasets.dataset import Dataset, choose, identities
from audit.engine.functions import mean_in_batches
from audit.errors import InputError
from audit.network.network import Network
from audit.record import Explained, record

if TYPE_CHECKING:
    from audit.spec.spec import Spec

Answers = Callable[[np.ndarray], np.ndarray]
"""``inputs (m, ...) -> logits (m, K)`` of the audited model."""


@record
class Chosen:
    """The explained inputs: (n, ...) float32, their ids (n,), labels (n,) or None, and explained classes (n,).

    A diagnostic source adds their ground truth and their counterparts (``Dataset``).
    """

    inputs: np.ndarray
    ids: np.ndarray
    labels: np.ndarray | None
    targets: np.ndarray
    truth: Mapping[str, np.ndarray] = field(default_factory=dict)
    counterparts: Mapping[str, np.ndarray] = field(default_factory=dict)
    keys: tuple[str, ...] = ()  # what each input is known by to everything random (``identities``)
    copies: int = 0  # other inputs that equal an explained one

    @property
    def explained(self) -> Explained:
        """The inputs in the form that methods and checks use."""
        return Explained(
            inputs=self.inputs,
            ids=list(self.keys),
            targets=self.targets,
            truth=self.truth,
            counterparts=self.counterparts,
        )


def chosen_of(spec: "Spec", data: Dataset, logits: np.ndarray) -> Chosen:
    """Return a spec's explained inputs, sampled by its seed and their values; ``logits`` (N, K) are the model's.

    Of inputs that are equal in every value only one is explained: an interval over inputs assumes that they are
    independent.

    Raises:
        InputError: there are too few different inputs, or the class in the spec does not exist.
    """
    count = spec.dataset.inputs
    rows, names = choose(data, count, spec.seed), identities(data.x, spec.seed)
    keys = [names[row] for row in rows]
    if len(set(keys)) < count:
        raise InputError(
            "D014",
            f"too few different inputs: `{data.name}` has {len(set(names))}, and `inputs` is {count}",
            expected="inputs that are not copies: intervals assume independent inputs",
            fix=f"set `inputs: {len(set(names))}` or fewer, or use a larger data set",
        )
    labels = None if data.y is None else data.y[rows]
    return Chosen(
        inputs=data.x[rows],
        ids=data.ids[rows],
        labels=labels,
        targets=targets_of(spec.target, logits[rows], labels),
        truth={name: each[rows] for name, each in data.truth.items()},
        counterparts={name: each[rows] for name, each in data.counterparts.items()},
        keys=tuple(keys),
        copies=int(np.isin(names, keys).sum()) - count,
    )


def targets_of(target: str | int, logits: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Return the explained classes (n,) int32, fixed once from the original model (never re-chosen later).

    Args:
        target: ``predicted``, ``label``, or a class index.
        logits: the model's, (n, K).
        labels: (n,), or None if the data have none.

    Raises:
        InputError: there are no labels, or no such class.
    """
    classes = logits.shape[1]
    if target == "predicted":
        return logits.argmax(axis=1).astype(np.int32)
    if target == "label":
        if labels is None:
            raise InputError(
                "T001",
                "`target: label` needs a data set with labels",
                received="a data set without labels",
                fix="name the labels in `dataset`, or use `target: predicted`",
            )
        return (labels if classes > 1 else np.zeros_like(labels)).astype(np.int32)
    if not isinstance(target, int) or target >= classes:
        raise InputError(
            "T002",
            "the target class does not exist",
            expected=f"0 to {classes - 1}",
            received=str(target),
            fix="use a class index of this model",
        )
    return np.full(len(logits), target, np.int32)


def answering(network: Network, batch: int) -> Answers:
    """Return ``inputs (m, ...) -> logits (m, K)`` of the model as it is, compiled once."""
    backend = active()
    apply, params = backend.compile(network.apply), backend.to_device(network.params)
    return lambda inputs: mean_in_batches(apply, params, inputs, batch=batch, draws=network.draws)


def logits_of(answers: Answers, data: Dataset) -> np.ndarray:
    """Return the model's logits (N, K) for the whole data set.

    Raises:
        InputError: one of them is not finite.
    """
    logits = answers(data.x)
    broken = np.flatnonzero(~np.isfinite(logits).all(axis=1))
    if len(broken):
        raise InputError(
            "M030",
            f"the model's output is not finite for {len(broken)} of {len(data.x)} inputs",
            where=str(data.ids[broken[0]]),
            expected="finite logits",
            fix="check the preprocessing and the model's weights; the first such input is shown above",
        )
    return logits
