"""Turns a built Keras model into a ``Network``, or says why it cannot be audited."""

import inspect
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np

from audit.backend import active
from audit.errors import InputError
from audit.network import params
from audit.network.loading import canonical
from audit.network.loading.columns import join_columns
from audit.network.loading.normalization import built_again, is_adapted
from audit.network.loading.state import copy_state
from audit.network.network import Array, Network, Node, Params, Stage, replay
from audit.network.random_states import Given, stateless
from audit.record import record


def from_model(model: Any, *, output: str = "auto", input_shape: Sequence[int] | None = None) -> Network:
    """Turn a built Keras model into a network. Frozen layers count as trainable: they are re-drawn too.

    The network keeps the model's layers for their operations, and a copy of its weights.

    Args:
        model: one input (B, ...), one output (B, K), float32, channels last; or an input (B,) or (B, 1) per column of a
            table, of numbers or words, which become one of rows (``columns.py``).
        output: what its last operation is: auto, logits, softmax or sigmoid.
        input_shape: of one input, without the batch; needed only where a subclassed model does not know it.

    Raises:
        InputError: the model cannot be audited; the message says why.
    """
    joined = join_columns(model)
    if joined is not None:
        return replace(from_model(joined.model, output=output), columns=joined.columns, words=joined.words)
    shape = _input_shape(model, input_shape)
    _check_layers(model)
    held = params.find_weights(model)
    names = {id(weight.variable): weight.name for weight in held}
    nodes = canonical.record_operations(model, names)
    if nodes is None:
        head, stages = _subclassed_head(output), params.layer_stages(held)
    else:
        nodes, head = canonical.drop_head(nodes, output)
        stages = params.graph_stages(nodes, frozenset(weight.name for weight in held if weight.trainable))
    network = _network(model, shape, _Parts(weights=held, nodes=nodes, stages=stages, head=head))
    _check_numbers(network)
    if head in (canonical.KEPT, _subclassed_head("auto")):
        _check_logits(network)
    return network


def _check_numbers(network: Network) -> None:
    """Refuse weights that are no numbers: a rectifier can turn them into zeros, and all answers look finite."""
    broken = [name for name, array in network.params.items() if np.isnan(np.asarray(array, np.float64)).any()]
    if broken:
        raise InputError(
            "M038",
            f"{len(broken)} of {len(network.params)} weights of the model hold NaN",
            where=f"{network.name}: {broken[0]}",
            expected="numbers",
            fix="audit the model as it was before its training diverged",
        )


_OF_TENSORFLOW = (
    *(keras.layers.IntegerLookup, keras.layers.StringLookup, keras.layers.TextVectorization),
    *(keras.layers.Hashing, keras.layers.HashedCrossing),
)


@record
class _Parts:
    """What was found in a model: weights, operations where they could be recorded, stages, and its head in words."""

    weights: Sequence[params.Weight]
    nodes: tuple[Node, ...] | None
    stages: tuple[Stage, ...]
    head: str


def _network(model: keras.Model, shape: tuple[int, ...], parts: _Parts) -> Network:
    if not parts.stages:
        raise InputError("M015", "the model has no trainable weights", where=model.name, fix="audit a trained model")
    network = Network(
        name=model.name,
        input_shape=shape,
        classes=_classes(model, parts.nodes, shape),
        stages=parts.stages,
        params=params.collect(parts.weights, parts.nodes),
        apply=_stateless(model, parts.weights),
        graph=parts.nodes,
        head=parts.head,
        initializers=params.own_initializers(parts.weights),
        added=tuple(weight.name for weight in parts.weights),
        rebuild=partial(_rebuild, model, shape),
        restore=partial(copy_state, model),
        model=model,
    )
    if parts.nodes is None:
        return network

    def apply(params: Params, x: Array) -> Array:
        return replay(network, params, x)

    return Network(**{**vars(network), "apply": apply})


def _rebuild(model: keras.Model, shape: tuple[int, ...]) -> keras.Model:
    """Build the model again from its own configuration: fresh weights, nothing frozen, nothing compiled, no state.

    Raises:
        InputError: its configuration does not say how to build it.
    """
    try:
        if canonical.is_graph(model):
            normalises = any(map(is_adapted, model._flatten_layers()))
            rebuilt = keras.models.clone_model(
                model, recursive=True, clone_function=built_again if normalises else None
            )
        else:
            rebuilt = _from_config(model)
        if not rebuilt.built:
            rebuilt(np.zeros((1, *shape), np.float32))
    except Exception as error:  # layers of the user's can fail anywhere
        raise InputError(
            "M023",
            "cannot rebuild the model from its configuration",
            where=model.name,
            received=f"{type(error).__name__}: {error}"[:300],
            fix="give the model and every custom layer a get_config() with all constructor arguments",
        ) from error
    for layer in rebuilt._flatten_layers():  # frozen layers count: they were drawn anew, so they must learn
        layer.trainable = True
    return rebuilt


def _from_config(model: keras.Model) -> keras.Model:
    config = model.get_config()
    try:
        return type(model).from_config(config)
    except TypeError:  # Keras adds fields to a configuration of its own making, which few constructors take
        known = inspect.signature(type(model)).parameters
        return type(model)(**{name: value for name, value in config.items() if name in known})


