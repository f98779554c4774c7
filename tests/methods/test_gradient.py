"""The gradient against closed forms, hand-written backpropagation and finite differences."""

import numpy as np
import pytest

from audit.methods.gradient import Gradient
from tests import networks
from tests.methods.explain import explain, logits
from tests.reference import perceptron
from tests.reference.derivative import derivative

_RANDOM = np.random.default_rng(0)


def test_a_linear_function_has_its_weights_as_gradient() -> None:
    weight = _RANDOM.normal(size=(4, 3))
    network = networks.linear(weight.tolist(), [1.0, -2.0, 0.5])
    for target in range(3):
        maps = explain(network, Gradient(), _RANDOM.normal(size=(2, 4)), target)
        assert np.allclose(maps, weight[:, target], atol=1e-6)


def test_it_equals_backpropagation_by_hand() -> None:
    network = networks.mlp()
    values = list(network.params.values())
    layers = list(zip(values[::2], values[1::2], strict=True))
    x, targets = _RANDOM.normal(size=(6, 6)).astype(np.float32), [0, 1, 2, 0, 1, 2]
    assert np.allclose(logits(network, x), [perceptron.logits(layers, row) for row in x], atol=1e-5)
    expected = [perceptron.gradient(layers, row, target) for row, target in zip(x, targets, strict=True)]
    assert np.allclose(explain(network, Gradient(), x, targets), expected, atol=1e-5)


def test_it_equals_the_formula_for_a_sum_pooled_convolution() -> None:
    kernel, x = _RANDOM.normal(size=(3, 3)), _RANDOM.normal(size=(6, 6))
    open_gates = np.zeros((8, 8))  # one pixel of border on each side: no output there
    for i, j in np.ndindex(6, 6):
        padded = np.pad(x, 1)
        open_gates[i + 1, j + 1] = (padded[i : i + 3, j : j + 3] * kernel).sum() > 0
    expected = np.zeros((6, 6))
    for i, j, k, m in np.ndindex(6, 6, 3, 3):  # Keras cross-correlates, so the gradient convolves
        expected[i, j] += open_gates[i + 1 - (k - 1), j + 1 - (m - 1)] * kernel[k, m]
    maps = explain(networks.sum_pool(kernel), Gradient(), x[None, ..., None], 0)
    assert np.allclose(maps[0, ..., 0], expected, atol=1e-5)


def test_a_saturated_input_gets_nothing() -> None:
    assert explain(networks.saturating(), Gradient(), [[2.0]], 0).item() == 0
    assert explain(networks.saturating(), Gradient(), [[0.5]], 0).item() == 1


def test_equal_functions_have_equal_gradients() -> None:
    for network in networks.rectified_pair():
        assert logits(network, [[3.0, 1.0]]).item() == 1
        assert explain(network, Gradient(), [[3.0, 1.0]], 0).tolist() == [[1, -1]]


def test_an_input_of_no_weight_gets_nothing() -> None:
    weight = np.vstack([_RANDOM.normal(size=(3, 2)), np.zeros((1, 2))])
    assert explain(networks.linear(weight.tolist(), [0.0, 1.0]), Gradient(), [[1.0, 2.0, 3.0, 4.0]], 1)[0, 3] == 0


@pytest.mark.parametrize("position", [0, 1])
def test_each_input_is_explained_for_its_own_target(position: int) -> None:
    weight = _RANDOM.normal(size=(4, 3))
    maps = explain(networks.linear(weight.tolist(), [0.0] * 3), Gradient(), np.ones((2, 4)), [2, 0])
    assert np.allclose(maps[position], weight[:, (2, 0)[position]], atol=1e-6)


def test_a_subclassed_model_is_explained_too() -> None:
    network = networks.subclassed()
    x = _RANDOM.normal(size=4)
    weights = [value.astype(np.float64) for value in network.params.values()]
    layers = [(weights[0], weights[1]), (weights[2], weights[3])]
    expected = derivative(lambda row: float(perceptron.logits(layers, row)[1]), x)
    assert np.allclose(explain(network, Gradient(), x[None], 1)[0], expected, atol=1e-5)
