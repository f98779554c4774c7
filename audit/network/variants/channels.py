"""Where channels run from one linear layer to the next with nothing else looking: there they may be renamed or scaled.

Channels are the last axis throughout; behind a Flatten they repeat, once for each position.
"""

from collections.abc import Callable

import keras
import numpy as np

from audit.network.network import Network, Node, graph_of, sources
from audit.network.node import activation_name
from audit.network.variants.edit import held
from audit.record import record

_LINEAR = ("Dense", "Conv1D", "Conv2D", "Conv3D")

_KEEPS = frozenset(
    f"{kind}{rank}D"
    for kind in ("MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling")
    + ("ZeroPadding", "Cropping", "UpSampling", "SpatialDropout")
    for rank in (1, 2, 3)
) | {"Dropout", "GaussianDropout", "GaussianNoise", "Identity", "ActivityRegularization", "Flatten"}
"""Operations that treat every channel alike, and that positive factors of a channel pass through unchanged."""


@record
class Path:
    """The way of ``channels`` channels from the layer that produces them to the linear layer that reads them."""

    produced: tuple[str, ...]  # parameters of the producer whose last axis is the channels
    between: tuple[Node, ...]
    carried: tuple[str, ...]  # parameters, one per channel, of normalisations on the way
    kernel: str  # of the reader, its last but one axis is the channels, repeated behind a Flatten
    kernel_inputs: int  # the length of that axis
    channels: int


def paths(network: Network, passes: Callable[[Node], bool], *, through_normalisation: bool = False) -> list[Path]:
    """Return every path of channels through operations that treat all channels alike.

    Args:
        network: with recorded operations.
        passes: whether channels may run through an activation.
        through_normalisation: whether a batch normalisation stands on the way; otherwise it is a producer itself.
    """
    found = (_path(network, start, passes, through_normalisation) for start in range(len(graph_of(network))))
    return [path for path in found if path is not None]


def _path(network: Network, start: int, passes: Callable[[Node], bool], through_normalisation: bool) -> Path | None:
    graph, consumers = graph_of(network), users(network)
    produced = _produced(network, graph[start], through_normalisation)
    position, between, carried = start, [], []
    while produced and len(consumers[position]) == 1:
        position = consumers[position][0]
        node = graph[position]
        if is_linear(network, node):
            kernel = held(node)["kernel"]
            return Path(
                produced=produced,
                between=tuple(between),
                carried=tuple(carried),
                kernel=kernel,
                kernel_inputs=network.params[kernel].shape[-2],
                channels=network.params[produced[0]].shape[-1],
            )
        flat = any(each.kind == "Flatten" for each in between)
        normalises = through_normalisation and not flat and is_normalisation(network, node)
        if not (normalises or _keeps(node) or passes(node)):
            return None
        carried += held(node).values() if normalises else ()
        between.append(node)
    return None


def _produced(network: Network, node: Node, through_normalisation: bool) -> tuple[str, ...]:
    """Return the parameters that scale or order a node's channels; nothing where they cannot."""
    if is_linear(network, node):
        return tuple(held(node).values())
    if through_normalisation or not is_normalisation(network, node):
        return ()
    own = held(node)
    return (own["gamma"], own["beta"]) if {"gamma", "beta"} <= set(own) else ()


def _keeps(node: Node) -> bool:
    return node.kind in _KEEPS or activation_name(node) == "linear"


def users(network: Network) -> list[list[int]]:
    """Return, for each node, the positions of the nodes that take its output, each as often as it does."""
    graph = graph_of(network)
    found: list[list[int]] = [[] for _ in graph]
    for position, node in enumerate(graph):
        for ref in sources(node):
            if ref.node >= 0:
                found[ref.node].append(position)
    return found


def is_linear(network: Network, node: Node) -> bool:
    """Whether a node is a dense layer or an ungrouped convolution, Keras's own, whose weights are used once."""
    plain = type(node.operation) in tuple(getattr(keras.layers, name) for name in _LINEAR)
    return plain and getattr(node.operation, "groups", 1) == 1 and _used_once(network, node)


def is_normalisation(network: Network, node: Node) -> bool:
    """Whether a node is a batch normalisation of the last axis whose weights are used once."""
    plain = type(node.operation) is keras.layers.BatchNormalization
    return plain and node.operation.axis in (-1, len(node.shape) - 1) and _used_once(network, node)


def _used_once(network: Network, node: Node) -> bool:
    calls = sum(not set(node.variables).isdisjoint(other.variables) for other in graph_of(network))
    return calls == 1


def spread(order: np.ndarray, inputs: int) -> np.ndarray:
    """Return an order of channels as one of a reader's inputs, where they repeat once for each position."""
    blocks = np.arange(inputs) // len(order) * len(order)
    return blocks + np.tile(order, inputs // len(order))
