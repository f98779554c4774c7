"""Records a Keras model's operations: nested models spliced, fused activations split off, a final softmax dropped."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import accumulate
from typing import Any

import keras

from audit.errors import InputError
from audit.network.loading.normalization import by_weights, is_adapted
from audit.network.network import weights
from audit.network.node import Node, Ref, activation_name, sources
from audit.network.random_states import generators, mode_of
from audit.record import record

Array = Any

KEPT = "the model returns logits; nothing was removed"

_SPLIT = tuple(
    getattr(keras.layers, name)
    for name in (
        *("Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D"),
        *("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "SeparableConv1D", "SeparableConv2D"),
    )
)
"""Layers that end in ``activation(...)``; exactly these classes, since a subclass may compute anything."""


def record_operations(model: keras.Model, names: Mapping[int, str]) -> tuple[Node, ...] | None:
    """Return the model's operations in an order in which they can be computed, or None for a subclassed model.

    Args:
        model: a built model with one input and one output.
        names: the name of each weight, by its identity.
    """
    if not is_graph(model):
        return None
    recorder, source = _Recorder(names), model.inputs[0]
    recorder.link([source], [Ref(node=-1)])
    output = recorder.model(model, [source], _Within())[0].node
    return _streamed(_ancestors(recorder.nodes, output))


def is_graph(model: Any) -> bool:
    """Whether a model is Functional or Sequential and computes what its graph says (its ``call`` is not its own)."""
    functional = _functional()
    own = (functional.call, keras.Sequential.call)
    return isinstance(model, functional | keras.Sequential) and type(model).call in own


@cache
def _functional() -> Any:
    """Return the class of Functional models, which has no public name."""
    point = keras.Input((1,))
    return type(keras.Model(point, point))


@record
class _Within:
    """Where an operation stands: the path of the models around it, and the mode in which one of them is called."""

    prefix: str = ""
    training: bool | None = None

    def mode(self, operation: Any, kwargs: Mapping[str, Any]) -> bool | None:
        """Return the mode of a call as Keras decides it: what encloses it first, then what the graph says."""
        if not isinstance(operation, keras.Layer):
            return None
        return mode_of(operation, kwargs) if self.training is None else self.training


class _Recorder:
    """Follows symbolic calls. Symbolic tensors are kept alive, since they are told apart by identity."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self.nodes: list[Node] = []
        self._names = names
        self._refs: dict[int, Ref] = {}
        self._alive: list[Any] = []

    def link(self, tensors: Sequence[Any], refs: Sequence[Ref]) -> None:
        self._alive += tensors
        self._refs.update(zip(map(id, tensors), refs, strict=True))

    def model(self, model: Any, tensors: Sequence[Any], within: _Within) -> list[Ref]:
        """Record a model called on tensors that are already recorded; return its outputs."""
        inputs = [keras.Input(batch_shape=(None, *tensor.shape[1:]), dtype=tensor.dtype) for tensor in tensors]
        self.link(inputs, [self._refs[id(tensor)] for tensor in tensors])
        # A plain model over the same layers: Sequential models cannot be recorded, compiled ones would be re-compiled.
        plain = keras.Model(model.inputs, model.outputs)
        copied = keras.models.clone_model(
            plain, input_tensors=inputs, clone_function=lambda layer: layer, call_function=partial(self._call, within)
        )
        return [self._refs[id(tensor)] for tensor in copied.outputs]

    def _call(self, within: _Within, operation: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = operation(*args, **kwargs)
        flat, path, mode = keras.tree.flatten(outputs), within.prefix + operation.name, within.mode(operation, kwargs)
        if is_graph(operation) and not any(map(_symbolic, keras.tree.flatten((args[1:], kwargs)))):
            tensors = [leaf for leaf in keras.tree.flatten(args) if _symbolic(leaf)]
            self.link(flat, self.model(operation, tensors, _Within(prefix=path + "/", training=mode)))
        else:
            if isinstance(operation, keras.Layer):
                kwargs = {**kwargs, "training": bool(mode)}  # what the graph says holds, and otherwise inference
            self.link(flat, self._append(path, operation, args, kwargs, flat))
        return outputs

    def _append(self, path: str, operation: Any, args: Any, kwargs: Any, outputs: Sequence[Any]) -> list[Ref]:
        arguments = keras.tree.map_structure(
            lambda leaf: self._refs[id(leaf)] if _symbolic(leaf) else leaf, (args, kwargs)
        )
        if is_adapted(operation):
            operation = by_weights(operation)
        if type(operation) in _SPLIT and operation.activation is not keras.activations.linear:
            return [self._fused(path, operation, arguments, outputs[0].shape)]
        if len(outputs) == 1:
            return [self._node(path, operation, arguments, outputs[0].shape)]
        return [
            self._node(path, OneOutput(operation, place), arguments, tensor.shape)
            for place, tensor in enumerate(outputs)
        ]

    def _fused(self, path: str, operation: Any, arguments: Any, shape: Any) -> Ref:
        """Split ``activation(f(x))`` into f, which shares the layer's weights, and the activation."""
        activation = keras.layers.Activation(operation.activation, name=f"{operation.name}_activation")
        # The very same weights: a layer from the configuration, and copy.copy too, would hold a second set in memory.
        linear = object.__new__(type(operation))
        vars(linear).update({**vars(operation), "activation": keras.activations.linear})
        before = self._node(path, linear, arguments, shape)
        return self._node(path, activation, ((before,), {"training": False}), shape)

    def _node(self, path: str, operation: Any, arguments: Any, shape: Any) -> Ref:
        taken = {node.name for node in self.nodes}
        names = (path, *(f"{path}#{number}" for number in range(2, len(self.nodes) + 3)))
        node = Node(
            name=next(name for name in names if name not in taken),
            layer=path,
            kind=type(getattr(operation, "operation", operation)).__name__,
            operation=operation,
            arguments=arguments,
            variables=tuple(self._names[id(weight)] for weight in weights(operation)),
            shape=tuple(shape),
        )
        self.nodes.append(node)
        return Ref(node=len(self.nodes) - 1)


class OneOutput:
    """One output of an operation that has several: a node has a single output, so each computes them all."""

    def __init__(self, operation: Any, place: int) -> None:
        self.operation, self.place = operation, place
        self.weights = getattr(operation, "weights", ())

    def __call__(self, *args: Any, **kwargs: Any) -> Array:
        """Compute all outputs and return the one."""
        return keras.tree.flatten(self.operation(*args, **kwargs))[self.place]


def _symbolic(leaf: Any) -> bool:
    return isinstance(leaf, keras.KerasTensor)


def _ancestors(nodes: Sequence[Node], goal: int) -> tuple[Node, ...]:
    """Return the nodes that ``goal`` depends on, itself last, numbered anew."""
    needed, waiting = set(), [goal]
    while waiting:
        position = waiting.pop()
        if position >= 0 and position not in needed:
            needed.add(position)
            waiting += [ref.node for ref in sources(nodes[position])]
    places = {-1: -1, **{old: new for new, old in enumerate(sorted(needed))}}

    def renumber(leaf: Any) -> Any:
        return Ref(node=places[leaf.node]) if isinstance(leaf, Ref) else leaf

    return tuple(
        replace(nodes[old], arguments=keras.tree.map_structure(renumber, nodes[old].arguments))
        for old in sorted(needed)
    )


def _streamed(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Number the operations with random generators, in graph order."""
    counts = accumulate((bool(generators(node.operation)) for node in nodes), initial=0)
    return tuple(replace(node, stream=count) for node, count in zip(nodes, counts, strict=False))


def drop_head(nodes: tuple[Node, ...], output: str) -> tuple[tuple[Node, ...], str]:
    """Remove a final softmax or sigmoid, so that the last node gives logits; say in words what was done.

    Raises:
        InputError: ``output`` (auto, logits, softmax, sigmoid) says otherwise than the model, or it is constant.
    """
    last = len(nodes) - 1
    while last > 0 and _passes(nodes[last]):
        last = sources(nodes[last])[0].node
    found = final_activation(nodes[last]) if last >= 0 else None
    if output not in ("auto", found or "logits"):
        raise InputError(
            "M010",
            "the model's output does not match `output`",
            where="model.output",
            expected=output,
            received=f"a final {found}" if found else "no final softmax or sigmoid",
            fix=f"set `output: {found or 'logits'}` or `output: auto`",
        )
    if found is None:
        return nodes, KEPT
    if found == "softmax" and nodes[last].shape[-1] == 1:
        raise InputError(
            "M031",
            "the model ends in a softmax over one class, which is 1 for every input",
            where=nodes[last].layer,
            expected="a sigmoid of one output, or a softmax over two classes",
            fix="train the model with another output",
        )
    before = sources(nodes[last])[0].node
    if before < 0:
        raise InputError("M019", "the model consists only of its output activation", expected="a model with weights")
    return _ancestors(nodes, before), removed(found)


def removed(activation: str) -> str:
    """Return in words that a final activation was removed."""
    return f"the final {activation} was removed, so that logits are explained"


def final_activation(node: Node) -> str | None:
    """Return "softmax" (over classes) or "sigmoid" where a node is one, as a layer or as a function."""
    name = activation_name(node)
    if name == "softmax" and getattr(node.operation, "axis", -1) not in (-1, len(node.shape) - 1):
        return None
    return name if name in ("softmax", "sigmoid") else None


def _passes(node: Node) -> bool:
    """Whether a node hands its input on unchanged."""
    if node.arguments[1].get("training"):
        return False
    return node.kind in ("Dropout", "Identity", "ActivityRegularization") or activation_name(node) == "linear"
