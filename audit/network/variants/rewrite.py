"""The same function, written as another network: five rewrites of the recorded operations, exact but for rounding.

Each changes every place of the network where it applies, and is refused where it applies nowhere. What is rewritten:
Keras's own dense layers and ungrouped convolutions whose weights are used once.
"""

from typing import Any

import keras
import numpy as np

from audit.errors import InputError
from audit.network.network import Network, Node, Ref, graph_of, sources
from audit.network.node import activation_name
from audit.network.variants.channels import Path, is_linear, is_normalisation, paths, spread, users
from audit.network.variants.edit import Piece, attach, edited, held, piece, substitute
from audit.record import Explained, Variant

_TWINS = 4  # pairs of hidden units of the dead branch


def batch_norm_folded(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Fold each batch normalisation into the linear layer before it, where nothing else sees that layer."""
    graph, consumers, pieces = graph_of(network), users(network), {}
    for position, node in enumerate(graph):
        before = sources(node)[0].node if is_normalisation(network, node) else -1
        if before >= 0 and is_linear(network, graph[before]) and consumers[before] == [position]:
            pieces |= {before: _folded(network, graph[before], node), position: Piece()}
    message = "no batch normalisation directly follows a dense or convolutional layer with no other use"
    return _variant(substitute(network, instead=pieces), explained, pieces, message)


def relu_rescaled(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Multiply the channels before a rectifier by positive powers of two, and divide them behind it."""
    generator, params = np.random.default_rng(seed), dict(network.params)
    found = [path for path in paths(network, _scales) if any(map(_is_rectifier, path.between))]
    for path in found:
        factors = 2.0 ** generator.choice([-2, -1, 1, 2], path.channels)
        for name in path.produced:
            params[name] = params[name] * factors
        params[path.kernel] = params[path.kernel] / _along_inputs(path, factors)
    message = "no ReLU lies between two dense or convolutional layers without other connections"
    return _variant(substitute(network, params=params), explained, found, message)


def channels_permuted(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Put the channels between two linear layers in another order."""
    generator, params = np.random.default_rng(seed), dict(network.params)
    found = [path for path in paths(network, _permutes, through_normalisation=True) if path.channels > 1]
    for path in found:
        order = _derangement(generator, path.channels)
        for name in (*path.produced, *path.carried):
            params[name] = params[name][..., order]
        rows = spread(order, path.kernel_inputs)
        params[path.kernel] = np.take(params[path.kernel], rows, axis=-2)
    message = "no channels connect one dense or convolutional layer to another without other uses"
    return _variant(substitute(network, params=params), explained, found, message)


def linear_split(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Split linear layers in two: W = (W H) H with H a reflection, which is its own inverse.

    Only where the second layer has no more weights than the first.
    """
    generator, pieces = np.random.default_rng(seed), {}
    for position, node in enumerate(graph_of(network)):
        if is_linear(network, node):
            kernel = network.params[held(node)["kernel"]]
            if kernel.shape[-1] ** 2 <= kernel.size:
                pieces[position] = _split(network, node, _reflection(generator, kernel.shape[-1]))
    message = "no dense or convolutional layer has as many inputs as outputs"
    return _variant(substitute(network, instead=pieces), explained, pieces, message)


def dead_branch(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Add a branch from the input to the logits whose rectified units come in pairs that cancel."""
    generator, size = np.random.default_rng(seed), int(np.prod(network.input_shape))
    into = generator.standard_normal((size, _TWINS)) / np.sqrt(size)
    out = generator.standard_normal((_TWINS, network.classes))
    values = {
        "into/kernel": np.concatenate([into, into], axis=1),
        "into/bias": np.zeros(2 * _TWINS),
        "out/kernel": np.concatenate([out, -out], axis=0),
    }

    def build(point: Any) -> Any:
        flat = keras.layers.Flatten(name="flat")(point)
        hidden = keras.layers.ReLU(name="rectify")(keras.layers.Dense(2 * _TWINS, name="into")(flat))
        return keras.layers.Dense(network.classes, use_bias=False, name="out")(hidden)

    branch = piece(build, (None, *network.input_shape), layer="dead_branch", values=values)
    nodes = list(graph_of(network))
    logits = Ref(node=len(nodes) - 1)
    nothing = attach(nodes, branch, Ref(node=-1))
    nodes.append(_sum(logits, nothing, nodes[logits.node].shape))
    made = edited(network, nodes, {**network.params, **branch.params})
    return Variant(network=made, explained=explained)


def _variant(network: Network, explained: Explained, found: Any, message: str) -> Variant:
    if not found:
        raise InputError("M061", message, where=network.name)
    return Variant(network=network, explained=explained)


def _sum(first: Ref, second: Ref, shape: tuple[int | None, ...]) -> Node:
    return Node(
        name="dead_branch/add",
        layer="dead_branch",
        kind="Add",
        operation=keras.layers.Add(name="dead_branch_add"),
        arguments=(([first, second],), {}),
        variables=(),
        shape=shape,
    )


def _folded(network: Network, node: Node, normalisation: Node) -> Piece:
    """Return a linear layer that normalises by itself."""
    own = {what: np.asarray(network.params[name], np.float64) for what, name in held(node).items()}
    of = {what: np.asarray(network.params[name], np.float64) for what, name in held(normalisation).items()}
    scale = of.get("gamma", 1.0) / np.sqrt(of["moving_variance"] + normalisation.operation.epsilon)
    values = {
        "folded/kernel": own["kernel"] * scale,
        "folded/bias": (own.get("bias", 0.0) - of["moving_mean"]) * scale + of.get("beta", 0.0),
    }
    layer = _like(node, name="folded", use_bias=True)
    return piece(layer, _input_shape(network, node), layer=node.layer, values=values)


def _split(network: Network, node: Node, reflection: np.ndarray) -> Piece:
    """Return a linear layer as two, the second of which works on channels alone."""
    own = {what: network.params[name] for what, name in held(node).items()}
    kernel = np.asarray(own["kernel"], np.float64) @ reflection
    first = _like(node, name="first_half", use_bias=False)
    second, shape = _pointwise(node, reflection.shape[0], use_bias="bias" in own), reflection.shape
    ones = (1,) * (kernel.ndim - 2)
    values = {"first_half/kernel": kernel, "second_half/kernel": reflection.reshape(*ones, *shape)}
    values |= {"second_half/bias": own["bias"]} if "bias" in own else {}
    return piece(lambda x: second(first(x)), _input_shape(network, node), layer=node.layer, values=values)


def _like(node: Node, **changes: Any) -> Any:
    """Return a layer of the same configuration, but for some fields; not built."""
    return type(node.operation).from_config({**node.operation.get_config(), **changes})


def _pointwise(node: Node, channels: int, *, use_bias: bool) -> Any:
    if node.kind == "Dense":
        return keras.layers.Dense(channels, use_bias=use_bias, name="second_half")
    return getattr(keras.layers, node.kind)(channels, 1, use_bias=use_bias, name="second_half")


def _input_shape(network: Network, node: Node) -> tuple[int | None, ...]:
    (ref,) = sources(node)
    return graph_of(network)[ref.node].shape if ref.node >= 0 else (None, *network.input_shape)


def _reflection(generator: np.random.Generator, size: int) -> np.ndarray:
    """Return the reflection at a random plane: symmetric, orthogonal, its own inverse."""
    normal = generator.standard_normal(size)
    return np.eye(size) - 2.0 * np.outer(normal, normal) / (normal @ normal)


def _derangement(generator: np.random.Generator, count: int) -> np.ndarray:
    """Return an order in which nothing stays in its place: a random cycle."""
    cycle = generator.permutation(count)
    order = np.empty(count, int)
    order[cycle] = np.roll(cycle, 1)
    return order


def _along_inputs(path: Path, factors: np.ndarray) -> np.ndarray:
    return factors[np.arange(path.kernel_inputs) % path.channels][:, None]


def _is_rectifier(node: Node) -> bool:
    """Whether a node commutes with positive factors and is not linear."""
    operation = node.operation
    plain = getattr(operation, "max_value", None) is None and not getattr(operation, "threshold", 0.0)
    return activation_name(node) in ("relu", "leaky_relu") and plain


def _scales(node: Node) -> bool:
    return _is_rectifier(node)


def _permutes(node: Node) -> bool:
    return bool(activation_name(node)) and activation_name(node) not in ("softmax", "prelu")
