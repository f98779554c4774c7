"""Arrays to pictures: small palette PNGs as data URIs, exact pixels, no smoothing."""

from base64 import b64encode
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np

from audit.record import Sign, record

SMALL = 64  # pixels an edge; smaller pictures are enlarged by a whole number: some viewers smooth what they enlarge
LEVELS = 65  # odd, so that zero has a colour of its own in the middle of the signed scale
_NOT_FINITE = (255, 0, 255)  # a colour of neither scale


@record
class Picture:
    """A map as it is shown: ``peak`` is the largest absolute value, where the colours end."""

    uri: str
    peak: float | None
    fault: str  # "constant", "not finite" or nothing


@cache
def palette(scale: Sign) -> tuple[tuple[int, int, int], ...]:
    """Return the colours of a scale, lowest value first, then the colour of a value that is not finite."""
    from matplotlib import colormaps

    colours = colormaps["RdBu_r" if scale == "signed" else "BuPu"](np.linspace(0, 1, LEVELS), bytes=True)
    return (*((int(r), int(g), int(b)) for r, g, b, _ in colours), _NOT_FINITE)


def map_picture(values: Any, scale: Sign, longest: int) -> Picture:
    """Return a map (H, W) or (F,) as a picture: signed from -peak to peak with zero in the middle, else 0 to peak."""
    pixels = np.atleast_2d(np.asarray(values, dtype=np.float64))
    finite = np.isfinite(pixels)
    fault = "not finite" if not finite.all() else "constant" if np.ptp(pixels) == 0 else ""
    peak = float(np.abs(pixels[finite]).max()) if finite.any() else None
    share = _reduced(np.where(finite, pixels, np.nan), longest) / (peak or 1.0)
    levels = np.rint(((share + 1) / 2 if scale == "signed" else share) * (LEVELS - 1))
    index = np.where(np.isfinite(levels), np.clip(levels, 0, LEVELS - 1), LEVELS).astype(np.uint8)
    return Picture(uri=_palette_png(_enlarged(index), scale), peak=peak, fault=fault)


def input_picture(values: Any, longest: int) -> str:
    """Return an input (H, W, C), (H, W) or (F,) as a data URI, black to white between its own extremes."""
    pixels = np.asarray(values, dtype=np.float64)
    pixels = pixels[None, :, None] if pixels.ndim == 1 else pixels[..., None] if pixels.ndim == 2 else pixels
    pixels = pixels if pixels.shape[-1] in (1, 3) else pixels.mean(axis=-1, keepdims=True)
    finite = pixels[np.isfinite(pixels)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    shown = np.nan_to_num((pixels - low) / ((high - low) or 1.0), nan=0.0, posinf=1.0, neginf=0.0)
    channels = [_reduced(shown[..., c], longest) for c in range(shown.shape[-1])]
    levels = np.rint(np.stack(channels, axis=-1) * 255).astype(np.uint8)
    return _png(_enlarged(levels[..., 0] if levels.shape[-1] == 1 else levels))


def scale_picture(scale: Sign) -> str:
    """Return the colours of a scale as a bar, lowest on the left."""
    return _palette_png(np.arange(LEVELS, dtype=np.uint8)[None], scale)


def _reduced(pixels: np.ndarray, longest: int) -> np.ndarray:
    """Average (H, W) down to at most ``longest`` pixels an edge; a smaller map keeps its pixels."""
    from PIL import Image

    height, width = pixels.shape
    ratio = longest / max(height, width)
    if ratio >= 1:
        return pixels
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    image = Image.fromarray(pixels.astype(np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BOX), dtype=np.float64)


def _enlarged(pixels: np.ndarray) -> np.ndarray:
    """Repeat each pixel of a small picture, the same number of times both ways."""
    times = max(1, SMALL // max(pixels.shape[:2]))
    return pixels.repeat(times, axis=0).repeat(times, axis=1)


def _palette_png(index: np.ndarray, scale: Sign) -> str:
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(index))
    image.putpalette([part for colour in palette(scale) for part in colour])
    return _encoded(image)


def _png(levels: np.ndarray) -> str:
    from PIL import Image

    return _encoded(Image.fromarray(np.ascontiguousarray(levels)))


def _encoded(image: Any) -> str:
    file = BytesIO()
    image.save(file, format="PNG", optimize=True)
    return "data:image/png;base64," + b64encode(file.getvalue()).decode("ascii")
