"""Walks the recorded operations backwards; what happens at each is a rule, and the default is calculus.

Rules belong to the method and are never written into the model: re-drawing or loading a model cannot lose them.
"""

from collections.abc import Callable, Mapping
from typing import Any

from audit.errors import InputError
from audit.network.network import Network, Node, Params, call, graph_of, sources
from audit.network.rectifier import is_rectifier

Array = Any

Rule = Callable[[Node, Params, tuple[Array, ...], Array, Array], tuple[Array, ...]]
"""``(node, params, inputs, output, relevance) -> one relevance per input``; ``relevance`` has the output's shape."""

Applies = str | Callable[[Node], bool]
"""The kind of the nodes that a rule is for, or a question to ask of each."""


def propagate(network: Network, rules: Mapping[Applies, Rule]) -> Callable[[Params, Array, Array], Array]:
    """Build the function ``(params, x (B, ...), target (B,)) -> relevance at the input (B, ...)``.

    Relevance starts as 1 at the target's logit and 0 elsewhere. A node without a rule passes it on by its
    vector-Jacobian product, so that no rules at all give the gradient; a node that feeds several others receives the
    sum of what they pass back. The first rule that applies to a node is taken, in the mapping's order.

    Raises:
        InputError: the network's operations were not recorded.
    """
    import keras

    graph = graph_of(network)
    chosen = [_rule(rules, node) for node in graph]

    def relevance_at_input(params: Params, x: Array, target: Array) -> Array:
        values, backward = _forward(graph, chosen, params, x)
        start = keras.ops.one_hot(target, network.classes, dtype="float32")
        received: dict[int, Array] = {len(graph) - 1: start}
        for position in reversed(range(len(graph))):
            if position in received:
                for place, part in backward[position](received.pop(position)).items():
                    received[place] = received[place] + part if place in received else part
        return received.get(-1, keras.ops.zeros_like(values[-1]))

    return relevance_at_input


def _rule(rules: Mapping[Applies, Rule], node: Node) -> Rule | None:
    for applies, rule in rules.items():
        if node.kind == applies or (callable(applies) and applies(node)):
            return rule
    return None


Backward = Callable[[Array], Mapping[int, Array]]
"""Relevance of a node's output -> relevance of each real-valued input, by position."""


def _forward(graph: tuple[Node, ...], chosen: list[Rule | None], params: Params, x: Array) -> Any:
    """Compute every node and keep, for each, the way back."""
    import keras

    values: dict[int, Array] = {-1: keras.ops.convert_to_tensor(x, dtype="float32")}
    backward: dict[int, Backward] = {}
    for position, node in enumerate(graph):
        inputs = tuple(values[ref.node] for ref in sources(node))
        step = (
            _by_calculus(node, params, inputs)
            if chosen[position] is None
            else _by_rule(chosen[position], node, params, inputs)
        )
        values[position], backward[position] = step
    return values, backward


def _by_rule(rule: Any, node: Node, params: Params, inputs: tuple[Array, ...]) -> tuple[Array, Backward]:
    output = call(node, params, inputs)

    def backward(relevance: Array) -> Mapping[int, Array]:
        return _summed(node, range(len(inputs)), rule(node, params, inputs, output, relevance))

    return output, backward


def _by_calculus(node: Node, params: Params, inputs: tuple[Array, ...]) -> tuple[Array, Backward]:
    from audit.backend import active

    real = [place for place, value in enumerate(inputs) if _is_real(value)]

    def function(*varied: Array) -> Array:
        replaced = dict(zip(real, varied, strict=True))
        return call(node, params, tuple(replaced.get(place, value) for place, value in enumerate(inputs)))

    output, pullback = active().vjp(function, *(inputs[place] for place in real))

    def backward(relevance: Array) -> Mapping[int, Array]:
        return _summed(node, real, pullback(relevance)) if _is_real(output) else {}

    return output, backward


def _summed(node: Node, places: Any, parts: tuple[Array, ...]) -> Mapping[int, Array]:
    """Add up what an operation passes back to a node that it takes as several of its inputs."""
    refs, total = sources(node), {}
    for place, part in zip(places, parts, strict=True):
        key = refs[place].node
        total[key] = total[key] + part if key in total else part
    return total


def _is_real(value: Array) -> bool:
    import keras

    return keras.backend.is_float_dtype(keras.backend.standardize_dtype(value.dtype))


def is_opaque(node: Node) -> bool:
    """Whether a node may hide a rectifier: code that is neither Keras's nor this package's, or a layer with one."""
    if is_rectifier(node):
        return False
    operation = getattr(node.operation, "operation", node.operation)
    inside = operation._flatten_layers(include_self=False) if hasattr(operation, "_flatten_layers") else []
    return any(is_foreign(layer) or _rectifies(layer) for layer in (operation, *inside))


def _rectifies(layer: Any) -> bool:
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    return type(layer).__name__ in ("ReLU", "LeakyReLU", "PReLU") or name in ("relu", "relu6", "leaky_relu")


def is_foreign(operation: Any) -> bool:
    """Whether an operation, or the activation inside it, is code that is neither Keras's nor this package's."""
    operation = getattr(operation, "operation", operation)
    activation = getattr(operation, "activation", None)
    modules = [type(operation).__module__, getattr(activation, "__module__", None) or "keras"]
    return any(module.partition(".")[0] not in ("keras", "audit") for module in modules)


def check_rectifiers(network: Network, method: str) -> None:
    """Refuse what a method that has a rule for rectifiers alone would silently show as a plain gradient.

    Raises:
        InputError: the model is subclassed, has no rectifier, or hides operations that may be rectifiers.
    """
    nodes = graph_of(network)
    hidden = [node.layer for node in nodes if is_opaque(node)]
    if hidden:
        raise InputError(
            "T012",
            f"`{method}` cannot inspect every layer of the network",
            where=", ".join(hidden),
            expected="Keras layers and operations whose ReLUs can be found",
            fix=f"build these layers from Keras layers with the Functional API, or remove `{method}`",
        )
    if not any(is_rectifier(node) for node in nodes):
        raise InputError(
            "T013",
            f"`{method}` does not apply: the network has no ReLU, so the method would equal the gradient",
            where=network.name,
            expected="a ReLU, ReLU6, leaky or parametric ReLU",
            received=", ".join(sorted({node.kind for node in nodes})),
            fix=f"remove `{method}` from `methods`; `gradient` gives the same map",
        )
