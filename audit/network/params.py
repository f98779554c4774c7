"""Parameters as plain NumPy arrays under unique names, and the stages in which they are re-drawn."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from audit.network.network import Network, Node, Params, Stage, sources, weights
from audit.record import digest as digest_json


def unique_names(model: keras.Model) -> dict[int, str]:
    """Return a unique name for each weight, by its identity: its path, with a number where two paths are equal.

    The model's own name is left out: Keras numbers unnamed models as they are built, and seeds derive from these names.
    """
    names: dict[int, str] = {}
    for weight in weights(model):
        path = weight.path.removeprefix(f"{model.name}/")
        same = sum(name.partition("#")[0] == path for name in names.values())
        names.setdefault(id(weight), path if not same else f"{path}#{same + 1}")
    return names


def collect(model: keras.Model, names: Mapping[int, str], nodes: Sequence[Node] | None) -> Params:
    """Return the trained parameters, batch statistics included, in graph order (in creation order without a graph)."""
    arrays = {names[id(weight)]: keras.ops.convert_to_numpy(weight).copy() for weight in weights(model)}
    order = dict.fromkeys([name for node in nodes or () for name in node.variables] + list(arrays))
    for array in arrays.values():
        array.flags.writeable = False
    return MappingProxyType({name: arrays[name] for name in order})


def owners(model: keras.Model) -> dict[int, keras.Layer]:
    """Return the innermost layer that holds each weight, by the weight's identity."""
    layers = sorted(model._flatten_layers(), key=lambda layer: -len(layer.weights))  # what contains others comes first
    return {id(weight): layer for layer in layers for weight in layer.weights}


def own_initializers(model: keras.Model, names: Mapping[int, str]) -> Mapping[str, Any]:
    """Return the initializer that each weight was created with, where its layer still knows it."""
    held = owners(model)
    found = {names[id(weight)]: _initializer(held[id(weight)], weight.name) for weight in weights(model)}
    return MappingProxyType({name: value for name, value in found.items() if value is not None})


def _initializer(layer: keras.Layer, name: str) -> Any:
    attributes = (name, name.removesuffix("_kernel"), "depthwise" if name == "kernel" else name)
    return next(filter(None, (getattr(layer, f"{attribute}_initializer", None) for attribute in attributes)), None)


def graph_stages(nodes: Sequence[Node], trainable: frozenset[str]) -> tuple[Stage, ...]:
    """Return one stage per layer that holds trainable weights, output to input.

    Batch normalisation joins the layer it follows: the nearest layer with weights among those it depends on. A shared
    layer is one stage, at the place of its first call.
    """
    stages: dict[str, tuple[list[str], list[tuple[str, str]]]] = {}
    nearest: list[str | None] = []  # per node: the stage that a batch normalisation after it would join
    depth: list[int] = []  # per node: the position of that stage's layer
    assigned: set[str] = set()
    for position, node in enumerate(nodes):
        before = max((ref.node for ref in sources(node) if ref.node >= 0), key=lambda place: depth[place], default=None)
        owner = None if before is None else nearest[before]
        normalises = isinstance(node.operation, keras.layers.BatchNormalization)
        held = [name for name in node.variables if name in trainable]
        starts = bool(held) and (owner is None or not normalises)
        owner = node.layer if starts else owner
        nearest.append(owner)
        depth.append(position if starts else -1 if before is None else depth[before])
        fresh = [name for name in held if name not in assigned]
        assigned.update(fresh)
        if owner is not None and (fresh or normalises):
            variables, statistics = stages.setdefault(owner, ([], []))
            variables += fresh
            statistics += [pair for pair in statistics_of(node) if pair not in statistics]
    return _stages(stages)


def statistics_of(node: Node) -> list[tuple[str, str]]:
    """Return the names of a batch normalisation's moving mean and variance; nothing for another operation."""
    if not isinstance(node.operation, keras.layers.BatchNormalization):
        return []
    return [_statistics(node.operation, dict(zip(map(id, weights(node.operation)), node.variables, strict=True)))]


def _statistics(layer: Any, names: Mapping[int, str]) -> tuple[str, str]:
    return names[id(layer.moving_mean)], names[id(layer.moving_variance)]


def layer_stages(model: keras.Model, names: Mapping[int, str], trainable: frozenset[str]) -> tuple[Stage, ...]:
    """Return the stages of a model without a graph: its innermost layers, the last created first."""
    held, stages, owner = owners(model), {}, None
    for weight in weights(model):
        layer, name = held[id(weight)], names[id(weight)]
        normalises = isinstance(layer, keras.layers.BatchNormalization)
        if name in trainable and (owner is None or not normalises):
            owner = layer.path.removeprefix(f"{model.name}/")
        if owner is None:
            continue
        variables, statistics = stages.setdefault(owner, ([], []))
        if name in trainable:
            variables.append(name)
        if normalises and _statistics(layer, names) not in statistics:
            statistics.append(_statistics(layer, names))
    return _stages(stages)


def _stages(stages: Mapping[str, tuple[Iterable[str], Iterable[tuple[str, str]]]]) -> tuple[Stage, ...]:
    made = [
        Stage(name=name, variables=tuple(variables), statistics=tuple(statistics))
        for name, (variables, statistics) in stages.items()
    ]
    return tuple(reversed([stage for stage in made if stage.variables]))


def digest(params: Params) -> str:
    """Return one SHA-256 for a parameter set: the name, type, shape and bytes of every array."""
    return digest_json([[name, *_described(np.asarray(array))] for name, array in params.items()])


def _described(array: np.ndarray) -> tuple[str, list[int], str]:
    data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    return array.dtype.name, list(array.shape), hashlib.sha256(data.tobytes()).hexdigest()


def architecture(network: Network) -> str:
    """Return a SHA-256 of what the network computes, weights apart: its operations, their settings and connections."""
    graph = None if network.graph is None else [_operation(node) for node in network.graph]
    stages = [[stage.name, list(stage.variables)] for stage in network.stages]
    shapes = [[name, list(array.shape)] for name, array in network.params.items()]
    return digest_json([list(network.input_shape), network.classes, network.head, graph, stages, shapes])


def _operation(node: Node) -> list[Any]:
    operation = getattr(node.operation, "operation", node.operation)
    config = operation.get_config() if hasattr(operation, "get_config") else {}
    refs = [ref.node for ref in sources(node)]
    place = getattr(node.operation, "place", 0)
    return [node.kind, node.layer, _plain(config), _plain(node.arguments), refs, place, list(node.variables)]


def _plain(value: Any) -> Any:
    """Return JSON that is the same in every process: an object without a plain form is its type's name."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return list(_described(value))
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, slice) or value is Ellipsis:
        return repr(value)
    return value if isinstance(value, str | int | bool | None) else getattr(value, "__name__", type(value).__name__)
