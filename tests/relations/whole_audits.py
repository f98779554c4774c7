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


def model(names: Sequence[str] = NAMES, *, nested: bool = False, dead: bool = False) -> keras.Model:
    """Return a small classifier with fixed weights: its layers' names and how it is written may differ."""
    layers = keras.layers
    first, second, last = (
        layers.Conv2D(4, 3, name=names[0]),
        layers.Conv2D(5, 3, name=names[1]),
        layers.Dense(3, name=names[2]),
    )
    given = keras.Input((8, 8, 1))
    value = layers.ReLU()(first(given))
    if dead:
        layers.Dense(2, name="a_branch_that_leads_nowhere")(layers.Flatten()(value))
    inner = [second, layers.ReLU(), layers.GlobalAveragePooling2D()]
    if nested:
        value = keras.Sequential(inner, name="inner")(value)
    else:
        for each in inner:
            value = each(value)
    made = keras.Model(given, last(value))
    generator = np.random.default_rng(3)
    for layer in (first, second, last):
        layer.set_weights([generator.normal(0, 0.5, weight.shape) for weight in layer.get_weights()])
    return made


@dataclass(frozen=True)
class Asked:
    """How an audit is asked for; each field changed alone is a relation."""

    model: keras.Model | None = None
    order: Sequence[int] | None = None  # of the rows of the data
    arrays: tuple[str, str] = ("x_test", "y_test")
    file: str = "data.npz"
    methods: Sequence[Any] = METHODS
    requirements: Sequence[Any] = REQUIREMENTS
    changes: Mapping[str, Any] = field(default_factory=dict)


def run(folder: Path, asked: Asked) -> Audit:
    """Run the audit in a folder of its own."""
    folder.mkdir(parents=True)
    (asked.model or model()).save(folder / "model.keras")
    rows = np.arange(COUNT) if asked.order is None else np.asarray(asked.order)
    x, y = inputs()
    np.savez(folder / asked.file, **{asked.arrays[0]: x[rows], asked.arrays[1]: y[rows]})
    spec = {
        "version": 1,
        "audit": {"id": "relations"},
        "model": {"path": "model.keras"},
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
    return audit.run(audit.load_spec(folder / "spec.yaml"), out=folder / "run").audit


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
