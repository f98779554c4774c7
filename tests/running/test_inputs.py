"""Which inputs are explained, and for which class."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audit.datasets.dataset import Dataset, choose, identities
from audit.errors import InputError
from audit.running.inputs import answering, chosen_of, logits_of, targets_of
from tests import networks

COUNT = 12
LOGITS = np.random.default_rng(0).random((COUNT, 3), np.float32)
LABELS = (np.arange(COUNT) % 3).astype(np.int32)


def data_of(labels: np.ndarray | None = LABELS) -> Dataset:
    x = np.arange(COUNT * 2, dtype=np.float32).reshape(COUNT, 2)
    return Dataset(
        x=x,
        y=labels,
        ids=np.arange(COUNT).astype(str),
        class_names=(),
        name="data",
        truth={"relevant": x > 0},
        counterparts={"without": -x},
    )


def spec_of(target: str | int, inputs: int = 6) -> Any:
    return SimpleNamespace(target=target, seed=0, dataset=SimpleNamespace(inputs=inputs))


def test_everything_of_an_input_is_chosen_with_it() -> None:
    data = data_of()
    chosen = chosen_of(spec_of("predicted"), data, LOGITS)
    rows = chosen.ids.astype(int)
    assert len(rows) == 6 and chosen.labels is not None
    pairs = [
        (chosen.inputs, data.x),
        (chosen.labels, LABELS),
        (chosen.targets, LOGITS.argmax(axis=1)),
        (chosen.truth["relevant"], data.truth["relevant"]),
        (chosen.counterparts["without"], -data.x),
    ]
    for found, whole in pairs:
        np.testing.assert_array_equal(found, whole[rows])
    explained = chosen.explained
    assert explained.ids == identities(explained.inputs, 0)
    assert explained.targets is chosen.targets and explained.truth is chosen.truth


def test_of_equal_inputs_one_is_explained() -> None:
    data = data_of(None)
    data.x[[3, 5, 8]] = data.x[1]
    chosen = chosen_of(spec_of("predicted", COUNT - 3), data, LOGITS)
    assert len(np.unique(chosen.inputs, axis=0)) == len(chosen.inputs) == COUNT - 3 and chosen.copies == 3
    for inputs in (COUNT - 2, COUNT):
        with pytest.raises(InputError, match="D014"):
            chosen_of(spec_of("predicted", inputs), data, LOGITS)
    with pytest.raises(InputError, match="D010"):
        chosen_of(spec_of("predicted", COUNT + 1), data, LOGITS)


def test_where_no_inputs_are_equal_those_drawn_are_explained() -> None:
    rows = choose(data_of(), 6, 0)
    chosen = chosen_of(spec_of("predicted"), data_of(), LOGITS)
    np.testing.assert_array_equal(chosen.ids.astype(int), rows)
    assert chosen.copies == 0


@pytest.mark.parametrize(
    ("target", "classes", "expected"),
    [("label", 3, LABELS), ("label", 1, 0 * LABELS), (2, 3, np.full(COUNT, 2)), ("predicted", 1, 0 * LABELS)],
)
def test_targets_are_the_classes_that_were_asked_for(target: str | int, classes: int, expected: np.ndarray) -> None:
    found = targets_of(target, LOGITS[:, :classes], LABELS)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, expected)


def test_a_class_that_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="T001"):
        targets_of("label", LOGITS, None)
    with pytest.raises(InputError, match="T002"):
        targets_of(3, LOGITS, LABELS)


def test_logits_are_those_of_every_input_and_one_that_is_not_finite_is_refused_by_name() -> None:
    network, data = networks.linear([[1.0, -1.0], [2.0, 0.5]], [0.0, 1.0]), data_of()
    expected = data.x @ np.array([[1.0, -1.0], [2.0, 0.5]]) + [0.0, 1.0]
    np.testing.assert_allclose(logits_of(answering(network, 5), data), expected, rtol=1e-6)
    data.x[7] = np.inf
    with pytest.raises(InputError, match="M030") as caught:
        logits_of(answering(network, 5), data)
    assert caught.value.where == "7"
