"""Perturbed inputs, for every check that moves them: seeded draws, the range of the data, what the model then says."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from audit.record import Doubt, digest


def generators(purpose: str, seed: int, ids: Sequence[Any]) -> list[np.random.Generator]:
    """Return one generator per input, which belongs to its id, not to its place."""
    keys = [int(digest([purpose, seed, str(each)])[:16], 16) for each in ids]
    return [np.random.Generator(np.random.Philox(key=key)) for key in keys]


def span(inputs: np.ndarray) -> float:
    """Return the width of the range of the explained inputs' values: the unit of radii, noise and budgets."""
    return float(inputs.max() - inputs.min())


def clip(moved: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Return moved inputs (n, ...) float32, kept inside the range of the explained inputs' values."""
    return np.clip(moved, inputs.min(), inputs.max()).astype(np.float32)


def signs(purpose: str, seed: int, ids: Sequence[Any], shape: Sequence[int]) -> np.ndarray:
    """Return random signs (n, ...) float32, -1 or 1, for inputs of a shape (...)."""
    drawn = [generator.integers(0, 2, shape) for generator in generators(purpose, seed, ids)]
    return (2 * np.stack(drawn) - 1).astype(np.float32)


def predicted(logits: np.ndarray) -> np.ndarray:
    """Return the predicted classes (n,) of logits (n, K); of a single logit, whether it is positive."""
    return logits.argmax(axis=1) if logits.shape[1] > 1 else (logits[:, 0] > 0).astype(np.int64)


def explained_logit(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the logit (n,) float64 of each input's explained class."""
    return np.asarray(logits, np.float64)[np.arange(len(logits)), targets]


def lengths(arrays: np.ndarray) -> np.ndarray:
    """Return the Euclidean norm (n,) float64 of each entry of arrays (n, ...)."""
    return np.linalg.norm(np.asarray(arrays, np.float64).reshape(len(arrays), -1), axis=1)


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return ``above / below`` (n,), NaN where the denominator is zero or either is not finite."""
    defined = np.isfinite(above) & np.isfinite(below) & (below > 0)
    return np.where(defined, np.divide(above, below, out=np.full(np.shape(above), np.nan), where=defined), np.nan)


def too_few(defined: np.ndarray, at_most: float, *, because: str) -> Doubt | None:
    """Return why too many inputs are left out, in one sentence; ``defined`` (n,) tells those that are kept."""
    left_out = int((~defined).sum())
    if left_out / len(defined) <= at_most:
        return None
    text = f"{left_out} of {len(defined)} inputs are undefined, more than the {100 * at_most:g} % allowed: {because}."
    return Doubt(code="undefined-inputs", text=text)
