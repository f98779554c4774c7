"""A network: stages, a pure function from parameters and inputs to logits, and its recorded operations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from difflib import get_close_matches
from typing import Any

from audit.backend import active
from audit.errors import InputError
from audit.network.kinks import settled
from audit.network.node import Node as Node
from audit.network.node import Ref as Ref
from audit.network.node import sources as sources
from audit.network.random_states import Given, Key, stateless
from audit.record import record

Array = Any
Params = Mapping[str, Array]
"""Immutable mapping from a unique variable name to its array, in graph order (input to output)."""


@record
class Stage:
    """Trainable variables that are re-drawn together: one layer that holds weights, normalisations joined."""

    name: str
    variables: tuple[str, ...]
    statistics: tuple[tuple[str, str], ...] = ()  # (moving mean, moving variance) of its batch normalisations


@record
class Network:
    """The audited model. ``apply`` gives logits; ``graph`` is None for a subclassed model."""

    name: str
    input_shape: tuple[int, ...]
    classes: int
    stages: tuple[Stage, ...]  # output to input
    params: Params  # as trained, NumPy float32; of a variant in float64, some computed in that precision
    apply: Callable[[Params, Array], Array]  # (params, x (B, ...)) -> logits (B, K)
    graph: tuple[Node, ...] | None  # the last node gives the logits
    head: str  # what was done to the output, in words
    initializers: Mapping[str, Any] = field(default_factory=dict)  # variable -> its own Keras initializer, where known
    added: tuple[str, ...] = ()  # the names of params in the order in which the model's layers were added
    rebuild: Callable[[], Any] | None = None  # the audited model anew: a keras.Model, its head on, with fresh weights
    restore: Callable[[Any], None] = lambda model: None  # gives a rebuilt model all that the audited one holds
    origin: Array = 0.0  # where the data's zero lies in the input space, () or (1, ...): baselines count from there
    columns: tuple[str, ...] = ()  # the names of a row's columns, where the model takes them by name
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the words of a column's codes, by place
    precision: str = "float32"  # what its operations compute in; what goes in and comes out is float32
    draws: tuple[Key, ...] = ()  # over which its answers and maps are averaged; none where it draws nothing
    model: Any = None  # the Keras model that it was made from


_SUMS = ("Add", "Average")  # both by ``keras.ops.add``


def call(node: Node, params: Params, inputs: tuple[Array, ...]) -> Array:
    """Compute one recorded operation on other inputs or other parameters; pure."""
    import keras

    def compute(*given: Array) -> Array:
        return _compute(node, params, given)

    real = all(keras.backend.is_float_dtype(keras.backend.standardize_dtype(value.dtype)) for value in inputs)
    return (settled(node, compute) if real else compute)(*inputs)


def _compute(node: Node, params: Params, inputs: tuple[Array, ...]) -> Array:
    mixes = _may_mix(node, inputs)
    values = tuple(zip(weights(node.operation), (params[name] for name in node.variables), strict=True))
    tensors = tuple(map(active().any_batch, inputs)) if mixes else inputs
    output = stateless(node.operation, filled(node), tensors, Given(values=values, params=params), node.stream)
    return active().same_batch(output, inputs[0]) if mixes else output


def filled(node: Node) -> Callable[..., Array]:
    """Return an operation as a function of its inputs, whatever else it is called with filled in."""
    import keras

    def compute(*inputs: Array) -> Array:
        given = iter(inputs)
        leaves = [next(given) if isinstance(leaf, Ref) else leaf for leaf in keras.tree.flatten(node.arguments)]
        args, kwargs = keras.tree.pack_sequence_as(node.arguments, leaves)
        return node.operation(*args, **kwargs)

    return compute


def _may_mix(node: Node, inputs: tuple[Array, ...]) -> bool:
    """Whether an operation may take the batch for another axis: a sum of unlike shapes, or code that is not Keras's."""
    if node.kind in _SUMS:
        return len({tuple(value.shape[1:]) for value in inputs}) > 1
    return type(node.operation).__module__.partition(".")[0] not in ("keras", "audit")


def weights(operation: Any) -> list[Any]:
    """Return an operation's floating-point weights (random states and counters are no parameters)."""
    return [weight for weight in getattr(operation, "weights", ()) if "float" in weight.dtype]


