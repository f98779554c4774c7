"""What an image shows where a mask hides it: its own blur, or a constant."""

from typing import Any, Literal

from audit.methods.shared.blur import blur
from audit.methods.shared.path_baseline import Baseline, baseline_of

Array = Any

Reference = Literal["blur"] | Baseline
"""``blur`` (the input under a Gaussian blur), or a baseline: ``zeros``, ``mean`` or a number."""

_LEAST = 2.0  # pixels: a blur by less hides nothing of a small image


def hidden(reference: str | float, x: Array, sigma: float, numbers: Any, *, origin: Array = 0.0) -> Array:
    """Return what is left of images x (B, H, W, C) where all is hidden; ``sigma`` is a share of the shorter side."""
    if reference == "blur":
        return blur(x, max(_LEAST, sigma * min(x.shape[1:3])), numbers)
    return baseline_of(reference, x, numbers, origin=origin)
