"""The parts of scikit-learn's handwritten digits: as they are, and as objects to put images together from."""

import numpy as np

from audit.datasets.dataset import Dataset, choose_positions

_TEST_INPUTS = 360
_SPLIT_SEED = 0


def load_part(part: str) -> Dataset:
    """Return ``train``, ``test`` or ``all``: x (N, 8, 8, 1) float32 in 0 to 16, y (N,) int32, in the source's order."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    x, y = bunch.images[..., None].astype(np.float32), bunch.target.astype(np.int32)
    test, everything = choose_positions(_dataset(x, y, "all"), _TEST_INPUTS, _SPLIT_SEED), np.arange(len(x))
    parts = {"all": everything, "test": np.sort(test), "train": np.setdiff1d(everything, test)}
    return _dataset(x[parts[part]], y[parts[part]], part)


def _dataset(x: np.ndarray, y: np.ndarray, part: str) -> Dataset:
    ids = np.array([f"digits-{part}-{position:04d}" for position in range(len(x))])
    return Dataset(x=x, y=y, ids=ids, class_names=tuple("0123456789"), name=f"digits ({part})")
