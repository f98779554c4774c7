"""Scikit-learn's handwritten digits: real, small and bundled, so that a first audit downloads nothing."""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from audit.datasets.dataset import Dataset, choose
from audit.declare import declared

_TEST_INPUTS = 360
_SPLIT_SEED = 0


@declared
class Digits:
    """1797 grey images of handwritten digits, 8 by 8 pixels, values 0 (blank) to 16, ten classes.

    The split is fixed: the first 360 inputs of ``choose(..., seed=0)`` over all 1797, stratified by class, are the
    test inputs (20 %), the other 1437 the training inputs; both keep the order of the source. An id holds the split
    and the position within it: ``digits-test-0007``.

    Source: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits" (the test part), UCI Machine Learning
    Repository, doi:10.24432/C50P49, as bundled with scikit-learn.
    """

    source: ClassVar[str] = "digits"

    split: Literal["train", "test", "all"] = "test"
    """Which part: a model should be audited on inputs that it was not trained on."""

    def load(self, root: Path) -> Dataset:
        """Return the split: x (N, 8, 8, 1) float32 in 0 to 16, y (N,) int32. ``root`` is not used."""
        return _part(self.split)

    def training(self, root: Path) -> Dataset | None:
        """Return the training inputs where the test inputs are explained, else nothing: none would be left."""
        return _part("train") if self.split == "test" else None


def _part(split: str) -> Dataset:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    x, y = bunch.images[..., None].astype(np.float32), bunch.target.astype(np.int32)
    test, everything = choose(_dataset(x, y, "all"), _TEST_INPUTS, _SPLIT_SEED), np.arange(len(x))
    parts = {"all": everything, "test": np.sort(test), "train": np.setdiff1d(everything, test)}
    return _dataset(x[parts[split]], y[parts[split]], split)


def _dataset(x: np.ndarray, y: np.ndarray, split: str) -> Dataset:
    ids = np.array([f"digits-{split}-{position:04d}" for position in range(len(x))])
    return Dataset(x=x, y=y, ids=ids, class_names=tuple("0123456789"), name=f"digits ({split})")
