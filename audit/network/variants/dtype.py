"""The same network computing in another precision: float32 goes in and comes out, all between is cast.

Every layer is built again with the other data type, and keeps its parameters: only the arithmetic changes.
Nothing falls back in silence: the type of every result is looked at before the network is handed out.
"""

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from audit.backend import active
from audit.errors import AuditError, InputError
from audit.network.kinks import chooses
from audit.network.loading.canonical import OneOutput
from audit.network.loading.state import copy_assets
from audit.network.network import Network, Node, Params, Ref, call, graph_of, sources
from audit.network.rectifier import is_rectifier
from audit.network.variants.edit import Piece, attach, edited, piece
from audit.record import Explained, Variant

_BELOW_FLOAT32 = 1e-10
_MOST = 0.1  # of the results change, or it is a step; where float32 is computed within, one in 600 does


def same(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Return the network itself, to be asked for in another precision."""
    return Variant(network=network, explained=explained)


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
    held = {
        name: value.astype(np.float64) if precision == "float64" else value for name, value in network.params.items()
    }
    return edited(network, nodes, held, precision=precision)


def _once(rebuilt: dict[int, Any], operation: Any, precision: str) -> Any:
    if id(operation) not in rebuilt:
        rebuilt[id(operation)] = in_precision(operation, precision)
    return rebuilt[id(operation)]


def _later(leaf: Any, first: int) -> Any:
    return Ref(node=leaf.node + 1 + first) if isinstance(leaf, Ref) else leaf


def _conversion(shape: tuple[int | None, ...], before: str, after: str) -> Piece:
    return piece(lambda x: keras.ops.cast(x, after), shape, layer=f"from_{before}_to_{after}")


def in_precision(operation: Any, precision: str) -> Any:
    """Return a layer built anew in another precision; other operations compute in that of their inputs."""
    if isinstance(operation, OneOutput):
        return OneOutput(in_precision(operation.operation, precision), operation.place)
    if not isinstance(operation, keras.Layer):
        return operation
    kind = WideBatchNormalization if type(operation) is keras.layers.BatchNormalization else type(operation)
    layer = kind.from_config({**operation.get_config(), "dtype": precision})
    if operation.get_build_config():
        layer.build_from_config(operation.get_build_config())
    copy_assets(operation, layer)
    return layer


class WideBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation as it answers, in the precision of its inputs: on JAX Keras takes float32 at most."""

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Return the inputs (B, ...) normalised by the moving statistics."""
        shape = [1] * len(inputs.shape)
        shape[self.axis] = inputs.shape[self.axis]
        scale = keras.ops.rsqrt(self.moving_variance.value + self.epsilon)
        scale = scale * self.gamma.value if self.scale else scale
        shift = self.beta.value - self.moving_mean.value * scale if self.center else -self.moving_mean.value * scale
        return inputs * keras.ops.reshape(scale, shape) + keras.ops.reshape(shift, shape)


def wide(network: Network) -> Network:
    """Return a network that computes in float64 whatever a rectifier or a maximum may turn on or off.

    Some operations compute in float32 within and hand on float64: on JAX those of Keras that take means, such as layer
    normalisation. Behind the last kink that costs a rounding; before it, a step.

    Raises:
        InputError: it cannot be computed so.
    """
    made = cast(network, "float64")
    with active().computing("float64"):
        narrow = _narrow(made)
    if narrow:
        raise InputError(
            "M067",
            f"the network cannot be computed in float64 throughout: `{narrow}` computes in float32 within",
            where=network.name,
            expected="layers that compute in the precision of their inputs",
        )
    return made


def _narrow(network: Network) -> str | None:
    """Return the first layer before the last kink that does not see a difference below float32's."""
    graph = graph_of(network)
    example = np.random.default_rng(0).random((1, *network.input_shape), np.float32)
    values: dict[int, Any] = {-1: keras.ops.convert_to_tensor(example)}
    seen = _before_kinks(graph)
    for position, node in enumerate(graph):
        given = tuple(values[ref.node] for ref in sources(node))
        values[position] = call(node, network.params, given)
        if position in seen and not _sees(node, network.params, given, values[position]):
            return node.layer
    return None


def _before_kinks(graph: tuple[Node, ...]) -> frozenset[int]:
    """Return the nodes at or before one that may bend."""
    found = {position for position, node in enumerate(graph) if _may_bend(node)}
    for position in reversed(range(len(graph))):
        if position in found:
            found |= {ref.node for ref in sources(graph[position])}
    return frozenset(found)


def _may_bend(node: Node) -> bool:
    own = getattr(node.operation, "operation", node.operation)
    return is_rectifier(node) or chooses(node) or type(own).__module__.partition(".")[0] not in ("keras", "audit")


def _sees(node: Node, params: Params, given: tuple[Any, ...], output: Any) -> bool:
    """Return whether a difference of the inputs that float32 does not hold changes an operation's results."""
    if not all(keras.backend.standardize_dtype(each.dtype) == "float64" for each in (*given, output)):
        return True
    moved = active().to_numpy(call(node, params, tuple(each * (1 + _BELOW_FLOAT32) for each in given)))
    before = active().to_numpy(output)
    return not before.any() or bool((moved != before)[before != 0].mean() > _MOST)


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
