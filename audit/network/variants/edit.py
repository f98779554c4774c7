"""Builds a network out of another one's recorded operations: pieces put in place of nodes, or attached to them.

Nothing here is trained or measured; the audited network and its model stay as they are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from audit.network.loading.canonical import record_operations
from audit.network.network import Array, Network, Node, Params, Ref, graph_of, replay, sources, weights
from audit.network.params import graph_stages
from audit.record import record


@record
class Piece:
    """Operations of one input, ``Ref(-1)``, the last of which gives the output; none at all: the input itself."""

    nodes: tuple[Node, ...] = ()
    params: Mapping[str, np.ndarray] = field(default_factory=dict)


def piece(
    build: Callable[[Any], Any],
    shape: Sequence[int | None],
    *,
    layer: str,
    values: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> Piece:
    """Record Keras operations as a piece.

    Args:
        build: from a symbolic tensor to a symbolic tensor; its layers must be new ones.
        shape: of the input, batch first.
        layer: the path under which the operations stand; their weights are ``layer/name``.
        values: of the weights, by their names without ``layer/`` ("kernel", or "mix/kernel" for a layer named "mix").
    """
    point = keras.Input(tuple(shape[1:]))
    model = keras.Model(point, build(point))
    given = {id(weight): _matching(weight.path, values) for weight in model.weights}
    nodes = record_operations(model, {identity: f"{layer}/{name}" for identity, name in given.items()}) or ()
    placed = [replace(node, name=f"{layer}/{node.name}", layer=layer) for node in nodes]
    params = {f"{layer}/{name}": np.asarray(values[name]) for name in given.values()}
    return Piece(nodes=tuple(placed), params=params)


def _matching(path: str, values: Mapping[str, np.ndarray]) -> str:
    return next(name for name in values if f"/{path}".endswith(f"/{name}"))


def attach(nodes: list[Node], added: Piece, source: Ref) -> Ref:
    """Append a piece to nodes, fed by ``source``; return its output."""
    places = {-1: source.node}
    for position, node in enumerate(added.nodes):
        places[position] = len(nodes)
        nodes.append(_rewired(node, places))
    return Ref(node=places[len(added.nodes) - 1])


def substitute(
    network: Network,
    *,
    instead: Mapping[int, Piece] = MappingProxyType({}),
    after: Mapping[int, Piece] = MappingProxyType({}),
    params: Params = MappingProxyType({}),
) -> Network:
    """Change a network with recorded operations.

    Args:
        network: it stays as it is.
        instead: a piece in place of a node, by position; only for a node of one input.
        after: a piece that a node's output passes through before anything else sees it.
        params: other values for parameters that stay.
    """
    nodes: list[Node] = []
    places = {-1: -1}
    for position, node in enumerate(graph_of(network)):
        if position in instead:
            (source,) = {ref.node for ref in sources(node)}
            places[position] = attach(nodes, instead[position], Ref(node=places[source])).node
        else:
            places[position] = len(nodes)
            nodes.append(_rewired(node, places))
        if position in after:
            places[position] = attach(nodes, after[position], Ref(node=places[position])).node
    added = {name: value for each in (*instead.values(), *after.values()) for name, value in each.params.items()}
    return edited(network, nodes, {**network.params, **params, **added})


def _rewired(node: Node, places: Mapping[int, int]) -> Node:
    def moved(leaf: Any) -> Any:
        return Ref(node=places[leaf.node]) if isinstance(leaf, Ref) else leaf

    return replace(node, arguments=keras.tree.map_structure(moved, node.arguments))


def edited(network: Network, nodes: Sequence[Node], params: Params, **fields: Any) -> Network:
    """Return a network of other operations and parameters; those that no operation uses are left out."""
    names = dict.fromkeys(name for node in nodes for name in node.variables)
    trained = {name for stage in network.stages for name in stage.variables}
    learned = frozenset(name for name in names if name in trained or name not in network.params)
    made = replace(
        network,
        graph=tuple(nodes),
        params=MappingProxyType({name: _frozen(params[name]) for name in names}),
        stages=graph_stages(nodes, learned),
        initializers={name: each for name, each in network.initializers.items() if name in names},
        added=tuple(names),
        rebuild=None,
        **fields,
    )

    def apply(params: Params, x: Array) -> Array:
        return replay(made, params, x)

    return replace(made, apply=apply)


def _frozen(value: Any) -> np.ndarray:
    given = np.asarray(value)
    array = np.array(given, given.dtype if given.dtype == np.float64 else np.float32)
    array.flags.writeable = False
    return array


def held(node: Node) -> dict[str, str]:
    """Return the names of a node's parameters by what the layer calls them: "kernel", "bias", "gamma" and so on."""
    return {weight.name: name for weight, name in zip(weights(node.operation), node.variables, strict=True)}
