"""Parameters as plain NumPy arrays under unique names, and the stages in which they are re-drawn."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from audit.network.network import Network, Node, Params, Stage, sources, weights
from audit.record import digest as digest_json
from audit.record import record

NORMALISATIONS = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
    keras.layers.RMSNormalization,
)
"""What only scales and shifts the activations of the layer it follows, and their subclasses."""


@record
class Weight:
    """One floating-point weight of a model and where it stands."""

    name: str  # the names of the layers that lead to it, and its own; unique
    variable: Any  # the Keras variable
    layer: Any  # the layer that created it
    path: str  # of that layer
    trainable: bool  # as created: freezing a layer does not change it


def find_weights(model: keras.Model) -> tuple[Weight, ...]:
    """Return a model's weights, each once, in the order in which its layers were added.

    A variable's own path will not do as a name: it begins with the model's name where that happened to be known, and
    is another in a model that was loaded than in the one that was saved.
    """
    found: dict[int, Weight] = {}
    names: set[str] = set()
    for layer, path in layers_in(model):
        # Kept by a layer as created, frozen or not. Setting `model.trainable` would change the user's model, and on
        # TensorFlow does nothing where it is True already, frozen layers or not.
        created = {id(variable) for variable in layer._trainable_variables}
        for variable in weights(layer):
            if id(variable) not in found and _owns(layer, variable):
                name = _unique(f"{path}/{variable.name}".lstrip("/"), names)
                trainable = id(variable) in created
                found[id(variable)] = Weight(
                    name=name, variable=variable, layer=layer, path=path or model.name, trainable=trainable
                )
    return tuple(found.values())


def layers_in(layer: keras.Layer, path: str = "") -> Iterator[tuple[keras.Layer, str]]:
    """Yield a layer and those inside it with the names that lead to them."""
    yield layer, path
    for inner in layer._flatten_layers(include_self=False, recursive=False):
        yield from layers_in(inner, f"{path}/{inner.name}".lstrip("/"))


def _owns(layer: keras.Layer, variable: Any) -> bool:
    own = layer._trainable_variables + layer._non_trainable_variables
    return any(each is variable for each in own)


def _unique(name: str, taken: set[str]) -> str:
    names = (name, *(f"{name}#{number}" for number in range(2, len(taken) + 3)))
    chosen = next(each for each in names if each not in taken)
    taken.add(chosen)
    return chosen


def value_of(variable: Any) -> np.ndarray:
    """Return a copy of a Keras variable's value."""
    return np.asarray(variable).copy()


def collect(held: Sequence[Weight], nodes: Sequence[Node] | None) -> Params:
    """Return the trained parameters, batch statistics included, in graph order (as added, without a graph)."""
    arrays = {weight.name: value_of(weight.variable) for weight in held}
    order = dict.fromkeys([name for node in nodes or () for name in node.variables] + list(arrays))
    for array in arrays.values():
        array.flags.writeable = False
    return MappingProxyType({name: arrays[name] for name in order})


def own_initializers(held: Sequence[Weight]) -> Mapping[str, Any]:
    """Return the initializer that each weight was created with, where its layer still knows it."""
    found = {weight.name: _own_initializer(weight) for weight in held}
    return MappingProxyType({name: value for name, value in found.items() if value is not None})


def _own_initializer(weight: Weight) -> Any:
    """Look in the layer, then in those inside it: a wrapper (spectral normalisation, say) holds its layer's kernel."""
    layers = (layer for layer in weight.layer._flatten_layers() if _owns(layer, weight.variable))
    return next(filter(None, (_initializer(layer, weight.variable.name) for layer in layers)), None)


def _initializer(layer: keras.Layer, name: str) -> Any:
    attributes = (name, name.removesuffix("_kernel"), "depthwise" if name == "kernel" else name)
    return next(filter(None, (getattr(layer, f"{attribute}_initializer", None) for attribute in attributes)), None)


def graph_stages(nodes: Sequence[Node], trainable: frozenset[str]) -> tuple[Stage, ...]:
    """Return one stage per layer that holds trainable weights, output to input.

    A normalisation joins the layer it follows: the nearest layer with weights among those it depends on; where there is
    none it is a stage. A shared layer is one stage, at the place of its first call.
    """
    stages: dict[str, tuple[list[str], list[tuple[str, str]]]] = {}
    nearest: list[str | None] = []  # per node: the stage that a normalisation after it would join
    depth: list[int] = []  # per node: the position of that stage's layer
    assigned: set[str] = set()
    for position, node in enumerate(nodes):
        before = max((ref.node for ref in sources(node) if ref.node >= 0), key=lambda place: depth[place], default=None)
        owner = None if before is None else nearest[before]
        normalises = _normalises(node.operation)
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


