"""How much of a map lies where it must, and how much would lie there by chance: exact, and per input.

Maps (n, H, W) are magnitudes; regions (n, H, W) are bool with at least one pixel. A map that is constant or not finite
has no place, and its scores are NaN.
"""

import numpy as np

from audit.errors import UnitError
from audit.maps import reduce, unusable
from audit.record import Channels


def magnitudes(maps: np.ndarray, regions: np.ndarray, *, channels: Channels) -> np.ndarray:
    """Return the magnitudes (n, H, W) of raw maps (n, H, W, C), NaN throughout where a map is unusable.

    Raises:
        UnitError: the maps are not as large as the regions.
    """
    found = reduce(maps, channels=channels).astype(np.float64)
    if found.shape != regions.shape:
        raise UnitError(
            "T080",
            "the maps do not have the size of the regions that are known",
            expected=str(regions.shape),
            received=str(found.shape),
        )
    return np.where(unusable(found)[:, None, None] == 0, found, np.nan)


def share(maps: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Return the share (n,) of each map's mass that lies in its region."""
    return _inside(maps, regions) / maps.sum(axis=(1, 2))


def share_of_both(maps: np.ndarray, regions: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the share (n,) that a region has of the mass in it and in another; NaN where neither has any."""
    own, other = _inside(maps, regions), _inside(maps, others)
    with np.errstate(invalid="ignore"):  # 0 / 0: nothing lies in either
        return own / (own + other)


def share_by_chance(maps: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Return the mean share (n,) over all placements of each region, kept whole, within its own map."""
    return share(maps, _coverage(regions))


def hits(maps: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Return whether each map has its maximum in its region (n,): 0 or 1; of tied maxima the share that is inside.

    Source: the pointing game of Zhang et al. 2018, Top-down Neural Attention by Excitation Backprop, arXiv:1608.00507;
    without its tolerance of pixels beside the object.
    """
    largest = maps == maps.max(axis=(1, 2), keepdims=True)
    with np.errstate(invalid="ignore"):  # NaN equals nothing
        return (largest & regions).sum(axis=(1, 2)) / largest.sum(axis=(1, 2))


def average_precision(maps: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Return the average precision (n,) of each map's values as scores for the pixels of its region.

    The area under the precision-recall curve by steps, tied values taken together: sum of (R_k - R_(k-1)) P_k over the
    distinct values. A region of a share r of the pixels has r by a constant map.
    """
    return np.array(
        [_average_precision(each.ravel(), region.ravel()) for each, region in zip(maps, regions, strict=True)]
    )


def _average_precision(values: np.ndarray, inside: np.ndarray) -> float:
    if not np.isfinite(values).all():
        return float("nan")
    order = np.argsort(-values, kind="stable")
    last_of_ties = np.append(np.flatnonzero(np.diff(values[order])), len(values) - 1)
    found = np.cumsum(inside[order])[last_of_ties]
    recall = np.append(0, found / inside.sum())
    return float((np.diff(recall) * found / (last_of_ties + 1)).sum())


def _inside(maps: np.ndarray, regions: np.ndarray) -> np.ndarray:
    return (maps * regions).sum(axis=(1, 2))


def _coverage(regions: np.ndarray) -> np.ndarray:
    """Return the share of all placements of each region that cover each pixel, (n, H, W) float64.

    A region is moved as a whole, never over the border; most regions of a data set have one shape, counted once.
    """
    crops = [_crop(each) for each in regions]
    known = {(crop.shape, crop.tobytes()): crop for crop in crops}
    counts = {key: _covered(crop, regions.shape[1:]) for key, crop in known.items()}
    return np.stack([counts[crop.shape, crop.tobytes()] for crop in crops])


def _crop(region: np.ndarray) -> np.ndarray:
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    return region[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _covered(crop: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    down, across = shape[0] - crop.shape[0] + 1, shape[1] - crop.shape[1] + 1
    total = np.zeros(shape)
    for row, column in np.argwhere(crop):
        total[row : row + down, column : column + across] += 1
    return total / (down * across)
