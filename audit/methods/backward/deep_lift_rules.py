"""DeepLIFT's rules for what is not linear: multipliers, which turn differences from a reference into contributions.

The walk goes over a batch whose second half holds the references, so that every rule finds both values of what it is
about. A multiplier m stands for the contribution m * (x - x0); both halves carry the same. Linear operations hand it on
by their vector-Jacobian product, which does not depend on the values. The rules here make contributions add up to the
difference of the output, entry by entry; so the sum over the inputs is that of the logit.
"""

from collections.abc import Mapping
from math import prod
from typing import Any

from audit.backend import active
from audit.methods.backward import linear
from audit.methods.backward.normalisation import axes_of, centred, inverse_deviation, scale_of, variance_of
from audit.methods.backward.operations import Role
from audit.methods.backward.propagate import Rule
from audit.network import winners
from audit.network.network import Node, Params, call

Array = Any

_NEAR = 1e-4
"""A difference below this share of its terms: the derivative takes the quotient's place. About the root of float32's
precision, where what a quotient loses to rounding and a derivative to curvature are alike; a kink at 0 lies outside."""


def rules_of(graph: tuple[Node, ...], roles: tuple[Role, ...]) -> Mapping[str, Rule]:
    """Return the rules of a network's operations by their names; those that are linear need none."""
    of: dict[Role, Rule] = {"activation": rescale, "winner": winner, "product": product, "normalisation": normalise}
    return {node.name: of[role] for node, role in zip(graph, roles, strict=True) if role in of}


def halves(value: Array, axis: int = 0) -> tuple[Array, Array]:
    """Return the inputs' half of a batch, and the references'."""
    from keras import ops

    one, other = ops.split(value, 2, axis=axis)
    return one, other


def both(value: Array) -> Array:
    """Return a batch that holds the same for inputs and references."""
    from keras import ops

    return ops.concatenate([value, value])


def slope(rise: Array, run: Array, size: Array, derivative: Array) -> Array:
    """Return rise / run; the derivative where the run is nothing next to ``size``."""
    from keras import ops

    near = ops.abs(run) <= _NEAR * size
    return ops.where(near, derivative, rise / ops.where(near, 1.0, run))


def derivative(node: Node, params: Params, x: Array) -> Array:
    """Return the derivative of a function of each entry."""
    from keras import ops

    y, pullback = active().vjp(lambda value: call(node, params, (value,)), x)
    return pullback(ops.ones_like(y))[0]


def rescale(node: Node, params: Params, inputs: Any, output: Array, relevance: Array) -> tuple[Array, ...]:
    """An activation's multiplier is the slope of its secant: (y - y0) / (x - x0)."""
    from keras import ops

    (x, x0), (y, y0) = halves(inputs[0]), halves(output)
    secant = slope(y - y0, x - x0, ops.abs(x) + ops.abs(x0), derivative(node, params, x))
    return (both(secant * halves(relevance)[0]),)


def winner(node: Node, params: Params, inputs: Any, output: Array, relevance: Array) -> tuple[Array, ...]:
    """Where a maximum rose, the entry that wins now did it; where it fell, the entry that won in the reference.

    Their own differences are at least as large and of the same sign, so that multipliers lie in [0, 1]. Of several
    winners the one that is largest on the other side; those that are equal there too share equally.
    """
    from keras import ops

    windows = winners.windows_of(node, inputs[0].shape)
    candidates, to_inputs = active().vjp(windows.gather, *inputs)
    now, before = zip(*map(halves, candidates), strict=True)
    rise = winners.picked(now, windows) - winners.picked(before, windows)
    share_now, share_before = winners.shares(now, windows, before), winners.shares(before, windows, now)
    received = winners.beside(halves(relevance)[0], now, windows)

    def handed(value: Array, reference: Array, own: Array, its: Array) -> Array:
        contribution = rise * ops.where(rise > 0, own, its)
        return both(received * slope(contribution, value - reference, ops.zeros_like(value), own))

    return tuple(to_inputs(tuple(map(handed, now, before, share_now, share_before))))


def product(node: Node, params: Params, inputs: Any, output: Array, relevance: Array) -> tuple[Array, ...]:
    """A product ab - a0 b0 = (a - a0)(b + b0)/2 + (b - b0)(a + a0)/2, equal parts of what is joint; more, in order."""
    parts, rest = [], relevance
    for place, value in enumerate(inputs[:-1]):
        following = inputs[place + 1]
        for other in inputs[place + 2 :]:
            following = following * other
        parts.append(rest * _mean(following))
        rest = rest * _mean(value)
    return tuple(linear.unbroadcast(part, value) for part, value in zip([*parts, rest], inputs, strict=True))


def _mean(value: Array) -> Array:
    """Return the mean of an input's value and its reference's, for both."""
    one, other = halves(value)
    return both((one + other) / 2)


def normalise(node: Node, params: Params, inputs: Any, output: Array, relevance: Array) -> tuple[Array, ...]:
    """A layer normalisation is gamma c r(v), v the mean of c^2, c centred: a product, a secant, a square."""
    from keras import ops

    centre, to_input = active().vjp(lambda value: centred(node, value), inputs[0])
    received, axes = relevance * scale_of(node, params), axes_of(node)
    variance = variance_of(node, centre)
    inverse = inverse_deviation(node, variance)
    (v, v0), (r, r0) = halves(variance), halves(inverse)
    secant = both(slope(r - r0, v - v0, v + v0, -0.5 * r * r * r))
    through_variance = ops.sum(received * _mean(centre), axis=axes, keepdims=True) * secant
    count = prod(centre.shape[axis] for axis in axes)
    return to_input(received * _mean(inverse) + through_variance * 2 * _mean(centre) / count)
