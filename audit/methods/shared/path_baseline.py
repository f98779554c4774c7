"""Baselines: the inputs from which path methods start."""

from typing import Annotated, Any, Literal

from pydantic import Field

Array = Any

Baseline = Literal["zeros", "mean"] | Annotated[float, Field(strict=True)]
"""``zeros``, ``mean`` (each input's own mean over pixels, per channel; over features for flat inputs), or a number."""


def baseline_of(baseline: str | float, x: Array, numbers: Any, *, origin: Array = 0.0) -> Array:
    """Return the baseline of each input of x (B, ...).

    Args:
        baseline: as declared.
        x: inputs.
        numbers: what computes: NumPy or ``keras.ops``.
        origin: where the data's zero lies, () or (1, ...); zeros and numbers count from there.
    """
    if baseline == "mean":
        axes = pixels(x)
        mean, least, most = (of(x, axis=axes, keepdims=True) for of in (numbers.mean, numbers.min, numbers.max))
        return numbers.zeros_like(x) + numbers.clip(mean, least, most)  # rounded: a constant is its own mean exactly
    return numbers.full_like(x, 0.0 if baseline == "zeros" else baseline) + origin


def pixels(x: Array) -> tuple[int, ...]:
    """Return the axes of x (B, ...) over which pixels lie: all but the channels; the features of flat inputs."""
    return tuple(range(1, max(2, len(x.shape) - 1)))
