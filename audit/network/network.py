"""A network: stages, a pure function from parameters and inputs to logits, and its recorded operations."""

from collections.abc import Callable, Mapping
from typing import Any

from audit.record import record

Array = Any
Params = Mapping[str, Array]
"""Immutable mapping from a unique variable name to its array, in graph order (input to output)."""


@record
class Stage:
    """Trainable variables that are re-drawn together: one layer that holds weights, batch normalisation joined."""

    name: str
    variables: tuple[str, ...]


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


@record
class Ref:
    """A reference to a node's output; -1 is the network's input."""

    node: int


@record
class Network:
    """The audited model. ``apply`` gives logits; ``graph`` is None for a subclassed model."""

    name: str
    input_shape: tuple[int, ...]
    classes: int
    stages: tuple[Stage, ...]  # output to input
    params: Params  # as trained, NumPy float32
    apply: Callable[[Params, Array], Array]  # (params, x (B, ...)) -> logits (B, K)
    graph: tuple[Node, ...] | None
    head: str  # what was done to the output, in words
