"""A split of rows: whole groups of copies, by values and not by places."""

import numpy as np
import pytest

from audit.datasets.dataset import Dataset
from audit.datasets.shared.split import held_out


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
