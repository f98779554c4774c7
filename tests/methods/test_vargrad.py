"""VarGrad is the variance of its base over SmoothGrad's own noisy copies, and keeps its digits."""

import numpy as np
import pytest
from pydantic import ValidationError

from audit.methods.gradient import Gradient
from audit.methods.vargrad import VarGrad
from tests import networks
from tests.methods.copies import noisy_copies
from tests.methods.explain import explain
from tests.reference.perceptron import gradient

_RANDOM = np.random.default_rng(0)


def test_it_is_the_variance_over_the_noisy_copies_its_keys_give() -> None:
    network, x = networks.mlp(), _RANDOM.normal(size=(2, 6)).astype(np.float32)
    layers = list(zip(*[iter(network.params.values())] * 2, strict=True))
    maps = explain(network, VarGrad(samples=4, noise=0.8), x, 1)
    for row, copies in enumerate(noisy_copies(x, samples=4, noise=0.8)):
        assert np.allclose(maps[row], np.var([gradient(layers, copy, 1) for copy in copies], axis=0), atol=1e-6)
    assert maps.any()


def test_of_a_linear_function_it_is_zero_however_large_the_weight() -> None:
    weight, x = 1e4 * _RANDOM.normal(size=(4, 3)), _RANDOM.normal(size=(2, 4))
    maps = explain(networks.linear(weight.tolist(), [0.0] * 3), VarGrad(), x, 1)
    assert (maps < (1e-6 * weight[:, 1]) ** 2).all()


def test_a_small_variance_beside_a_large_mean_keeps_its_digits() -> None:
    """The difference of the mean square and the squared mean would be rounding: 1 in 10^8 of the mean square."""
    network = networks.linear(np.zeros((2000, 2)).tolist(), [0.0, 0.0])
    x = np.tile([999.5, 1000.5], 1000)[None]
    maps = explain(network, VarGrad(base="input", samples=50, noise=0.1), x, 0)
    assert maps.mean() == pytest.approx(0.01 * 49 / 50, rel=0.05)


def test_its_noise_is_the_variance_of_noise() -> None:
    x = np.linspace(0, 1, 400, dtype=np.float32)
    noise = VarGrad(base=Gradient(), samples=25).noise_map(networks.mlp(), x, np.random.default_rng(0))
    assert noise.mean() == pytest.approx(24 / 25, rel=0.1)
    masked = VarGrad(base="input_times_gradient", noise=0.01).noise_map(networks.mlp(), x, np.random.default_rng(0))
    assert np.corrcoef(masked, x**2)[0, 1] > 0.8


def test_one_copy_and_no_noise_have_no_variance() -> None:
    for fields in ({"samples": 1}, {"noise": 0.0}):
        with pytest.raises(ValidationError, match="greater than"):
            VarGrad(**fields)
