"""Scikit-learn's handwritten digits: real, small and bundled, so that a first audit downloads nothing."""

from pathlib import Path
from typing import Literal

from audit.datasets.dataset import Dataset, Source
from audit.datasets.shared.handwritten_digits import load_part
from audit.declare import declared


@declared
class Digits(Source):
    """1797 grey images of handwritten digits, 8 by 8 pixels, values 0 (blank) to 16, ten classes.

    The split is fixed: the first 360 inputs of ``choose_positions`` with seed 0 over all 1797, stratified by class, are
    the test inputs (20 %), the other 1437 the training inputs; both keep the order of the source. An id holds the split
    and the position within it: ``digits-test-0007``.

    Source: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits" (the test part), UCI Machine Learning
    Repository, doi:10.24432/C50P49, as bundled with scikit-learn.
    """

    split: Literal["train", "test", "all"] = "test"
    """Part of the data. Audit a model on inputs that it was not trained on."""

    def load(self, root: Path) -> Dataset:
        """Return the split: x (N, 8, 8, 1) float32 in 0 to 16, y (N,) int32. ``root`` is not used."""
        return load_part(self.split)

    def training(self, root: Path) -> Dataset | None:
        """Return the training inputs where the test inputs are explained, else nothing: none would be left."""
        return load_part("train") if self.split == "test" else None
