"""Patterns: the directions in which a layer's inputs vary with each of its outputs, fitted on data."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np

from audit.backend import active
from audit.errors import InputError
from audit.methods.backward import linear
from audit.methods.backward.linear import Linear
from audit.methods.backward.operations import roles_of
from audit.methods.fitted import Learn
from audit.network.network import Network, Node, Params, call, graph_of, sources
from audit.network.rectifier import is_rectifier
from audit.record import record

Array = Any

Estimator = Literal["auto", "linear", "two_component"]

_BATCH = 32  # inputs whose layer outputs are held at a time
_ROUNDING = 1e-6  # a sum that is a smaller share of its terms' sizes is float32's rounding


@record
class Patterned:
    """A layer with weights: the biases and batch normalisations folded into it, and whether a rectifier follows."""

    node: Node
    folded: tuple[Node, ...]
    rectified: bool


@record
class _FittedLayers:
    """The layers of a network whose patterns are fitted, and those of them whose inputs count where y > 0."""

    network: Network
    layers: Mapping[str, Patterned]
    above_zero: frozenset[str]


def patterned(network: Network, method: str) -> Mapping[str, Patterned]:
    """Return the layers that have patterns, by the names of their nodes.

    Raises:
        InputError: operations were not recorded, or one has no rule; a layer's outputs do not share a kernel; there is
            no layer with weights.
    """
    graph, roles = graph_of(network), roles_of(network, method)
    users = linear.only_users(graph)
    layers: dict[str, Patterned] = {}
    for place, folded in linear.foldable(graph, roles).items():
        follower = users.get((place, *folded)[-1])
        layers[graph[place].name] = Patterned(
            node=graph[place],
            folded=tuple(graph[each] for each in folded),
            rectified=follower is not None and _rectifies(graph[follower]),
        )
    _check(layers, network, method)
    return layers


def _rectifies(node: Node) -> bool:
    """Whether outputs above 0 are what gets through: a rectifier, or a softplus, which is a smooth one."""
    name = getattr(getattr(node.operation, "activation", None), "__name__", "")
    return is_rectifier(node) or "softplus" in (name, node.kind.lower())


def _check(layers: Mapping[str, Patterned], network: Network, method: str) -> None:
    uneven = [each.node for each in layers.values() if _is_uneven(each.node)]
    if uneven:
        raise InputError(
            "T191",
            f"`{method}` has no patterns for layers whose outputs use different parts of the kernel",
            where=", ".join(f"{node.layer} ({node.kind})" for node in uneven),
            expected="dense layers, and convolutions that are not transposed",
            fix=f"remove `{method}`, or use `gradient` or `integrated_gradients`, which need no patterns",
        )
    if not layers:
        raise InputError(
            "T192",
            f"`{method}` does not apply: the network has no layer with patterns to fit",
            where=network.name,
            expected="a dense layer or a convolution",
            fix=f"remove `{method}`",
        )


def _is_uneven(node: Node) -> bool:
    return node.kind == "EinsumDense" or node.kind.endswith("Transpose")


def fitting(network: Network, method: str, estimator: Estimator, *, trained: bool) -> Learn:
    """Build what fits the patterns: two passes over the inputs in batches, for the means and then for the moments.

    Both estimators are a = n / (w^T n) with n = sum of x (y - E[y]), over the inputs (and places of a convolution) with
    y > 0 for ``two_component``; for ``linear`` w^T n is their number times var[y]. Where w^T n cannot be distinguished
    from rounding, as for an output that never varies or never exceeds 0, the pattern is 0.

    Args:
        network: the network.
        method: the name of the method, for messages.
        estimator: which estimator; ``auto``: ``two_component`` for outputs that a rectifier follows.
        trained: whether they are those of the network's own parameters, whichever are given.

    Raises:
        InputError: as ``patterned``.
    """
    layers = patterned(network, method)
    above_zero = frozenset(name for name, each in layers.items() if _counts_above_zero(each, estimator))
    fitted = _FittedLayers(network=network, layers=layers, above_zero=above_zero)
    totals = active().compile(partial(_totals, fitted), network.precision)
    moments = active().compile(partial(_moments, fitted), network.precision)

    def fit(params: Params, inputs: np.ndarray) -> Mapping[str, np.ndarray]:
        given = active().to_device(network.params if trained else params)
        sums = _over_batches(partial(totals, given), inputs)
        means = active().to_device({name: np.float32(total / count) for name, (total, count) in sums.items()})
        found = _over_batches(partial(moments, given, means), inputs)
        return {pattern_name(name): _scaled(parts[0], parts[1], layers[name].node) for name, parts in found.items()}

    return fit


def _counts_above_zero(layer: Patterned, estimator: Estimator) -> bool:
    return layer.rectified if estimator == "auto" else estimator == "two_component"


def pattern_name(node: str) -> str:
    """Return the name of a layer's pattern among the params."""
    return f"pattern of {node}"


