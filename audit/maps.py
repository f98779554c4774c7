"""From raw signed maps to the maps that are compared: named steps, printed in the report.

The channel reduction comes first, the absolute value second: two channels of opposite sign that cancel stay cancelled
under ``sum``. Nothing clips or repairs: a broken map must stay visible. Nothing is rescaled either, unless a similarity
that is not of ranks says how, by name, in its field ``normalise``.
"""

import functools
import math
from typing import Literal

import numpy as np
from jaxtyping import Float, Float64, Int8

from audit.errors import UnitError
from audit.record import Compared, Sign

Normalise = Literal["none", "max", "min_max", "second_moment"]

Maps = Float[np.ndarray, "n *map"]
"""Maps of n inputs, all of one shape."""

SIGNED: tuple[Compared, ...] = ("sum", "keep")  # what leaves a map its sign

USABLE, CONSTANT, NOT_FINITE = 0, 1, 2

# A map whose values differ by less than this share of the largest is rounding noise around a constant (eight units in
# the last place of float32): up-sampling a dead Grad-CAM leaves such noise, and its ranks would look like independence.
ROUNDING = 8 * float(np.finfo(np.float32).eps)


def reduce(maps: Maps, *, channels: Compared = "sum", sign: Sign = "absolute") -> Float[np.ndarray, "n ..."]:
    """Reduce raw signed maps to one value per pixel, or with ``keep`` to one per pixel and channel.

    Args:
        maps: ``(n, H, W, C)`` images or ``(n, F)`` flat inputs, float32.
        channels: how channels are joined; flat inputs have none, and only its absolute value applies to them.
        sign: ``absolute`` takes the magnitude after the channels are joined, ``signed`` keeps the sign.

    Returns:
        ``(n, H, W)`` or ``(n, F)`` float32; ``(n, H, W, C)`` where the channels are kept.

    Raises:
        UnitError: the shape is neither, or ``signed`` is asked of a reduction that drops the sign.
    """
    if maps.ndim not in (2, 4):
        wanted, shape = "(n, H, W, C) or (n, F)", str(maps.shape)
        raise UnitError("T801", "maps of this shape cannot be compared", expected=wanted, received=shape)
    if sign == "signed" and channels not in SIGNED:
        what, wanted = f"`channels: {channels}` removes the sign", "`channels: sum` or `keep` with `sign: signed`"
        raise UnitError("T802", what, expected=wanted, fix="use `sign: absolute`")
    joined = _join(np.asarray(maps, np.float32), channels)
    return np.abs(joined) if sign == "absolute" else joined


def _join(maps: Maps, channels: Compared) -> Float[np.ndarray, "n ..."]:
    if maps.ndim == 2 or channels == "keep":
        return maps
    parts = np.moveaxis(maps, -1, 0)  # channel by channel is many times faster than a reduction of a short last axis
    if channels != "sum":
        parts = np.abs(parts)
    return functools.reduce(np.maximum if channels == "absolute_max" else np.add, parts)


def normalise(maps: Maps, how: Normalise) -> Float64[np.ndarray, "n *map"]:
    """Rescale each map by itself.

    Args:
        maps: ``(n, ...)``, each usable: not constant, and finite.
        how: ``max`` divides by the largest magnitude, so signed maps end in [-1, 1] with zero kept; ``min_max`` takes
            the least value to 0 and the largest to 1; ``second_moment`` divides by the root of the mean square, which
            a single outlier does not decide; ``none`` changes nothing.

    Returns:
        Float64, of the same shape.

    Source: the first two are the views of Adebayo et al. 2018 (arXiv:1810.03292) and their code; the average second
    moment is the remedy of Binder et al. 2023 (arXiv:2211.12486).
    """
    maps = np.asarray(maps, np.float64)
    axes = tuple(range(1, maps.ndim))
    if how == "max":
        return maps / np.abs(maps).max(axis=axes, keepdims=True)
    if how == "min_max":
        low = maps.min(axis=axes, keepdims=True)
        return (maps - low) / (maps.max(axis=axes, keepdims=True) - low)
    return maps / np.sqrt(np.square(maps).mean(axis=axes, keepdims=True)) if how == "second_moment" else maps


def unusable(maps: Maps) -> Int8[np.ndarray, "n"]:
    """Say of each map whether a similarity with it is defined.

    Args:
        maps: ``(n, ...)``.

    Returns:
        ``(n,)`` int8: 0 usable, 1 constant to within float32 rounding, 2 not finite somewhere.
    """
    flat = np.asarray(maps).reshape(len(maps), math.prod(np.shape(maps)[1:]))  # -1 fails on no maps at all
    finite = np.isfinite(flat).all(axis=1)
    low, high = flat.min(axis=1), flat.max(axis=1)
    with np.errstate(invalid="ignore"):  # infinities are told apart by ``finite``
        constant = high - low <= ROUNDING * np.maximum(np.abs(low), np.abs(high))
    return np.where(~finite, NOT_FINITE, np.where(constant, CONSTANT, USABLE)).astype(np.int8)
