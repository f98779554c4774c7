"""SmoothGrad squared is the mean square of its base over SmoothGrad's own noisy copies."""

import numpy as np
import pytest

from audit.methods.gradient import Gradient
from audit.methods.smoothgrad_squared import SmoothGradSquared
from tests import networks
from tests.methods.copies import noisy_copies
from tests.methods.explain import explain
from tests.reference.perceptron import gradient

_RANDOM = np.random.default_rng(0)


def test_it_is_the_mean_square_over_the_noisy_copies_its_keys_give() -> None:
    network, x = networks.mlp(), _RANDOM.normal(size=(2, 6)).astype(np.float32)
    layers = list(zip(*[iter(network.params.values())] * 2, strict=True))
    maps = explain(network, SmoothGradSquared(samples=4, noise=0.3), x, 1)
    for row, copies in enumerate(noisy_copies(x, samples=4, noise=0.3)):
        assert np.allclose(maps[row], np.mean([gradient(layers, copy, 1) ** 2 for copy in copies], axis=0), atol=1e-5)


@pytest.mark.parametrize("noise", [0.0, 0.15, 2.0])
def test_of_a_linear_function_it_is_the_squared_weight(noise: float) -> None:
    weight, x = _RANDOM.normal(size=(4, 3)), _RANDOM.normal(size=(2, 4))
    maps = explain(networks.linear(weight.tolist(), [0.0] * 3), SmoothGradSquared(samples=5, noise=noise), x, 2)
    assert np.allclose(maps, weight[:, 2] ** 2, rtol=1e-5)


def test_its_unit_is_the_bases_squared() -> None:
    assert SmoothGradSquared().unit == "(logit / input)^2"
    assert SmoothGradSquared(base="input_times_gradient", samples=5).evaluations == 5


def test_its_noise_is_the_square_of_one_noise_for_all_copies() -> None:
    x = np.zeros(400, np.float32)
    x[0] = 1.0
    noise = SmoothGradSquared(base=Gradient()).noise_map(networks.mlp(), x, np.random.default_rng(0))
    assert noise.mean() == pytest.approx(1, rel=0.3) and noise.std() == pytest.approx(np.sqrt(2), rel=0.3)  # chi-square
    # Times the input: sigma^2 e^2 where the input is blank, with sigma = 0.5 of the range.
    method = SmoothGradSquared(base="input_times_gradient", noise=0.5, samples=200)
    masked = method.noise_map(networks.mlp(), x, np.random.default_rng(0))
    assert masked[1:].mean() == pytest.approx(0.25, rel=0.3)
