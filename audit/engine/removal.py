"""Removing features from inputs: maps become ranks, ranks and a fraction become masks, masked features are replaced.

An input has P features: its pixels (all channels go together) or its scalars. Ranks (n, P) are whole numbers, 0 the
highest, computed once for all fractions; a batch is modified when it is needed. Everything is a pure function of the
arrays, the inputs' ids and a seed, so neither order nor batch size matters.
"""

import math
from collections.abc import Sequence

import numpy as np

from audit.backend.random import input_keys
from audit.errors import UnitError
from audit.maps import CONSTANT, reduce, unusable
from audit.record import Channels, Features, Fill, Part, Sign, digest, record

_NOISE_BLUR = (
    32  # the control's noise is blurred by a 32nd of the side: one pixel on CIFAR-10, as Song et al. blur maps
)
_FILL_BLUR = 22.4  # an input is blurred by this share of its side: 10 pixels of 224, as Fong and Vedaldi 2017


@record
class Ranking:
    """How maps become ranks: of pixels, whose channels are joined first, or of every number by itself (``scalar``)."""

    unit: Features = "pixel"
    channels: Channels = "sum"
    sign: Sign = "absolute"  # magnitudes or signed values
    square: bool = False  # square before channels are joined, as ROAR's code does where its paper does not


BY_MAGNITUDE = Ranking()


@record
class Filling:
    """What replaces removed features: ``blur`` is the input under a Gaussian of a 22nd of its side.

    ``noise`` and its ``seed`` are those of ``noisy_linear`` (see ``impute``): its standard deviation, in units of the
    input.
    """

    fill: Fill
    channel_mean: np.ndarray  # as the function of this name gives it
    noise: float = 0.0
    seed: int = 0


def rank(maps: np.ndarray, ranking: Ranking = BY_MAGNITUDE, *, ids: Sequence[str], seed: int) -> np.ndarray:
    """Return the rank of each feature of each input, 0 for the highest value.

    Values that tie are put in a random order, seeded for each input: a map that is constant to within float32 rounding
    ranks at random, and zeros that share a place do not favour the top of the picture.

    Args:
        maps: ``(n, H, W, C)`` or ``(n, F)``, raw and signed. Maps with fewer channels than the input rank its pixels.
        ranking: of what, and by what.
        ids: of the inputs.
        seed: decides ties.

    Returns:
        ``(n, P)`` uint16, or uint32 where 16 bits are too few.

    Raises:
        UnitError: a map is not finite, or of a shape that has no features.
    """
    values = _values(maps, ranking)
    broken = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(broken):
        raise UnitError(
            "T804",
            f"{len(broken)} of {len(values)} maps cannot be ranked: they contain NaN or infinity",
            where=ids[int(broken[0])],
            expected="finite maps",
        )
    values = np.where((unusable(values) == CONSTANT)[:, None], 0, values)
    return _ranked(values, ids, seed)


def _values(maps: np.ndarray, ranking: Ranking) -> np.ndarray:
    maps = np.square(maps) if ranking.square else maps
    if ranking.unit == "scalar":
        if ranking.sign == "absolute":
            maps = np.abs(maps)
        return maps.reshape(len(maps), -1)
    return reduce(maps, channels=ranking.channels, sign=ranking.sign).reshape(len(maps), -1)


def _ranked(values: np.ndarray, ids: Sequence[str], seed: int) -> np.ndarray:
    count = values.shape[1]
    lots = np.stack([each.random(count, dtype=np.float32) for each in generators("ties", ids, seed)])
    order = np.lexsort((lots, -values), axis=-1)
    ranks = np.empty(order.shape, _whole(count))
    np.put_along_axis(ranks, order, np.arange(count, dtype=ranks.dtype)[None], axis=1)
    return ranks


def control_ranks(by: str, x: np.ndarray, *, ids: Sequence[str], seed: int, unit: Features = "pixel") -> np.ndarray:
    """Return the ranks (n, P) of a control that no network made.

    ``bernoulli``: independent numbers, uniform over 0 to P - 1. So a fraction t removes each feature by itself with
    probability t and the count varies, as in the paper; larger fractions contain smaller ones.
    ``sobel``: the magnitude of the Sobel gradient, the operator of the ``edge_detector`` control.
    ``blurred_random``: Gaussian noise blurred by a Gaussian of one 32nd of the shorter side, at least one pixel: it has
    patches as maps do, and no information (Song et al. 2023, arXiv:2304.13836).

    Args:
        by: one of ``REFERENCE_RANKINGS``.
        x: ``(n, H, W, C)`` or ``(n, F)``, the intact inputs.
        ids: of the inputs.
        seed: another seed gives another draw.
        unit: pixels or scalars.

    Raises:
        KeyError: there is no such control.
    """
    if by == "bernoulli":
        count = features(x.shape[1:], unit)
        drawn = [each.integers(0, count, count, dtype=np.uint32) for each in generators(by, ids, seed)]
        return np.stack(drawn).astype(_whole(count))
    make = {"sobel": _edges, "blurred_random": _patches}[by]
    values = make(x, ids, seed)
    if unit == "pixel" and values.ndim == 4:
        values = values.sum(axis=-1)
    return _ranked(values.reshape(len(values), -1), ids, seed)


