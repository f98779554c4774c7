"""Input times gradient is exactly the product, in closed forms and on networks."""

import numpy as np

from audit.methods.gradient import Gradient
from audit.methods.input_times_gradient import InputTimesGradient
from tests import networks
from tests.methods.explain import explain, logits

_RANDOM = np.random.default_rng(0)


def test_a_linear_function_gives_each_input_its_own_term() -> None:
    weight, x = _RANDOM.normal(size=(4, 3)), _RANDOM.normal(size=(2, 4))
    maps = explain(networks.linear(weight.tolist(), [1.0, 2.0, 3.0]), InputTimesGradient(), x, 2)
    assert np.allclose(maps, x * weight[:, 2], atol=1e-6)


def test_it_is_the_input_times_the_gradient() -> None:
    network, x = networks.cnn(), _RANDOM.normal(size=(3, 8, 8, 1)).astype(np.float32)
    product = x * explain(network, Gradient(), x, 1)
    assert np.allclose(explain(network, InputTimesGradient(), x, 1), product, rtol=1e-5, atol=1e-6)


def test_without_biases_its_sum_is_the_logit() -> None:
    network, x = networks.mlp(bias=False), _RANDOM.normal(size=(5, 6))
    sums = explain(network, InputTimesGradient(), x, 2).sum(axis=1)
    assert np.allclose(sums, logits(network, x)[:, 2], atol=1e-5)


def test_a_saturated_input_and_an_input_of_no_weight_get_nothing() -> None:
    assert explain(networks.saturating(), InputTimesGradient(), [[2.0]], 0).item() == 0
    network = networks.linear([[1.0, 2.0], [0.0, 0.0]], [0.0, 0.0])
    assert explain(network, InputTimesGradient(), [[3.0, 4.0]], 1).tolist() == [[6, 0]]


def test_its_noise_is_zero_where_the_input_is() -> None:
    x = np.array([[[0.0], [2.0]], [[-1.0], [0.0]]], np.float32)
    noise = InputTimesGradient().noise_map(networks.cnn(), x, np.random.default_rng(0))
    assert ((noise == 0) == (x == 0)).all()
    assert np.array_equal(noise, x * np.random.default_rng(0).standard_normal(x.shape, dtype=np.float32))
