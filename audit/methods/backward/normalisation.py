"""Layer normalisation taken apart: the entries' way from their mean, over their deviation."""

from typing import Any

from audit.methods.backward.linear import Linear, held
from audit.network.network import Node, Params, call

Array = Any


def axes_of(node: Node) -> tuple[int, ...]:
    """Return the axes over which a layer normalisation takes its mean."""
    axes = node.operation.axis
    return tuple(axis % len(node.shape) for axis in (axes if isinstance(axes, list | tuple) else (axes,)))


def centred(node: Node, x: Array) -> Array:
    """Return the entries less their mean."""
    from keras import ops

    return x - ops.mean(x, axis=axes_of(node), keepdims=True)


def inverse_deviation(node: Node, variance: Array) -> Array:
    """Return 1 / sqrt(variance + epsilon)."""
    from keras import ops

    return ops.rsqrt(variance + node.operation.epsilon)


def variance_of(node: Node, centre: Array) -> Array:
    """Return the mean square of centred entries."""
    from keras import ops

    return ops.mean(centre * centre, axis=axes_of(node), keepdims=True)


def scale_of(node: Node, params: Params) -> Array:
    """Return gamma in a shape that multiplies the output; 1 without one."""
    from keras import ops

    axes = axes_of(node)
    shape = [size if axis in axes else 1 for axis, size in enumerate(node.shape)]
    gamma = held(node, params).get("gamma")
    return ops.ones(shape) if gamma is None else ops.reshape(gamma, shape)


def with_deviation_held(node: Node, params: Params, x: Array, z: Array) -> Linear:
    """Return a layer normalisation as the linear operation that it is for a fixed deviation.

    Source: Ali et al. 2022, arXiv:2202.07304, section 4.2: relevance through the deviation is left out, which conserves
    what the centred entries receive.
    """
    from keras import ops

    kernel = scale_of(node, params) * inverse_deviation(node, variance_of(node, centred(node, x)))
    return Linear(
        x=x,
        z=z,
        bias=call(node, params, (ops.zeros_like(x[:1]),)),
        kernel=kernel,
        apply=lambda kernel, value: kernel * centred(node, value),
        support=ops.ones_like(x[:1]),
    )
