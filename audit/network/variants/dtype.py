"""The same network computing in another precision: float32 goes in and comes out, all between is cast.

Every layer is built again with the other data type, and keeps its float32 parameters: only the arithmetic changes.
Nothing falls back in silence: the type of every result is looked at before the network is handed out.
"""

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from audit.backend import active
from audit.errors import AuditError, InputError
from audit.network.loading.canonical import OneOutput
from audit.network.loading.state import copy_assets
from audit.network.network import Network, Node, Ref, call, graph_of, sources
from audit.network.variants.edit import Piece, attach, edited, piece
from audit.record import Explained, Variant


def float64(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Return the network computing in double precision."""
    return Variant(network=cast(network, "float64"), explained=explained)


def bfloat16(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Return the network computing with eight significant bits."""
    return Variant(network=cast(network, "bfloat16"), explained=explained)


def cast(network: Network, precision: str) -> Network:
    """Return a network whose operations compute in ``precision``, forwards and backwards.

    Raises:
        InputError: its operations were not recorded, or one of them cannot be computed in that precision.
    """
    graph = graph_of(network)
    with active().computing(precision):
        try:
            made = _cast(network, graph, precision)
            _check(made)
        except AuditError:
            raise
        except Exception as error:  # layers of the user's, and kernels that a device lacks, fail in many ways
            raise InputError(
                "M065",
                f"the network cannot be computed in {precision} here: {type(error).__name__}",
                where=network.name,
                received=str(error)[:300],
            ) from error
    return made


def _cast(network: Network, graph: tuple[Node, ...], precision: str) -> Network:
    rebuilt: dict[int, Any] = {}  # a shared layer stays one layer
    nodes: list[Node] = []
    shape = (None, *network.input_shape)
    first = attach(nodes, _conversion(shape, "float32", precision), Ref(node=-1)).node
    for node in graph:
        moved = keras.tree.map_structure(lambda leaf: _later(leaf, first), node.arguments)
        operation = _once(rebuilt, node.operation, precision)
        nodes.append(replace(node, operation=operation, arguments=moved))
    attach(nodes, _conversion(graph[-1].shape, precision, "float32"), Ref(node=len(nodes) - 1))
    return edited(network, nodes, network.params, precision=precision)


def _once(rebuilt: dict[int, Any], operation: Any, precision: str) -> Any:
    if id(operation) not in rebuilt:
        rebuilt[id(operation)] = _operation(operation, precision)
    return rebuilt[id(operation)]


def _later(leaf: Any, first: int) -> Any:
    return Ref(node=leaf.node + 1 + first) if isinstance(leaf, Ref) else leaf


def _conversion(shape: tuple[int | None, ...], before: str, after: str) -> Piece:
    return piece(lambda x: keras.ops.cast(x, after), shape, layer=f"from_{before}_to_{after}")


def _operation(operation: Any, precision: str) -> Any:
    """Return a layer built anew in another precision; other operations compute in that of their inputs."""
    if isinstance(operation, OneOutput):
        return OneOutput(_operation(operation.operation, precision), operation.place)
    if not isinstance(operation, keras.Layer):
        return operation
    layer = type(operation).from_config({**operation.get_config(), "dtype": precision})
    if operation.get_build_config():
        layer.build_from_config(operation.get_build_config())
    copy_assets(operation, layer)
    return layer


def _check(network: Network) -> None:
    """Compute one input forwards and backwards, and look at the type of every result.

    Raises:
        InputError: a result is of another type.
    """
    graph, backend = graph_of(network), active()
    blank = np.zeros((1, *network.input_shape), np.float32)
    values: dict[int, Any] = {-1: keras.ops.convert_to_tensor(blank)}
    for position, node in enumerate(graph):
        values[position] = call(node, network.params, tuple(values[ref.node] for ref in sources(node)))
        found = keras.backend.standardize_dtype(values[position].dtype)
        inside = position < len(graph) - 1 and keras.backend.is_float_dtype(found)
        if inside and found != network.precision:
            raise InputError(
                "M066",
                f"the network cannot be computed in {network.precision}: `{node.layer}` gives {found}",
                where=network.name,
                expected="layers that compute in the precision of their inputs",
            )
    logits, pullback = backend.vjp(lambda x: network.apply(network.params, x), values[-1])
    pullback(keras.ops.ones_like(logits))