def replay(
    network: Network,
    params: Params,
    x: Array,
    *,
    override: Mapping[int, Array] | None = None,
    until: int | None = None,
) -> Array:
    """Compute the recorded operations that a node's output depends on, and return that output.

    Args:
        network: a network with a graph.
        params: parameters by name.
        x: inputs (B, ...).
        override: outputs of nodes (by position) that are given, not computed; nothing above them is computed either.
        until: position of the node whose output is wanted; the logits if None.
    """
    goal = len(graph_of(network)) - 1 if until is None else until
    return replay_all(network, params, x, (goal,), override=override)[0]


def replay_all(
    network: Network,
    params: Params,
    x: Array,
    until: Sequence[int],
    *,
    override: Mapping[int, Array] | None = None,
) -> tuple[Array, ...]:
    """Compute the outputs of several nodes, by position (-1 is the input), each operation once; see ``replay``."""
    import keras

    graph = graph_of(network)
    values = {-1: keras.ops.convert_to_tensor(x, dtype="float32"), **(override or {})}
    for position in _needed(graph, until, frozenset(values)):
        node = graph[position]
        values[position] = call(node, params, tuple(values[ref.node] for ref in sources(node)))
    return tuple(values[position] for position in until)


def _needed(graph: tuple[Node, ...], goals: Sequence[int], given: frozenset[int]) -> list[int]:
    """Return the positions to compute, in graph order, so that the goals are known."""
    needed, waiting = set[int](), list(goals)
    while waiting:
        position = waiting.pop()
        if position not in given and position not in needed:
            needed.add(position)
            waiting += [ref.node for ref in sources(graph[position])]
    return sorted(needed)


def score(network: Network, params: Params, x: Array, target: Array) -> Array:
    """Return the explained logits (B,): of class ``target`` (B,) for each input."""
    import keras

    logits = network.apply(params, x)
    return keras.ops.sum(logits * keras.ops.one_hot(target, network.classes, dtype="float32"), axis=-1)


Trunk = Callable[[Params, Array], Array]
Head = Callable[[Params, Array, Array], Array]


def tap(network: Network, layer: str) -> tuple[Trunk, Head]:
    """Split the network at a layer's output, its activation included (the last call of a shared layer).

    Returns:
        ``trunk(params, x) -> activation`` and ``head(params, x, activation) -> logits``, which computes nothing above
        the layer, except for connections that pass it by.

    Raises:
        InputError: the network has no graph or no such layer; the message names the nearest.
    """
    position = find_layer(network, layer)

    def trunk(params: Params, x: Array) -> Array:
        return replay(network, params, x, until=position)

    def head(params: Params, x: Array, activation: Array) -> Array:
        return replay(network, params, x, override={position: activation})

    return trunk, head


def find_layer(network: Network, layer: str) -> int:
    """Return the position of a layer's output: by its path, or by the last part of it where that is unique.

    Raises:
        InputError: the network has no graph or no such layer; the message names the nearest.
    """
    graph = graph_of(network)
    paths = {node.layer: position for position, node in enumerate(graph)}
    ends = [path for path in paths if path.rsplit("/", 1)[-1] == layer]
    if layer in paths or len(ends) == 1:
        return paths[layer if layer in paths else ends[0]]
    near = get_close_matches(layer, list(paths), n=1, cutoff=0.0)
    raise InputError(
        "M011",
        f"the network has no layer `{layer}`",
        where=network.name,
        expected="one of its layers: " + ", ".join(paths),
        received=layer,
        fix=f"did you mean `{(ends or near)[0]}`?",
    )


def spatial_layers(network: Network) -> tuple[str, ...]:
    """Return the layers whose output is a stack of images (B, H, W, C), in graph order, each once."""
    return tuple(dict.fromkeys(node.layer for node in graph_of(network) if len(node.shape) == 4))


def graph_of(network: Network) -> tuple[Node, ...]:
    """Return the recorded operations.

    Raises:
        InputError: the model is subclassed, so its operations could not be recorded.
    """
    if network.graph is None:
        raise InputError(
            "M012",
            "cannot record the model's operations",
            where=network.name,
            expected="a Sequential or Functional Keras model",
            received="a subclassed model",
            fix="rebuild it with the Functional API, or use methods that do not need the model's layers",
        )
    return network.graph
