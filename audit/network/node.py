"""One recorded operation, and what it takes and computes."""

from collections.abc import Mapping
from typing import Any

from audit.record import record


@record
class Node:
    """One recorded operation. ``arguments`` is the call's (args, kwargs) with ``Ref``s in place of tensors."""

    name: str  # unique in the graph
    layer: str  # path of the layer it came from; several nodes share it where a fused activation was split off
    kind: str  # class name of the operation: "Conv2D", "ReLU", "Relu", "Activation", "Add", ...
    operation: Any  # a Keras layer (stateless) or operation
    arguments: tuple[tuple[Any, ...], Mapping[str, Any]]
    variables: tuple[str, ...]  # keys into Params, in the order of the operation's variables
    shape: tuple[int | None, ...]  # of the output, batch first
    stream: int = 0  # its place among the operations with random generators, so that no two draw the same numbers


@record
class Ref:
    """A reference to a node's output; -1 is the network's input."""

    node: int


_ACTIVATIONS = {
    **{"ReLU": "relu", "Relu": "relu", "Relu6": "relu6", "LeakyReLU": "leaky_relu", "LeakyRelu": "leaky_relu"},
    **{"PReLU": "prelu", "Softmax": "softmax", "Sigmoid": "sigmoid"},
}
"""The activation that a layer or operation of a class computes."""


def sources(node: Node) -> tuple[Ref, ...]:
    """Return the references among a node's arguments, one per input, in the order in which ``call`` takes them."""
    import keras

    return tuple(leaf for leaf in keras.tree.flatten(node.arguments) if isinstance(leaf, Ref))


def activation_name(node: Node) -> str:
    """Return the activation that a node computes, in snake case ("relu", "leaky_relu", ...), or an empty string."""
    if node.kind == "Activation":
        activation = node.operation.activation
        return getattr(activation, "__name__", "") or _ACTIVATIONS.get(type(activation).__name__, "")
    return _ACTIVATIONS.get(node.kind, "")
