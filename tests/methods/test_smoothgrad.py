"""SmoothGrad is the plain mean of its base over noise of the stated size, whatever the base."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from audit.backend import active
from audit.backend.random import fold, normal
from audit.methods.gradient import Gradient
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.integrated_gradients import IntegratedGradients
from audit.methods.smoothgrad import SmoothGrad
from tests import networks
from tests.methods.explain import explain, keys, tensor

_RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("base", ["gradient", "input_times_gradient", "guided_backprop", "grad_cam", "edge_detector"])
def test_without_noise_it_is_its_base(base: str) -> None:
    network, x = networks.cnn(), _RANDOM.normal(size=(3, 8, 8, 1))
    method = SmoothGrad(base=base, samples=4, noise=0)
    assert np.allclose(explain(network, method, x, 1), explain(network, method.base, x, 1), rtol=1e-5, atol=1e-6)
    assert not method.stochastic


def test_a_linear_function_keeps_its_gradient_under_noise() -> None:
    weight = _RANDOM.normal(size=(4, 3))
    maps = explain(networks.linear(weight.tolist(), [0.0] * 3), SmoothGrad(noise=0.5), _RANDOM.normal(size=(2, 4)), 0)
    assert np.allclose(maps, weight[:, 0], atol=1e-5)


def test_it_is_the_mean_over_the_noisy_inputs_its_keys_give() -> None:
    network, x = networks.cnn(), _RANDOM.normal(size=(3, 8, 8, 1)).astype(np.float32)
    sigma = 0.3 * (x.max(axis=(1, 2, 3)) - x.min(axis=(1, 2, 3)))[:, None, None, None]
    total = np.zeros(x.shape)
    for sample in range(4):
        own = fold(tensor(keys(3)), sample)
        total += explain(network, Gradient(), x + sigma * active().to_numpy(normal(fold(own, 0), (8, 8, 1))), 1)
    assert np.allclose(explain(network, SmoothGrad(samples=4, noise=0.3), x, 1), total / 4, atol=1e-5)


def test_the_noise_has_the_stated_size_relative_to_each_inputs_range() -> None:
    x = np.stack([np.linspace(0, 1, 400), np.linspace(-10, 20, 400)])
    network = networks.linear(np.zeros((400, 2)).tolist(), [0.0, 0.0])
    one = explain(network, SmoothGrad(base="input", samples=1, noise=0.15), x, 0) - x
    many = explain(network, SmoothGrad(base="input", samples=25, noise=0.15), x, 0) - x
    for noise, size in ((one, 0.15), (many, 0.15 / 5)):
        assert np.allclose(noise.std(axis=1) / [1, 30], size, rtol=6 / np.sqrt(2 * 400))  # six standard errors
        assert (abs(noise.mean(axis=1) / [1, 30]) < 6 * size / 20).all()


def test_a_constant_input_gets_no_noise() -> None:
    network, x = networks.mlp(), np.full((1, 6), 0.7)
    assert np.allclose(explain(network, SmoothGrad(), x, 1), explain(network, Gradient(), x, 1), atol=1e-6)


def test_a_stochastic_base_draws_anew_for_each_sample_and_not_the_inputs_own_noise() -> None:
    network = networks.linear(np.zeros((2000, 2)).tolist(), [0.0, 0.0])
    x = np.linspace(0, 1, 2000)[None]
    drawn = explain(network, SmoothGrad(base="random_map", samples=16), x, 0)
    assert drawn.std() == pytest.approx(1 / 4, rel=0.1)
    added = explain(network, SmoothGrad(base="input", samples=16), x, 0) - x
    assert abs(np.corrcoef(drawn[0], added[0])[0, 1]) < 5 / np.sqrt(2000)


def test_its_facts_are_its_bases() -> None:
    assert SmoothGrad(base=GuidedBackprop()).needs == "graph"
    assert SmoothGrad(base="grad_cam").needs == "convolution"
    assert SmoothGrad(base="grad_cam").signed is False
    assert SmoothGrad(base="input_times_gradient").unit == "logit"
    assert SmoothGrad(base={"integrated_gradients": {"steps": 7}}, samples=5).evaluations == 35
    assert SmoothGrad(base="random_map", noise=0).stochastic


def test_its_noise_is_the_bases_at_the_mean_noisy_input() -> None:
    network, x = networks.mlp(), np.array([0.0] * 500 + [8.0] * 500, np.float32)
    method = SmoothGrad(base="input_times_gradient", samples=16, noise=0.5)
    noise = method.noise_map(network, x, np.random.default_rng(0))
    # Blank entries hold noise of 0.5 * 8 / sqrt(16) = 1, times standard noise.
    assert noise[:500].std() == pytest.approx(1, rel=0.2)
    assert noise[500:].std() == pytest.approx(np.sqrt(8**2 + 1), rel=0.2)
    quiet = SmoothGrad(base="input_times_gradient", noise=0).noise_map(network, x, np.random.default_rng(0))
    assert (quiet[:500] == 0).all()


@pytest.mark.parametrize(
    "base",
    ["gradient", {"gradient": {}}, {"gradient": None}, Gradient()],
    ids=["name", "mapping", "no fields", "value"],
)
def test_a_base_may_be_written_in_each_way(base: Any) -> None:
    assert SmoothGrad(base=base) == SmoothGrad()


def test_a_base_may_have_fields() -> None:
    method = SmoothGrad(base={"smoothgrad": {"base": {"integrated_gradients": {"steps": 3}}, "samples": 2}})
    assert method.base == SmoothGrad(base=IntegratedGradients(steps=3), samples=2)
    assert SmoothGrad(base=InputTimesGradient()) != SmoothGrad()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"base": "gradeint"}, "did you mean `gradient`"),
        ({"base": "zzz"}, "the methods are"),
        (
            {"base": {"integrated_gradients": {"steps": 0, "stops": 1}}},
            "integrated_gradients.steps: .*stops: Unexpected",
        ),
        (
            {"base": {"smoothgrad": {"base": {"integrated_gradients": {"steps": 0}}}}},
            "base.*integrated_gradients.steps",
        ),
        ({"base": {"gradient": {}, "input": {}}}, "one name with its fields"),
        ({"base": {"gradient": 3}}, "one name with its fields"),
        ({"base": 3}, "one name with its fields"),
        ({"samples": 0}, "greater than or equal to 1"),
        ({"noise": -0.1}, "greater than or equal to 0"),
        ({"noise": float("inf")}, "finite"),
        ({"sigma": 0.1}, "Unexpected"),
    ],
)
def test_wrong_fields_are_faults_that_say_where(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SmoothGrad(**fields)


def test_the_null_of_a_multiplied_base_shares_its_noisy_copies():
    """At a blank pixel both maps of a pair are masked by the same mean noise, as two models' maps under one key are."""
    method = SmoothGrad(base=InputTimesGradient(), samples=4)
    x = np.zeros((200, 1), np.float32)
    x[0] = 1.0
    pair = [np.abs(method.noise_map(None, x, each)) for each in np.random.default_rng(1).spawn(2)]
    assert 0.3 < np.corrcoef(*(np.argsort(np.argsort(each[1:, 0])) for each in pair))[0, 1] < 0.9
