"""Which recorded operations are rectifiers, and of what form: slope under zero, 1 above it, flat above a limit."""

import numpy as np

from audit.network.node import Node, activation_name

_LEAK = 0.2  # the slope of Keras's function leaky_relu where it is the activation of a layer


def is_rectifier(node: Node) -> bool:
    """Whether a node is a rectifier: ReLU, ReLU6, leaky or parametric, as a layer, an activation or a function."""
    return activation_name(node) in ("relu", "relu6", "leaky_relu", "prelu") or _cuts_at_zero(node)


def slope_below(node: Node) -> float | None:
    """Return a rectifier's slope under zero, None where it is a parameter of the network."""
    if activation_name(node) == "prelu":
        return None
    given = getattr(node.operation, "negative_slope", None)
    if given is None:
        return _LEAK if activation_name(node) == "leaky_relu" else 0.0
    return float(np.asarray(given))


def limit(node: Node) -> float | None:
    """Return the value above which a rectifier is flat, None where there is none."""
    if activation_name(node) == "relu6":
        return 6.0
    given = getattr(node.operation, "max_value", None) if node.kind == "ReLU" else None
    given = node.operation.x_max if node.kind == "Clip" else given
    return None if given is None else float(np.asarray(given))


def _cuts_at_zero(node: Node) -> bool:
    """Whether a node is ``maximum(x, 0)`` or ``clip(x, 0, limit)``: a rectifier by another name."""
    if node.kind == "Clip":
        return np.ndim(node.operation.x_min) == 0 and float(node.operation.x_min) == 0.0
    constants = [leaf for leaf in node.arguments[0] if isinstance(leaf, int | float)]
    return node.kind == "Maximum" and constants in ([0], [0.0])
