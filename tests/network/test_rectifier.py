"""Which operations are rectifiers, and of what form: held against the values that each computes."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from audit.network.loading.load import from_model
from audit.network.network import Node, graph_of
from audit.network.rectifier import is_rectifier, limit, slope_below

L = keras.layers
FORMS: dict[str, Callable[[Any], Any]] = {
    "layer": L.ReLU(),
    "leaky": L.LeakyReLU(negative_slope=0.3),
    "capped": L.ReLU(max_value=4.0),
    "activation": L.Activation("relu"),
    "six": keras.ops.relu6,
    "function": keras.ops.relu,
    "leaky function": lambda x: keras.ops.leaky_relu(x, negative_slope=0.1),
    "maximum": lambda x: keras.ops.maximum(x, 0.0),
    "clip": lambda x: keras.ops.clip(x, 0.0, 3.0),
}


def node_of(form: Callable[[Any], Any]) -> Node:
    point = keras.Input((1,))
    model = keras.Model(point, L.Dense(1)(form(L.Rescaling(1.0)(point))))
    return graph_of(from_model(model))[1]


@pytest.mark.parametrize("name", FORMS)
def test_the_stated_form_is_the_one_that_it_computes(name: str) -> None:
    node = node_of(FORMS[name])
    assert is_rectifier(node)
    slope, cap = slope_below(node), limit(node)
    x = np.array([[-2.0], [-1.0], [1.0], [100.0]], np.float32)
    values = keras.ops.convert_to_numpy(FORMS[name](keras.ops.convert_to_tensor(x)))[:, 0]
    assert slope is not None and np.allclose(values[:3], [-2 * slope, -slope, 1.0], atol=1e-6)
    assert values[3] == (100.0 if cap is None else cap)


@pytest.mark.parametrize("form", [L.Activation("softplus"), keras.ops.tanh])
def test_what_does_not_cut_at_zero_is_none(form: Callable[[Any], Any]) -> None:
    assert not is_rectifier(node_of(form))


def test_a_parametric_rectifiers_slope_is_a_parameter_of_the_network() -> None:
    node = node_of(L.PReLU())
    assert is_rectifier(node) and slope_below(node) is None
