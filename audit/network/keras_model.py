"""A Keras model for other people's code: the audited one, with whatever parameters a condition asks for."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from audit.errors import InputError
from audit.network.loading.canonical import is_graph
from audit.network.network import Network, Params
from audit.network.params import find_weights

PARITY = 1e-4  # of the logits' scale: float32, and another order of the same sums
_PROBES = 4


class LoadableModel:
    """One model object whose weights are assigned in place, since code that compiles per model compiles once.

    ``model`` is Functional where the audited one is a graph, so that it has ``inputs`` and ``output``. With ``head`` it
    ends as the audited model does, in a softmax, say; without, in logits.
    """

    def __init__(self, network: Network, *, head: bool) -> None:
        """Build the model and see that it computes what the network does.

        Raises:
            InputError: the network is not that of a Keras model, or its output activation cannot be taken off.
        """
        self.model, self._variables = _build(network, head=head)
        self._loaded: Params | None = None
        self.load(network.params)
        _check(network, self.model, head=head)

    def load(self, params: Params) -> None:
        """Assign parameters by name; nothing is done for the mapping that was loaded last."""
        if params is not self._loaded:
            for name, variable in self._variables.items():
                variable.assign(params[name])
            self._loaded = params


def _build(network: Network, *, head: bool) -> tuple[keras.Model, Mapping[str, Any]]:
    if network.rebuild is None:
        raise InputError(
            "M090",
            "the network is not a Keras model, which this method needs",
            where=network.name,
            fix="audit a model that is loaded from a file or built as a keras.Model",
        )
    model = network.rebuild()
    network.restore(model)
    variables = {weight.name: weight.variable for weight in find_weights(model)}
    if set(variables) != set(network.added):
        raise InputError(
            "M090",
            "the rebuilt model has different weights",
            where=network.name,
            expected=f"{len(network.added)} weights",
            received=f"{len(variables)}",
        )
    if is_graph(model):
        output = model.outputs[0] if head else _logits(model)
        model = keras.Model(model.inputs[0], output, name=network.name)
    return model, variables


def _logits(model: keras.Model) -> Any:
    """Return the symbolic logits: the output, or what a final softmax or sigmoid is computed from."""
    last = model.outputs[0]._keras_history.operation
    activation = getattr(last, "activation", None)
    if isinstance(last, keras.layers.Softmax) or (
        isinstance(last, keras.layers.Activation) and _normalises(activation)
    ):
        return last._inbound_nodes[-1].input_tensors[0]
    if not _normalises(activation):
        return model.outputs[0]
    before = last._inbound_nodes[-1].input_tensors[0]
    last.activation = keras.activations.linear  # of a layer that was built anew: the user's own is not touched
    return last(before)


def _normalises(activation: Any) -> bool:
    return activation in (keras.activations.softmax, keras.activations.sigmoid)


def _check(network: Network, model: keras.Model, *, head: bool) -> None:
    """Raise InputError unless the model gives what the network gives: up to the head, if that is on."""
    x = np.random.default_rng(0).standard_normal((_PROBES, *network.input_shape)).astype(np.float32)
    found = gap(network, model, x, head=head)
    if not found <= PARITY:  # NaN too
        raise InputError(
            "M091",
            "the rebuilt model computes different logits than the audited network",
            where=network.name,
            expected="the same logits",
            received=f"a difference of {found:g} of their scale",
            fix="use this method on models as loaded, not on rewritten ones",
        )


def gap(network: Network, model: keras.Model, x: np.ndarray, *, head: bool) -> float:
    """Return by how much a model's outputs differ from the network's on inputs ``x``, as a share of the logits' scale.

    With ``head`` the model ends in the network's head, and its outputs are compared behind it.
    """
    expected = np.asarray(keras.ops.convert_to_numpy(network.apply(network.params, x)))
    with keras.StatelessScope():  # what counts its calls is left as it is
        received = np.asarray(keras.ops.convert_to_numpy(model(x, training=False)))
    heads = (_same, keras.ops.sigmoid, *([keras.ops.softmax] if network.classes > 1 else [])) if head else (_same,)
    gaps = [np.abs(keras.ops.convert_to_numpy(each(expected)) - received).max() for each in heads]
    return float(min(gaps)) / max(1.0, float(np.abs(expected).max()))


def _same(logits: Any) -> Any:
    return logits