def as_linear(layer: Patterned, params: Params, x: Array, z: Array) -> Linear:
    """Return a layer with its kernel, what is folded into it included."""
    from keras import ops

    return replace(linear.layer(layer.node, params, x, z, layer.folded), support=ops.ones_like(x[:1]))


def _linears(network: Network, layers: Mapping[str, Patterned], params: Params, x: Array) -> dict[str, Linear]:
    """Return each layer as it sees inputs x (B, ...)."""
    values: dict[int, Array] = {-1: x}
    found: dict[str, Linear] = {}
    for position, node in enumerate(graph_of(network)):
        inputs = tuple(values[ref.node] for ref in sources(node))
        values[position] = call(node, params, inputs)
        if node.name in layers:
            found[node.name] = as_linear(layers[node.name], params, inputs[0], values[position])
    return found


Sums = Mapping[str, tuple[Array, Array]]


def _totals(fitted: _FittedLayers, params: Params, x: Array, counted: Array) -> Sums:
    """Return, for each layer, the sum of each output channel over the counted inputs, and how many were added up."""
    from keras import ops

    found: dict[str, tuple[Array, Array]] = {}
    for name, layer in _linears(fitted.network, fitted.layers, params, x).items():
        y, weight = _outputs(layer, counted)
        axes = _all_but_channels(fitted.layers[name].node, len(y.shape))
        totals = (ops.sum(each, axis=axes, keepdims=True) for each in (y * weight, ops.zeros_like(y) + weight))
        found[name] = next(totals), next(totals)
    return found


def _moments(fitted: _FittedLayers, params: Params, means: Mapping[str, Array], x: Array, counted: Array) -> Sums:
    """Return n and w n for each layer, shaped like its kernel."""
    from keras import ops

    found: dict[str, tuple[Array, Array]] = {}
    for name, layer in _linears(fitted.network, fitted.layers, params, x).items():
        y, weight = _outputs(layer, counted)
        weight = weight * ops.cast(y > 0, "float32") if name in fitted.above_zero else weight
        # Each weight's derivative adds up its inputs times the cotangent, over inputs and places.
        _, pullback = active().vjp(partial(_applied, layer), layer.kernel)
        moment = pullback(weight * (y - means[name]))[0]
        found[name] = moment, layer.kernel * moment
    return found


def _outputs(layer: Linear, counted: Array) -> tuple[Array, Array]:
    """Return y (B, ...) and the weight of each input beside it."""
    from keras import ops

    y = ops.cast(layer.z, "float32")
    return y, ops.reshape(counted, (-1, *(1,) * (len(y.shape) - 1)))


def _applied(layer: Linear, kernel: Array) -> Array:
    from keras import ops

    return ops.cast(layer.apply(kernel, layer.x), "float32")


def _all_but_channels(node: Node, rank: int) -> tuple[int, ...]:
    first = getattr(node.operation, "data_format", "channels_last") == "channels_first"
    return tuple(axis for axis in range(rank) if axis != (1 if first else rank - 1))


def _over_batches(compute: Callable[[np.ndarray, np.ndarray], Sums], inputs: np.ndarray) -> Mapping[str, Any]:
    """Add up, in float64, what batches of one size give; the last is filled with an input that is not counted."""
    result: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def to_float64(part: Array) -> np.ndarray:
        return active().to_numpy(part).astype(np.float64)

    for start in range(0, len(inputs), _BATCH):
        rows = np.arange(start, start + _BATCH)
        found = compute(inputs[np.minimum(rows, len(inputs) - 1)], (rows < len(inputs)).astype(np.float32))
        for name, parts in found.items():
            before = result.get(name, (0.0, 0.0))
            result[name] = before[0] + to_float64(parts[0]), before[1] + to_float64(parts[1])
    return result


def _scaled(moment: np.ndarray, terms: np.ndarray, node: Node) -> np.ndarray:
    """Return n / (w^T n), shaped like the kernel, from n and w n; 0 where the denominator is rounding."""
    outputs = 2 if node.kind.startswith("Depthwise") else 1  # how many of a kernel's last axes count the outputs
    seen = tuple(range(moment.ndim - outputs))
    below, size = terms.sum(axis=seen, keepdims=True), np.abs(terms).sum(axis=seen, keepdims=True)
    known = np.abs(below) > _ROUNDING * size
    return np.where(known, moment / np.where(known, below, 1.0), 0.0).astype(np.float32)
