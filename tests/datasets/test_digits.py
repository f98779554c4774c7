"""The split is fixed, stratified and complete; nothing of one part is in the other."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.datasets import load_digits

from audit.datasets.dataset import validate, validate_training
from audit.datasets.digits import Digits

_ROOT = Path(".")


def test_the_values_are_scikit_learns_own() -> None:
    dataset = Digits(split="all").load(_ROOT)
    bunch = load_digits()
    assert np.array_equal(dataset.x[..., 0], bunch.images)
    assert dataset.y is not None and np.array_equal(dataset.y, bunch.target)
    assert (dataset.x.min(), dataset.x.max(), dataset.x.dtype) == (0, 16, np.float32)
    assert dataset.class_names == tuple("0123456789")
    validate(dataset, (8, 8, 1), 10)


def test_train_and_test_are_parts_of_the_whole() -> None:
    train, test, everything = (Digits(split=split).load(_ROOT) for split in ("train", "test", "all"))
    assert (len(train.x), len(test.x), len(everything.x)) == (1437, 360, 1797)
    both = np.concatenate([train.x, test.x]).reshape(1797, -1)
    assert np.array_equal(*(np.sort(rows.view("V256"), axis=0) for rows in (both, everything.x.reshape(1797, -1))))
    assert not {row.tobytes() for row in train.x} & {row.tobytes() for row in test.x}


def test_each_class_gives_a_fifth_of_its_inputs() -> None:
    test, everything = Digits(split="test").load(_ROOT), Digits(split="all").load(_ROOT)
    assert test.y is not None and everything.y is not None
    assert (abs(np.bincount(test.y) - np.bincount(everything.y) * 360 / 1797) < 1).all()


def test_the_split_never_changes() -> None:
    first, second = Digits().load(_ROOT), Digits(split="test").load(Path("elsewhere"))
    assert first.x.tobytes() == second.x.tobytes()
    everything = {row.tobytes(): position for position, row in enumerate(Digits(split="all").load(_ROOT).x)}
    positions = [everything[row.tobytes()] for row in first.x]
    assert positions == sorted(positions)


def test_ids_name_the_split_and_the_position() -> None:
    assert Digits().load(_ROOT).ids[7] == "digits-test-0007"
    assert len(set(Digits(split="train").load(_ROOT).ids)) == 1437


def test_an_unknown_split_is_a_fault() -> None:
    with pytest.raises(ValidationError, match="'train', 'test' or 'all'"):
        Digits(split="validation")  # type: ignore[arg-type]


def test_the_training_inputs_are_those_of_the_training_split() -> None:
    training, train = Digits().training(_ROOT), Digits(split="train").load(_ROOT)
    assert training is not None and training.y is not None and train.y is not None
    assert training.x.tobytes() == train.x.tobytes() and training.y.tolist() == train.y.tolist()
    validate_training(training, Digits().load(_ROOT))


@pytest.mark.parametrize("split", ["train", "all"])
def test_nothing_is_left_to_train_on_where_training_inputs_are_explained(split: Literal["train", "all"]) -> None:
    assert Digits(split=split).training(_ROOT) is None