def _normalises(operation: Any) -> bool:
    """Say whether an operation is a normalisation, one that a wrapper applies to each time step too."""
    inner = operation.layer if isinstance(operation, keras.layers.TimeDistributed) else operation
    return isinstance(inner, NORMALISATIONS)


def statistics_of(node: Node) -> list[tuple[str, str]]:
    """Return the names of a batch normalisation's moving mean and variance; nothing for another operation."""
    if not isinstance(node.operation, keras.layers.BatchNormalization):
        return []
    return [_statistics(node.operation, dict(zip(map(id, weights(node.operation)), node.variables, strict=True)))]


def _statistics(layer: Any, names: Mapping[int, str]) -> tuple[str, str]:
    return names[id(layer.moving_mean)], names[id(layer.moving_variance)]


def layer_stages(held: Sequence[Weight]) -> tuple[Stage, ...]:
    """Return the stages of a model without a graph: its innermost layers, the last added first."""
    names = {id(weight.variable): weight.name for weight in held}
    stages: dict[str, tuple[list[str], list[tuple[str, str]]]] = {}
    owner = None
    for weight in held:
        if weight.trainable and (owner is None or not _normalises(weight.layer)):
            owner = weight.path
        if owner is None:
            continue
        variables, statistics = stages.setdefault(owner, ([], []))
        variables += [weight.name] if weight.trainable else []
        if isinstance(weight.layer, keras.layers.BatchNormalization):
            pair = _statistics(weight.layer, names)
            statistics += [] if pair in statistics else [pair]
    return _stages(stages)


def _stages(stages: Mapping[str, tuple[Iterable[str], Iterable[tuple[str, str]]]]) -> tuple[Stage, ...]:
    made = [
        Stage(name=name, variables=tuple(variables), statistics=tuple(statistics))
        for name, (variables, statistics) in stages.items()
    ]
    return tuple(reversed([stage for stage in made if stage.variables]))


def places(network: Network) -> Mapping[str, str]:
    """Return where each variable stands: ``3.0`` is the first one of the fourth operation with weights.

    Operations are counted from the input, as the logits' inputs are followed in the order of their arguments, so that
    neither names nor branches that lead nowhere move a place. Without a graph, or outside it: as layers were added.
    """
    found = _graph_places(network)
    others = [name for name in (network.added or network.params) if name not in found]
    return {**found, **{name: f"added {number}" for number, name in enumerate(others)}}


def in_place(network: Network) -> tuple[str, ...]:
    """Return the variables that the logits depend on, by their places; without a graph all, as layers were added."""
    return tuple(_graph_places(network) or network.added or network.params)


def _graph_places(network: Network) -> dict[str, str]:
    graph = network.graph or ()
    owners = [graph[position].variables for position in live(graph) if graph[position].variables]
    found: dict[str, str] = {}
    for operation, names in enumerate(owners):
        for number, name in enumerate(names):
            found.setdefault(name, f"{operation}.{number}")
    return found


def live(graph: Sequence[Node]) -> list[int]:
    """Return the positions that the last node depends on, each after those that it takes, in their order."""
    order: list[int] = []
    seen, ahead = set[int](), [(len(graph) - 1, False)]
    while ahead:
        position, finished = ahead.pop()
        if finished:
            order.append(position)
        elif position >= 0 and position not in seen:
            seen.add(position)
            ahead += [(position, True), *((ref.node, False) for ref in reversed(sources(graph[position])))]
    return order


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
    words = {name: list(each) for name, each in network.words.items()}
    inputs = [list(network.input_shape), list(network.columns), words]
    return digest_json([inputs, network.classes, network.head, graph, stages, shapes])


def _operation(node: Node) -> list[Any]:
    operation = getattr(node.operation, "operation", node.operation)
    refs = [ref.node for ref in sources(node)]
    place = getattr(node.operation, "place", 0)
    return [node.kind, node.layer, _settings(operation), _plain(node.arguments), refs, place, list(node.variables)]


def _settings(operation: Any) -> dict[str, Any]:
    """Return an operation's public, plain attributes.

    Not ``get_config``: writing down a data type's policy imports TensorFlow, whatever the backend.
    """
    plain = (str, int, float, bool, tuple, list, type(None))
    public = {name: value for name, value in vars(operation).items() if not name.startswith("_") and name != "name"}
    own = {name: _plain(value) for name, value in public.items() if isinstance(value, plain) or callable(value)}
    vocabulary = getattr(operation, "get_vocabulary", None)  # kept in a table that is no attribute
    return own if vocabulary is None else {**own, "vocabulary": [str(word) for word in vocabulary()]}


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
