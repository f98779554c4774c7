"""Noisy linear imputation: removed pixels become weighted means of their neighbours, all of them at once."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# By distance: direct neighbours, then diagonal ones.
_WEIGHTS = {1: 1 / 6, 2: 1 / 12}


def impute(
    x: np.ndarray,
    gone: np.ndarray,
    *,
    channel_mean: np.ndarray,
    noise: float = 0.01,
    generators: Sequence[np.random.Generator] = (),
) -> np.ndarray:
    """Return images whose removed pixels solve: each is the weighted mean of its eight neighbours, plus noise.

    The weights are 1/6 for the four direct and 1/12 for the four diagonal neighbours, scaled at borders to sum to 1;
    neighbours that were removed themselves are unknowns of the same sparse system, one per image for all its channels.
    An inverted fill would show where features were; this one leaves less of the mask to be seen.

    Args:
        x: ``(n, H, W, C)``.
        gone: ``(n, H, W, 1)`` removed pixels, or ``(n, H, W, C)`` removed scalars, each channel its own system.
        channel_mean: ``(C,)``, for an image of which nothing is left.
        noise: standard deviation of the Gaussian noise, in units of the input: 0.01 in the released code, 0.1 in the
            paper by others' account.
        generators: one per image, needed for noise.

    Returns:
        ``(n, H, W, C)`` float32; pixels that were not removed are as they were.

    Source: Rong et al. 2022, A Consistent and Efficient Evaluation Strategy for Attribution Methods,
    arXiv:2202.00449.
    """
    weights = _mean_of_neighbours(*x.shape[1:3])
    result = np.array(x, np.float32)
    mean = np.asarray(channel_mean, np.float64)
    for row, image in enumerate(result):
        flat, holes = image.reshape(-1, image.shape[-1]), gone[row].reshape(-1, gone.shape[-1])
        # Views of ``result``: one group for all channels, or each channel by itself.
        groups = [slice(None)] if holes.shape[1] == 1 else [slice(c, c + 1) for c in range(flat.shape[1])]
        for group, hole in zip(groups, holes.T, strict=True):
            flat[hole, group] = _solved(weights, flat[:, group].astype(np.float64), hole, mean[group])
        if noise:
            drawn = generators[row].standard_normal(flat.shape) * noise
            flat[...] = np.where(holes, flat + drawn, flat)
    return result


def _solved(weights: "csr_array", values: np.ndarray, hole: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return the removed pixels (h, C) of one image (P, C)."""
    if not hole.any():
        return values[hole]
    if hole.all():
        return np.broadcast_to(mean, values.shape)
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import splu

    origin = values[~hole][0]  # equal neighbours then give exactly their own value
    rows = weights[hole]
    system = (eye_array(int(hole.sum())) - rows[:, hole]).tocsc()
    # Diagonally dominant with a symmetric pattern, so the diagonal may serve as pivots: a quarter faster.
    factors = splu(system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.001, options={"SymmetricMode": True})
    return factors.solve(rows[:, ~hole] @ (values[~hole] - origin)) + origin


@lru_cache(maxsize=4)
def _mean_of_neighbours(height: int, width: int) -> Any:
    """Return the sparse matrix (P, P) that replaces each pixel by the weighted mean of its neighbours."""
    from scipy.sparse import csr_array

    down, across = np.divmod(np.arange(height * width), width)
    rows, columns, values = [], [], []
    for step_down in (-1, 0, 1):
        for step_across in (-1, 0, 1):
            weight = _WEIGHTS.get(abs(step_down) + abs(step_across))
            if weight is None:
                continue
            i, j = down + step_down, across + step_across
            inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
            rows.append(np.flatnonzero(inside))
            columns.append((i * width + j)[inside])
            values.append(np.full(int(inside.sum()), weight))
    size = height * width
    matrix = csr_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size))
    return csr_array(matrix.multiply(1 / matrix.sum(axis=1)[:, None]))
