"""A small whole audit, and what of it must not depend on how it is asked for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

import audit
from audit.record import Audit
from audit.store.results import read_results
from tests import commands

COUNT = 24  # inputs of the data set, of which half are explained
NAMES = ("first", "second", "last")
METHODS: tuple[Any, ...] = ("gradient", {"smoothgrad": {"samples": 3}}, "input_times_gradient")
REQUIREMENTS: tuple[Any, ...] = (
    {"cascading_randomization": {"seeds": 2, "null_draws": 2}},
    {"repeatability": {"seeds": 2, "null_draws": 2}},
)


def inputs() -> tuple[np.ndarray, np.ndarray]:
    """Return images (N, 8, 8, 1) and labels (N,)."""
    generator = np.random.default_rng(7)
    return generator.random((COUNT, 8, 8, 1), np.float32), np.arange(COUNT, dtype=np.int32) % 3


@dataclass(frozen=True)
class Written:
    """How the one network is written; ``shift`` and ``scale`` are of its logits, ``channels`` orders hidden ones."""

    names: Sequence[str] = NAMES
    nested: bool = False
    dead: bool = False
    inside: bool = False  # rectifiers as the layers' activations, and a softmax behind the logits
    identities: bool = False  # layers that change nothing
    shift: float = 0.0
    scale: float = 1.0
    channels: Sequence[int] = (0, 1, 2, 3)


def model(**how: Any) -> keras.Model:
    """Return a small classifier with fixed weights, written in one way or another."""
    written, layers = Written(**how), keras.layers
    names, relu = written.names, "relu" if written.inside else None
    first, second = (layers.Conv2D(n, 3, activation=relu, name=name) for n, name in zip((4, 5), names, strict=False))
    last = layers.Dense(3, activation="softmax" if written.inside else None, name=names[2])
    rectified = [] if written.inside else [layers.ReLU()]
    same = [layers.Activation("linear"), layers.Dropout(0.5)] if written.identities else []
    given = keras.Input((8, 8, 1))
    value = _through([first, *rectified, *same], given)
    if written.dead:
        layers.Dense(2, name="a_branch_that_leads_nowhere")(layers.Flatten()(value))
    inner = [second, *([] if written.inside else [layers.ReLU()]), layers.GlobalAveragePooling2D()]
    value = keras.Sequential(inner, name="inner")(value) if written.nested else _through(inner, value)
    made = keras.Model(given, last(value))
    _fill((first, second, last), written)
    return made


def _through(layers: Sequence[Any], value: Any) -> Any:
    for each in layers:
        value = each(value)
    return value


def _fill(layers: Sequence[Any], written: Written) -> None:
    generator = np.random.default_rng(3)
    drawn = [[generator.normal(0, 0.5, weight.shape) for weight in layer.get_weights()] for layer in layers]
    (kernel, bias), (after, rest), (head, ends) = drawn
    order = list(written.channels)
    layers[0].set_weights([kernel[..., order], bias[order]])
    layers[1].set_weights([after[:, :, order], rest])
    layers[2].set_weights([written.scale * head, written.scale * ends + written.shift])


@dataclass(frozen=True)
class Asked:
    """How an audit is asked for; each field changed alone is a relation."""

    model: keras.Model | None = None
    order: Sequence[int] | None = None  # of the rows of the data
    arrays: tuple[str, str] = ("x_test", "y_test")
    file: str = "data.npz"
    model_file: str = "model.keras"
    methods: Sequence[Any] = METHODS
    requirements: Sequence[Any] = REQUIREMENTS
    changes: Mapping[str, Any] = field(default_factory=dict)
    trains: bool = False  # whether the data hold training inputs too


def prepared(folder: Path, asked: Asked) -> Path:
    """Write model, data and spec into a folder of their own; returns the spec."""
    folder.mkdir(parents=True)
    (asked.model or model()).save(folder / asked.model_file)
    rows = np.arange(COUNT) if asked.order is None else np.asarray(asked.order)
    x, y = inputs()
    training = {"x_train": 1 - x[rows], "y_train": y[rows]} if asked.trains else {}
    np.savez(folder / asked.file, **{asked.arrays[0]: x[rows], asked.arrays[1]: y[rows], **training})
    spec = {
        "version": 1,
        "audit": {"id": "relations"},
        "model": {"path": asked.model_file, "accuracy": "any"},  # its weights are drawn, not learned
        "dataset": {
            "source": "npz",
            "path": asked.file,
            "array": asked.arrays[0],
            "labels": asked.arrays[1],
            "inputs": COUNT // 2,
        },
        "methods": list(asked.methods),
        "require": list(asked.requirements),
        "report": {"formats": [], "gallery": 1},
        **asked.changes,
    }
    (folder / "spec.yaml").write_text(json.dumps(spec))
    return folder / "spec.yaml"


def run(folder: Path, asked: Asked) -> Audit:
    """Run the audit in a folder of its own."""
    return audit.run(audit.load_spec(prepared(folder, asked)), out=folder / "run").audit


def run_elsewhere(folder: Path, asked: Asked, **environment: str) -> Audit:
    """Run the audit in a process of its own, in another environment."""
    spec = prepared(folder, asked)
    ended = commands.run("run", spec, "--out", folder / "run", cwd=folder, **environment)
    assert (folder / "run" / "results.json").exists(), ended.stderr
    return read_results(folder / "run").audit


def numbers(found: Audit) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return, by requirement and method, the outcome and every number of a verdict, controls included."""
    verdicts = [*found.verdicts, *(each.verdict for each in found.controls if each.method != "identity")]
    return {
        (each.requirement, each.method): (
            each.outcome,
            tuple((criterion.name, criterion.statistic, criterion.interval) for criterion in each.criteria),
            tuple((point.label, point.similarity, point.null, point.excess) for point in each.curve),
            each.per_input,
        )
        for each in verdicts
    }


def without_labels(found: dict[tuple[str, str], tuple[Any, ...]]) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return the same without the places' names, which are those of layers."""
    return {
        key: (outcome, criteria, tuple(point[1:] for point in curve), inputs_)
        for key, (outcome, criteria, curve, inputs_) in found.items()
    }


def largest_difference(one: Any, other: Any) -> float:
    """Return the largest difference between numbers at the same places; infinite where the shapes differ."""
    if isinstance(one, dict):
        return max((largest_difference(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, tuple | list):
        if len(one) != len(other):
            return float("inf")
        return max((largest_difference(*pair) for pair in zip(one, other, strict=True)), default=0.0)
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other)
    return 0.0 if one == other else float("inf")