def _stateless(model: keras.Model, held: Sequence[params.Weight]) -> Any:
    def compute(x: Array) -> Array:
        return model(x, training=False)

    def apply(params: Params, x: Array) -> Array:
        values = [(weight.variable, params[weight.name]) for weight in held]
        tensor = keras.ops.convert_to_tensor(x, dtype="float32")
        output = stateless(model, compute, (active().any_batch(tensor),), Given(values=values, params=params))
        return active().same_batch(output, tensor)

    return apply


def _input_shape(model: Any, given: Sequence[int] | None) -> tuple[int, ...]:
    """Return the shape of one input.

    Raises:
        InputError: not a built Keras model, several inputs or outputs, or a shape or type that cannot be audited.
    """
    if not isinstance(model, keras.Model):
        raise InputError("M002", "this is not a Keras model", expected="a keras.Model", received=type(model).__name__)
    if not model.built:
        raise InputError("M020", "the model is not built", where=model.name, fix="give it an Input layer, or call it")
    graph = canonical.is_graph(model)
    if graph and (len(model.inputs), len(model.outputs)) != (1, 1):
        received = f"{len(model.inputs)} inputs and {len(model.outputs)} outputs"
        raise InputError(
            "M004",
            "the model has several inputs or outputs",
            where=model.name,
            expected="one input and one output",
            received=received,
            fix="audit a model with one input and one output",
        )
    if graph and not keras.backend.is_float_dtype(model.inputs[0].dtype):
        raise InputError(
            "M021",
            "the model's input is not real-valued",
            where=model.name,
            expected="float32",
            received=model.inputs[0].dtype,
            fix="cast in the data instead of the model",
        )
    shape = model.inputs[0].shape[1:] if graph else given or _built_shape(model)
    if shape is None or not all(isinstance(size, int) for size in shape):
        received = "unknown" if shape is None else str(tuple(shape))
        raise InputError(
            "M005",
            "the size of the model's input is not fixed",
            where=model.name,
            received=received,
            expected="a fixed size for every dimension except the batch",
            fix="build the model with a fixed input size",
        )
    return tuple(shape)


def _built_shape(model: keras.Model) -> Sequence[int] | None:
    shape = (model.get_build_config() or {}).get("input_shape")
    return shape[1:] if isinstance(shape, list | tuple) else None


def _check_layers(model: keras.Model) -> None:
    """Raise InputError for channels-first layers and for anything but float32."""
    for layer in model._flatten_layers():
        if getattr(layer, "data_format", None) == "channels_first":
            raise InputError(
                "M006",
                "the model expects images with channels first",
                where=layer.path,
                expected="channels_last",
                received="channels_first",
                fix="rebuild the model with data_format='channels_last'",
            )
        quantised = getattr(layer, "quantization_mode", None)  # its kernel holds whole numbers, which are not re-drawn
        if quantised or (layer.compute_dtype not in (None, "float32") and layer.weights):
            raise InputError(
                "M007",
                "a layer does not compute in float32",
                where=layer.path,
                expected="float32",
                received=f"quantised, {quantised}" if quantised else layer.compute_dtype,
                fix="load the model with the dtype policy float32",
            )
        if isinstance(layer, _OF_TENSORFLOW) and keras.backend.backend() != "tensorflow":
            raise InputError(
                "M036",
                "a layer looks things up by TensorFlow, which cannot be compiled on another backend",
                where=layer.path,
                expected="TensorFlow, or a StringLookup right after an input of words",
                received=f"{type(layer).__name__} on {keras.backend.backend()}",
                fix="set KERAS_BACKEND=tensorflow",
            )


def _classes(model: keras.Model, nodes: Sequence[Node] | None, shape: tuple[int, ...]) -> int:
    if nodes is not None:
        result: Any = nodes[-1].shape
    else:
        output = model.compute_output_spec(keras.KerasTensor((None, *shape)))
        result = getattr(output, "shape", None)
    if result is None or len(result) != 2 or result[1] is None:
        received = "several outputs" if result is None else str(tuple(result))
        raise InputError(
            "M008",
            "the model's output is not one number per class",
            where=model.name,
            expected="one output of shape (batch, classes)",
            received=received,
            fix="audit a classifier, or flatten its output",
        )
    return int(result[1])


def _subclassed_head(output: str) -> str:
    if output in ("softmax", "sigmoid"):
        raise InputError(
            "M010",
            f"a final {output} cannot be removed from a subclassed model",
            where="model.output",
            fix="return logits from call(), and set `output: logits`",
        )
    return "the model is subclassed and must return logits; nothing was removed"


def _check_logits(network: Network) -> None:
    """Raise InputError if the outputs of random inputs are all distributions: then they are no logits."""
    x = np.random.default_rng(0).standard_normal((4, *network.input_shape), dtype=np.float32)
    values = keras.ops.convert_to_numpy(network.apply(network.params, x))
    sums = np.allclose(values.sum(axis=1), 1.0, atol=1e-4)
    if network.classes > 1 and sums and np.all((values >= 0) & (values <= 1)):
        raise InputError(
            "M009",
            "the model returns probabilities instead of logits",
            where=network.name,
            expected="logits: a saturated softmax has gradients near zero",
            received="rows that sum to 1",
            fix="return logits, or end the model in a Softmax layer, which is removed",
        )
