"""The audited model built again for training: its variables by name, and what they hold before the first step."""

import random
from typing import Any

import keras
import numpy as np

from audit.errors import InputError
from audit.network.keras_model import PARITY, gap
from audit.network.loading.canonical import is_graph
from audit.network.loading.state import filled
from audit.network.network import Network
from audit.network.params import find_weights, value_of
from audit.record import record


def rebuilt(network: Network) -> keras.Model:
    """Return the audited architecture anew, with the same fresh weights in every process.

    Raises:
        InputError: it cannot be rebuilt.
    """
    if network.rebuild is None:
        raise InputError(
            "M023",
            "cannot rebuild the model from its configuration",
            where=network.name,
            fix="use a network made from a Keras model",
        )
    before = random.getstate()
    random.seed(0)  # Keras takes the seed of an initializer that has none from here
    try:
        return network.rebuild()
    finally:
        random.setstate(before)


def variables_of(network: Network, model: keras.Model) -> dict[str, Any]:
    """Return the rebuilt model's variable of each parameter, in the parameters' order.

    By name where all names agree; else by place, since Keras numbers the names that it makes up itself.

    Raises:
        InputError: the weights are not those of the audited model.
    """
    found = find_weights(model)
    names = [weight.name for weight in found]
    by_name = set(names) == set(network.params)
    keys = names if by_name or len(found) != len(network.added) else network.added
    variables = {key: weight.variable for key, weight in zip(keys, found, strict=True)}
    wrong = [
        name
        for name, array in network.params.items()
        if name not in variables or tuple(variables[name].shape) != np.shape(array)
    ]
    if wrong or len(found) != len(network.params):
        raise InputError(
            "M028",
            "the rebuilt model has different weights than the audited one",
            where=network.name,
            expected=", ".join(wrong[:3]) or f"{len(network.params)} weights",
            received=f"{len(found)} weights: {', '.join(names[:3])}, ...",
            fix="return every argument that the model's layers depend on from get_config()",
        )
    return {name: variables[name] for name in network.params}


@record
class StartingState:
    """A variable that no optimizer trains, and its value before the first step."""

    variable: Any
    value: np.ndarray
    filled: bool


def starting_state(network: Network, model: keras.Model, probe: np.ndarray) -> list[StartingState]:
    """Restore the audited state in a model that was just built; return how each training starts.

    Raises:
        InputError: with the audited weights the model computes something else than the audited one.
    """
    variables = {id(each): each for layer in model._flatten_layers() for each in layer._non_trainable_variables}
    built = {key: value_of(variable) for key, variable in variables.items()}
    network.restore(model)
    fixed = model.inputs[0].shape[0] if is_graph(model) else None  # a stateful model takes one number of inputs
    inputs = np.resize(probe, (fixed or len(probe), *probe.shape[1:]))
    if not network.draws:  # else two answers differ, whatever was restored
        _check(network, model, inputs)
    fresh = filled(model, inputs)
    return [
        StartingState(variable=variable, value=built[key] if key in fresh else value_of(variable), filled=key in fresh)
        for key, variable in variables.items()
    ]


def _check(network: Network, model: keras.Model, probe: np.ndarray) -> None:
    found = gap(network, model, probe, head=True)
    if not found <= PARITY:  # NaN too
        raise InputError(
            "M033",
            "the rebuilt model computes something else than the audited one, with the same weights",
            where=network.name,
            expected="the same outputs",
            received=f"a difference of {found:.3g} of the logits' scale",
            fix="give each custom layer that holds more than weights get_config(), or save_assets() and load_assets()",
        )
