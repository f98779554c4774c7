"""Descent on a mask: a fixed number of steps that shrink to nothing, the mask kept between 0 and 1.

``loss(mask (B, ...), number of the step) -> (B,)``; each input's loss depends on its own mask alone. The steps do not
depend on the loss's scale, and their length falls linearly from ``rate``, so that the last do not swing about the end.
"""

from collections.abc import Callable
from typing import Any

Array = Any
Loss = Callable[[Array, Array], Array]

_FIRST, _SECOND, _SMALL = 0.9, 0.999, 1e-8  # Adam's own defaults; the first is also the momentum


def adam(loss: Loss, start: Array, iterations: int, rate: float) -> Array:
    """Return the mask after Adam's steps: each cell on its own scale (Kingma and Ba 2014, arXiv:1412.6980)."""
    from keras import ops

    def step(number: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        mask, mean, square = state
        slope, time = _slope(loss, mask, number), ops.cast(number, "float32")
        mean, square = _FIRST * mean + (1 - _FIRST) * slope, _SECOND * square + (1 - _SECOND) * slope * slope
        steady, spread = mean / (1 - _FIRST ** (time + 1)), square / (1 - _SECOND ** (time + 1))
        length = rate * (1 - time / iterations)
        return ops.clip(mask - length * steady / (ops.sqrt(spread) + _SMALL), 0.0, 1.0), mean, square

    return ops.fori_loop(0, iterations, step, (start, ops.zeros_like(start), ops.zeros_like(start)))[0]


def momentum(loss: Loss, start: Array, iterations: int, rate: float) -> Array:
    """Return the mask after steps along the gradient, divided by its largest entry, with momentum.

    All cells of a mask share one scale: they keep the order that the gradient gives them, where Adam's first step moves
    all by the same and leaves ties that rounding breaks.
    """
    from keras import ops

    axes = tuple(range(1, len(start.shape)))

    def step(number: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        mask, mean = state
        slope = _slope(loss, mask, number)
        largest = ops.max(ops.abs(slope), axis=axes, keepdims=True)
        mean = _FIRST * mean + (1 - _FIRST) * slope / ops.where(largest > 0, largest, 1.0)
        length = rate * (1 - ops.cast(number, "float32") / iterations)
        return ops.clip(mask - length * mean, 0.0, 1.0), mean

    return ops.fori_loop(0, iterations, step, (start, ops.zeros_like(start)))[0]


def _slope(loss: Loss, mask: Array, number: Array) -> Array:
    from keras import ops

    from audit.backend import active

    value, pullback = active().vjp(lambda each: loss(each, number), mask)
    return pullback(ops.ones_like(value))[0]
