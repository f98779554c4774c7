"""Networks on which an axiom of attribution can be tested: closed-form ones with inputs, and changed audited ones.

Each function is a variant (``audit/engine/variants.py``):
``(audited network, explained inputs, level, seed) -> Variant``.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from audit.errors import InputError
from audit.network.loading import canonical
from audit.network.network import Array, Network, Node, Params, Ref, graph_of
from audit.network.variants import closed_form
from audit.record import Explained, Variant

COUNT = 32
"""Inputs of a closed-form network; the classes are explained in turn."""

UNITS = 16
"""Hidden units of the rectifier networks of four features: enough that hardly any input closes them all."""

FACTORS = (2.0, -0.5)
"""a and b of a f1 + b f2: of both signs, and their sum is not 1, so that a map of the input alone is not linear."""


def linear(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Four features, two classes, a bias: attributions are the terms of a sum."""
    weight = [[1.0, -0.5], [-2.0, 1.5], [0.5, 3.0], [1.5, -1.0]]
    return _closed(closed_form.linear(weight, [1.0, -1.0]), _normal(seed, 4))


def saturating(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """One feature between 0.1 and 3; from 1 on the output no longer rises."""
    return _closed(closed_form.saturating(), np.linspace(0.1, 3.0, COUNT)[:, None])


def rectified(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """ReLU(ReLU(x1) - 1 - ReLU(x2)) where it is open: x1 between 2 and 4, x2 between 0.1 and 0.9."""
    generator = np.random.default_rng(seed)
    x = np.stack([generator.uniform(2, 4, COUNT), generator.uniform(0.1, 0.9, COUNT)], axis=1)
    return _closed(closed_form.rectified_pair()[0], x)


def homogeneous(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Images on a convolutional network without biases."""
    return _closed(closed_form.homogeneous(seed=seed), _normal(seed, 8, 8, 1))


def ignoring(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """The audited network with features added that it cuts off: a last feature, or a row and a column of pixels.

    They hold noise within the range of the inputs. ``notes["ignored"]`` marks them, (H, W) or (F,).
    """
    shape = network.input_shape
    positions = tuple(size + 1 for size in (shape[:2] if len(shape) == 3 else shape))
    wider = (*positions, *shape[len(positions) :])
    inside = tuple(slice(0, size) for size in shape[: len(positions)])
    ignored = np.ones(positions, bool)
    ignored[inside] = False
    x = explained.inputs
    noise = np.random.default_rng(seed).uniform(x.min(), x.max(), (len(x), *wider))
    noise[(slice(None), *inside)] = x

    def cut(inputs: Array) -> Array:
        return inputs[(slice(None), *inside)]

    inputs = replace(explained, inputs=noise.astype(np.float32))
    return Variant(network=preceded(network, wider, cut), explained=inputs, notes={"ignored": ignored})


def ignored_feature(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """A rectifier network of four features, the third of which has no weight."""
    generator = np.random.default_rng(seed)
    first, last = generator.standard_normal((4, UNITS)), generator.standard_normal((UNITS, 2))
    first[2] = 0
    notes = {"ignored": np.arange(4) == 2}
    return _closed(closed_form.dense(first, last), _normal(seed + 1, 4), notes)


def combined(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """The audited network; ``notes`` holds, by name, the weights of a last layer that makes class c a f_c + b f_(c+1).

    ``notes["factors"]`` are a and b.

    Raises:
        InputError: the last operation is no linear layer of its own, or there is only one class.
    """
    node = graph_of(network)[-1]
    used = [name for other in graph_of(network)[:-1] for name in other.variables]
    if node.kind != "Dense" or network.classes < 2 or set(used) & set(node.variables):
        raise InputError(
            "M070",
            "the last layer of this network cannot be changed to sum two outputs",
            where=network.name,
            expected="at least two classes, and logits from a Dense layer with no other use",
            received=f"{network.classes} classes from {node.kind}",
        )
    a, b = FACTORS
    mixed = {name: a * values + b * np.roll(values, -1, axis=-1) for name, values in _values(network, node).items()}
    return Variant(network=network, explained=explained, notes={"factors": np.array(FACTORS), **mixed})


def two_heads(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """A rectifier network of four features whose two classes share their hidden units."""
    generator = np.random.default_rng(seed)
    built = closed_form.dense(generator.standard_normal((4, UNITS)), generator.standard_normal((UNITS, 2)))
    return combined(built, _closed(built, _normal(seed + 1, 4)).explained, level, seed)


def two_heads_convolution(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Images; the classes are sums over pixels of max(x, 0) and of max(-x, 0), weighted."""
    built = closed_form.pointwise([[1.0, -0.5, 2.0], [0.5, 1.5, -1.0]])
    return combined(built, _closed(built, _normal(seed, 6, 6, 1)).explained, level, seed)


def symmetric(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """The audited network on the mean of its input and the input with two positions exchanged.

    The two are drawn from the quarter of the positions that vary most over the inputs, and both hold what the first of
    them held. ``notes["pair"]`` has their flat numbers.
    """
    shape = network.input_shape
    channels = shape[-1] if len(shape) == 3 else 1
    flat = explained.inputs.reshape(len(explained.inputs), -1, channels)
    spread = flat.var(axis=0).sum(axis=-1)
    candidates = np.argsort(spread)[::-1][: max(2, len(spread) // 4)]
    pair = np.random.default_rng(seed).choice(candidates, 2, replace=False)
    order = np.arange(len(spread))
    order[pair] = pair[::-1]

    def average(inputs: Array) -> Array:
        positions = keras.ops.reshape(inputs, (-1, len(order), channels))
        exchanged = keras.ops.take(positions, order, axis=1)
        return keras.ops.reshape((positions + exchanged) * 0.5, (-1, *shape))

    equal = flat.copy()
    equal[:, pair[1]] = equal[:, pair[0]]
    inputs = replace(explained, inputs=equal.reshape(explained.inputs.shape))
    return Variant(network=preceded(network, shape, average), explained=inputs, notes={"pair": pair})


def product(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """x1 x2 where both are equal, between 0.5 and 2."""
    x = np.repeat(np.linspace(0.5, 2.0, COUNT)[:, None], 2, axis=1)
    return _closed(closed_form.product(), x, {"pair": np.array([0, 1])})


def exchangeable(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """A rectifier network of four features, the second and third of which have equal weights and values."""
    generator = np.random.default_rng(seed)
    first, last = generator.standard_normal((4, UNITS)), generator.standard_normal((UNITS, 2))
    first[2] = first[1]
    x = _normal(seed + 1, 4)
    x[:, 2] = x[:, 1]
    return _closed(closed_form.dense(first, last), x, {"pair": np.array([1, 2])})


def exchangeable_pixels(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Images of which every pixel counts alike; two pixels apart hold the same value."""
    x = _normal(seed, 6, 6, 1)
    x[:, 4, 3] = x[:, 1, 2]
    pair = np.array([1 * 6 + 2, 4 * 6 + 3])
    return _closed(closed_form.pointwise([[1.0, -0.5], [0.5, 1.5]]), x, {"pair": pair})


def preceded(network: Network, shape: Sequence[int], operation: Callable[[Any], Any]) -> Network:
    """Return a network that computes an operation of its input first; it has the network's own parameters.

    Args:
        network: what comes after.
        shape: of one input of the result.
        operation: in ``keras.ops``, of inputs (B, ...), without weights.
    """
    inputs = keras.Input(tuple(shape))
    before = canonical.record_operations(keras.Model(inputs, operation(inputs)), {}) or ()
    after = None if network.graph is None else tuple(_moved(node, len(before)) for node in network.graph)

    def apply(params: Params, x: Array) -> Array:
        return network.apply(params, operation(keras.ops.convert_to_tensor(x, dtype="float32")))

    graph = None if after is None else (*(replace(node, name=f"before/{node.name}") for node in before), *after)
    return replace(network, input_shape=tuple(shape), apply=apply, graph=graph, rebuild=None)


def _moved(node: Node, places: int) -> Node:
    """Return a node whose references point past ``places`` nodes that were put before the graph."""

    def move(leaf: Any) -> Any:
        return Ref(node=leaf.node + places) if isinstance(leaf, Ref) else leaf

    return replace(node, arguments=keras.tree.map_structure(move, node.arguments))


def _values(network: Network, node: Node) -> dict[str, np.ndarray]:
    return {name: np.asarray(network.params[name]) for name in node.variables}


def _closed(network: Network, x: np.ndarray, notes: dict[str, np.ndarray] | None = None) -> Variant:
    targets = np.arange(len(x), dtype=np.int32) % network.classes
    ids = [f"{network.name}-{number}" for number in range(len(x))]
    inputs = Explained(inputs=np.asarray(x, np.float32), ids=ids, targets=targets)
    return Variant(network=network, explained=inputs, notes=notes or {})


def _normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng([seed, 1]).standard_normal((COUNT, *shape))
