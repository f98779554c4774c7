"""Splitting rows into those that a model is trained on and those that it is tested on."""

import numpy as np

from audit.datasets.dataset import Dataset, choose, identities, taken
from audit.errors import InputError


def held_out(data: Dataset, train_share: float, seed: int) -> np.ndarray:
    """Return the positions, ascending, of the rows that are tested on: a choice by their values, stratified by class.

    Copies stay together, in one part, whatever their labels; so the share is met to within their number. The order of
    the rows decides nothing.

    Raises:
        InputError: there are fewer than two different rows.
    """
    names = np.array(identities(data.x, seed))
    known, sizes = np.unique(names, return_counts=True)
    if len(sizes) < 2:
        raise InputError(
            "D037",
            f"cannot split `{data.name}`",
            expected="two different rows or more",
            received=f"{len(names)} rows, {len(sizes)} of them different",
        )
    chosen = names[choose(data, len(known), seed)]  # each once
    wanted = len(names) - min(max(round(train_share * len(names)), 1), len(names) - 1)
    groups = 1 + int(np.abs(np.cumsum(sizes[np.searchsorted(known, chosen)])[:-1] - wanted).argmin())
    return np.flatnonzero(np.isin(names, chosen[:groups]))


def unseen(test: Dataset, train: Dataset) -> Dataset:
    """Return the test data without inputs that the training data hold too, both ``identified`` with one seed.

    Raises:
        InputError: no input is left.
    """
    rows = np.flatnonzero(~np.isin(test.ids, train.ids))
    if not len(rows):
        raise InputError(
            "D015",
            f"every input of `{test.name}` is among the training inputs, so nothing is left to test retraining on",
            where="dataset",
            received=f"{len(test.x)} inputs",
            fix="use test inputs that the model was not trained on",
        )
    return taken(test, rows)
