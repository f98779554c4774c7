"""What is switched on and off as one: superpixels, the cells of a grid, single pixels, or features."""

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from audit.errors import InputError
from audit.methods.shared.images import check_images

if TYPE_CHECKING:
    from audit.network.network import Network

Units = Literal["auto", "slic", "quickshift", "grid", "features"]
"""``auto`` (SLIC superpixels for images, features for all other inputs), ``slic``, ``quickshift``, ``grid``, or
``features`` (each pixel with all its channels, each feature of a flat input)."""

Segments = Annotated[int, Field(ge=2, le=1000, strict=True)]
"""About how many superpixels or cells; of features there are as many as there are."""

_KEPT = 512  # segmentations: they depend on the input alone, and are asked for again under every condition


def check_units(network: "Network", units: Units, segments: int, method: str) -> None:
    """Refuse units that the network's inputs do not have.

    Raises:
        InputError: superpixels or cells where inputs are no images, or are smaller than their number.
    """
    kind = _kind(units, network.input_shape)
    if kind == "features":
        return
    check_images(network, f"{method}: {{units: {kind}}}")
    height, width = network.input_shape[:2]
    if height * width < segments:
        raise InputError(
            "T170",
            f"`{method}` cannot split an image into more segments than pixels",
            where=network.name,
            expected=f"at most {height * width} segments",
            received=f"segments: {segments}",
            fix="lower `segments`, or use `units: features`",
        )


def labels_of(x: np.ndarray, units: Units, segments: int) -> np.ndarray:
    """Return the unit's number (from 0, none left out) of each pixel (H, W) or feature (F,) of one input x.

    A function of the input alone, so that every condition perturbs the same units.
    """
    kind, pixels = _kind(units, x.shape), np.ascontiguousarray(x, np.float32)
    return _labels(pixels.tobytes(), pixels.shape, kind, segments)


def unit_count(network: "Network", units: Units, segments: int) -> int:
    """Return how many units there are; of superpixels, about how many."""
    return _positions(network.input_shape) if _kind(units, network.input_shape) == "features" else segments


def colours(x: np.ndarray) -> np.ndarray:
    """Return an image (H, W, C) for segmentation: from 0 to 100, three channels as L*a*b* (their L* has that range).

    Inputs reach a network in its own range, and methods of segmentation know distances between colours.
    """
    from skimage.color import rgb2lab

    spread = float(x.max()) - float(x.min())
    unit = (x.astype(np.float64) - x.min()) / (spread or 1.0)
    return rgb2lab(unit) if x.shape[-1] == 3 else 100.0 * unit


def _kind(units: Units, shape: tuple[int, ...]) -> Units:
    return ("slic" if len(shape) == 3 else "features") if units == "auto" else units


def _positions(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape[:-1] or shape))


@lru_cache(maxsize=_KEPT)
def _labels(pixels: bytes, shape: tuple[int, ...], kind: Units, segments: int) -> np.ndarray:
    x = np.frombuffer(pixels, np.float32).reshape(shape)
    places = shape[:-1] or shape
    made = _SEGMENTED[kind](x, segments) if kind in _SEGMENTED else np.arange(_positions(shape))
    labels = np.unique(made, return_inverse=True)[1].reshape(places).astype(np.int32)
    labels.flags.writeable = False  # it is kept
    return labels


def _slic(x: np.ndarray, segments: int) -> np.ndarray:
    from skimage.segmentation import slic

    return slic(colours(x), n_segments=segments, compactness=10.0, convert2lab=False, channel_axis=-1)


def _quickshift(x: np.ndarray, segments: int) -> np.ndarray:
    """Quickshift knows widths, not a number: these give about as many on digits and photographs, more on noise."""
    from skimage.segmentation import quickshift

    side = np.sqrt(x.shape[0] * x.shape[1] / segments)
    widths: dict[str, Any] = {"kernel_size": max(1.0, side / 8), "max_dist": 1.5 * side}
    return quickshift(colours(x), ratio=0.2, convert2lab=False, channel_axis=-1, **widths)


def _grid(x: np.ndarray, segments: int) -> np.ndarray:
    """Cells as square as the image allows, their sides one pixel apart at most."""
    height, width = x.shape[:2]
    rows = int(np.clip(round(np.sqrt(segments * height / width)), 1, min(height, segments)))
    columns = int(np.clip(round(segments / rows), 1, width))
    down, across = np.arange(height) * rows // height, np.arange(width) * columns // width
    return down[:, None] * columns + across[None]


_SEGMENTED: dict[Any, Any] = {"slic": _slic, "quickshift": _quickshift, "grid": _grid}
