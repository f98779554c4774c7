"""A split of rows: whole groups of copies, by values and not by places."""

import numpy as np
import pytest

from audit.datasets.dataset import Dataset, identified
from audit.datasets.shared.split import held_out, unseen
from audit.errors import InputError


def data(x: np.ndarray, y: np.ndarray | None) -> Dataset:
    return Dataset(x=x, y=y, ids=np.arange(len(x)), class_names=(), name="rows")


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_places_decide_nothing(seed: int, labelled: bool) -> None:
    generator = np.random.default_rng(seed)
    x = generator.integers(0, 3, (60, 3)).astype(np.float32)
    y = generator.integers(0, 3, 60) if labelled else None
    moved = generator.permutation(60)
    one, other = (held_out(data(x[rows], None if y is None else y[rows]), 0.7, seed) for rows in (np.arange(60), moved))
    assert sorted(moved[other]) == one.tolist()


def test_one_group_of_copies_more_or_less() -> None:
    x = np.repeat(np.arange(6, dtype=np.float32), 10)[:, None]
    assert len(held_out(data(x, None), 0.66, 0)) == 20


def test_what_was_trained_on_is_no_test_input() -> None:
    x = np.random.default_rng(0).random((100, 3), np.float32)
    train, test = (identified(data(x[rows], np.arange(len(x))[rows]), 3) for rows in (slice(70), slice(40, 100)))
    left = unseen(test, train)
    assert sorted(left.y.tolist()) == list(range(70, 100)) and len(left.x) == len(left.ids) == 30
    with pytest.raises(InputError, match="D015|among the training inputs"):
        unseen(train, train)
