"""The derivative where a function has none, the same on every backend and in any order of the entries.

Frameworks give a maximum's derivative to the first of equal entries, so that a map would depend on the order in which
pixels are stored; and at its kink TensorFlow and JAX differentiate a leaky rectifier, a clipping and others each in its
own way, which whole regions of an image show where biases are zero. Here equal entries share a maximum's or a minimum's
derivative equally, and at its kink a function has the derivative of the side that its row in ``_kinks`` names.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from audit.backend import active
from audit.network import winners
from audit.network.node import Node, activation_name, sources
from audit.network.rectifier import is_rectifier, limit, slope_below

Array = Any

Function = Callable[..., Array]

_CHOOSES = (
    "MaxPool",
    "MaxPooling",
    "GlobalMaxPooling",
    "AdaptiveMaxPool",
    "AdaptiveMaxPooling",
    "Maximum",
    "Minimum",
    "Max",
    "Min",
)
_BEND_AT_ZERO = ("selu", "celu")
_BELOW = -1e-6  # near enough to zero for any slope, far enough for the coarsest precision


def settled(node: Node, function: Function) -> Function:
    """Return a node's function with a derivative that leaves nothing to the framework.

    Args:
        node: the operation.
        function: what it computes of its inputs (B, ...).
    """
    from keras import ops

    if not _is_of_keras(node):
        return function
    if chooses(node):
        return _differentiated(function, lambda inputs, received: _shared(node, inputs, received))
    if node.kind in ("Absolute", "Abs"):
        return _differentiated(function, lambda inputs, received: (received * ops.sign(inputs[0]),))
    kinks = _kinks(node)
    return (
        _differentiated(function, lambda inputs, received: _beside(function, inputs, kinks, received))
        if kinks
        else function
    )


def chooses(node: Node) -> bool:
    """Whether a node puts out one of several entries: a maximum or minimum over windows, axes or inputs."""
    if node.kind in ("Max", "Min"):
        return node.operation.initial is None
    if node.kind in ("Maximum", "Minimum"):
        return len(sources(node)) > 1
    return node.kind.rstrip("123D") in _CHOOSES


def _kinks(node: Node) -> tuple[tuple[float, float], ...]:
    """Return where a function of each entry bends, each with a point on the side whose derivative holds there."""
    if is_rectifier(node):
        top, plain = limit(node), slope_below(node) == 0.0 and activation_name(node) == "relu"
        return () if plain and top is None else ((0.0, _BELOW), *(() if top is None else ((top, top + 1.0),)))
    if _name(node) in _BEND_AT_ZERO:
        return ((0.0, _BELOW),)
    if node.kind == "Clip" and np.ndim(node.operation.x_min) == np.ndim(node.operation.x_max) == 0:
        low, high = float(node.operation.x_min), float(node.operation.x_max)
        return ((low, low - 1.0), (high, high + 1.0))
    if node.kind in ("Maximum", "Minimum"):
        away = -1.0 if node.kind == "Maximum" else 1.0
        return tuple((each, each + away) for each in node.arguments[0] if isinstance(each, int | float))
    return ()


def _is_of_keras(node: Node) -> bool:
    operation = getattr(node.operation, "operation", node.operation)
    return type(operation).__module__.partition(".")[0] == "keras"


def _name(node: Node) -> str:
    return activation_name(node) or node.kind.lower()


def _differentiated(function: Function, pullback: Callable[..., tuple[Array, ...]]) -> Function:
    """Return a function with another derivative: ``pullback(inputs, received) -> one part per input``."""
    from keras import ops

    def settled(*inputs: Array) -> Any:
        def back(*received: Array, upstream: Array | None = None) -> Any:
            own = list(received) if upstream is None else [upstream]
            parts = pullback(inputs, own[0])
            return parts[0] if len(parts) == 1 else parts

        return function(*inputs), back

    return ops.custom_gradient(settled)


def _shared(node: Node, inputs: tuple[Array, ...], received: Array) -> tuple[Array, ...]:
    """Hand a derivative to the entry that was chosen, in equal parts to those that are equal."""
    windows = winners.windows_of(node, inputs[0].shape)
    candidates, to_inputs = active().vjp(windows.gather, *inputs)
    sign = -1.0 if node.kind in ("Minimum", "Min") else 1.0
    shares = winners.shares(tuple(sign * each for each in candidates), windows)
    own = winners.beside(received, candidates, windows)
    return tuple(to_inputs(tuple(share * own for share in shares)))


def _beside(function: Function, inputs: tuple[Array, ...], kinks: Any, received: Array) -> tuple[Array, ...]:
    """Take the derivative beside each kink."""
    from keras import ops

    x = inputs[0]
    for place, beside in kinks:
        x = ops.where(inputs[0] == place, ops.cast(beside, x.dtype), x)
    return active().vjp(function, x)[1](received)
