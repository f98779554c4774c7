"""Each tiny network computes the function that its docstring states."""

import numpy as np

from audit.network.variants import closed_form
from tests.methods.explain import logits

RNG = np.random.default_rng(0)


def test_a_linear_network_is_its_matrix() -> None:
    weight, bias, x = RNG.normal(size=(4, 2)), [1.0, -1.0], RNG.normal(size=(5, 4))
    assert np.allclose(logits(closed_form.linear(weight, bias), x), x @ weight + bias, atol=1e-5)


def test_a_saturating_network_is_flat_from_one_on() -> None:
    x = np.array([[-1.0], [0.0], [0.5], [1.0], [3.0]])
    assert np.allclose(logits(closed_form.saturating(), x), 1 - np.maximum(1 - x, 0), atol=1e-6)


def test_the_rectified_pair_are_two_networks_of_one_function() -> None:
    x = np.stack([RNG.uniform(2, 4, 20), RNG.uniform(0.1, 0.9, 20)], axis=1)
    one, other = (logits(network, x) for network in closed_form.rectified_pair())
    assert np.allclose(one, other, atol=1e-5)
    assert np.allclose(one[:, 0], np.maximum(np.maximum(x[:, 0], 0) - 1 - np.maximum(x[:, 1], 0), 0), atol=1e-5)


def test_a_homogeneous_network_scales_with_its_input() -> None:
    network, x = closed_form.homogeneous(seed=0), RNG.normal(size=(3, 8, 8, 1))
    assert np.allclose(logits(network, 2.5 * x), 2.5 * logits(network, x), rtol=1e-4, atol=1e-5)