def _edges(x: np.ndarray, ids: Sequence[str], seed: int) -> np.ndarray:
    x = np.asarray(x, np.float32)
    if x.ndim != 4:
        return np.abs(_difference(x, 1))
    down, across = _smooth(_difference(x, 1), 2), _smooth(_difference(x, 2), 1)
    return np.sqrt(down * down + across * across)


def _beside(x: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Return every entry's neighbours before and after it along an axis; the border is repeated."""
    places = np.arange(x.shape[axis])
    before, after = np.maximum(places - 1, 0), np.minimum(places + 1, len(places) - 1)
    return x.take(before, axis), x.take(after, axis)


def _difference(x: np.ndarray, axis: int) -> np.ndarray:
    before, after = _beside(x, axis)
    return after - before


def _smooth(x: np.ndarray, axis: int) -> np.ndarray:
    before, after = _beside(x, axis)
    return (before + 2 * x + after) / 4


def _patches(x: np.ndarray, ids: Sequence[str], seed: int) -> np.ndarray:
    drawn = [each.standard_normal(x.shape[1:], dtype=np.float32) for each in generators("blurred_random", ids, seed)]
    return _blurred(np.stack(drawn), _NOISE_BLUR)


def _blurred(x: np.ndarray, parts: float) -> np.ndarray:
    """Return inputs blurred by a Gaussian of one ``parts``-th of the shorter side, at least one; not over channels."""
    from scipy.ndimage import gaussian_filter

    side = min(x.shape[1:3])
    sigma = max(1.0, side / parts)
    return gaussian_filter(x, (0, *([sigma] * (min(x.ndim, 3) - 1)), *([0] * (x.ndim - 3))), mode="nearest")


def mask(ranks: np.ndarray, fraction: float, part: Part = "top") -> np.ndarray:
    """Return which features are removed, (n, P) bool: the share that ranks highest (``top``) or lowest (``bottom``)."""
    count = ranks.shape[1]
    removed = math.floor(fraction * count + 0.5)
    return ranks < removed if part == "top" else ranks >= count - removed


def replace(x: np.ndarray, mask: np.ndarray, filling: Filling, *, ids: Sequence[str] = ()) -> np.ndarray:
    """Return inputs with the masked features replaced, float32; the given ones stay as they are.

    Args:
        x: ``(n, H, W, C)`` or ``(n, F)``.
        mask: ``(n, P)`` bool, pixels or scalars.
        filling: by what.
        ids: of the inputs; only ``noisy_linear`` needs them, for its noise.

    Raises:
        UnitError: the mask fits neither pixels nor scalars, or a fill that needs neighbours meets flat inputs.
    """
    gone, fill, mean = shaped(mask, x.shape), filling.fill, filling.channel_mean
    if fill in ("blur", "noisy_linear") and x.ndim != 4:
        raise UnitError(
            "T805",
            f"`fill: {fill}` needs images",
            expected="inputs (n, H, W, C)",
            received=str(x.shape),
            fix="use `fill: channel_mean` for flat inputs",
        )
    if fill == "noisy_linear":
        from audit.engine.imputation import impute

        drawn = generators("noise", ids, filling.seed)
        return impute(x, gone, channel_mean=mean, noise=filling.noise, generators=drawn)
    other = {"channel_mean": lambda: mean, "zero": lambda: 0.0, "blur": lambda: _blurred(x, _FILL_BLUR)}[fill]()
    return np.where(gone, np.asarray(other, np.float32), x).astype(np.float32, copy=False)


def channel_mean(x: np.ndarray) -> np.ndarray:
    """Return the mean of each channel of training images, (C,), or of each feature of flat inputs, (F,); float32."""
    axes = (0, 1, 2) if x.ndim == 4 else (0,)
    return x.mean(axis=axes, dtype=np.float64).astype(np.float32)


def mask_only(mask: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return the masks as inputs of ``shape`` (n, ...), float32: 1 where a feature was removed, in all its channels.

    What a network learns from them it learned from the choice of features alone, not from their values.
    """
    return np.broadcast_to(shaped(mask, shape), tuple(shape)).astype(np.float32)


def shaped(mask: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return a mask (n, P) in the inputs' shape; its last axis is 1 where whole pixels are removed.

    Raises:
        UnitError: the mask fits neither pixels nor scalars.
    """
    for unit in ("scalar", "pixel"):
        if mask.shape == (shape[0], features(shape[1:], unit)):
            return mask.reshape(*shape[:-1], -1)
    raise UnitError(
        "T806",
        "a mask does not match its inputs",
        expected=f"one entry per feature of {tuple(shape)}",
        received=str(mask.shape),
    )


def features(shape: Sequence[int], unit: Features) -> int:
    """Return how many features an input of this shape, without the batch axis, has."""
    return math.prod(shape[:2] if unit == "pixel" and len(shape) == 3 else shape)


def generators(purpose: str, ids: Sequence[str], seed: int) -> list[np.random.Generator]:
    """Return one random generator for each input, its own for every purpose and seed."""
    keys = input_keys(int(digest([purpose, seed])[:8], 16), ids).astype(np.uint64)
    return [np.random.Generator(np.random.Philox(key=key)) for key in keys]


def _whole(count: int) -> type[np.unsignedinteger]:
    return np.uint16 if count <= 2**16 else np.uint32
