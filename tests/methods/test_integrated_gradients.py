"""Integrated gradients keep the axioms of their paper, and the quadrature is the midpoint rule."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from audit.methods.gradient import Gradient
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.integrated_gradients import IntegratedGradients
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain, logits

_RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("steps", [1, 2, 7, 50])
@pytest.mark.parametrize("baseline", ["zeros", "mean", -1.0])
def test_a_linear_function_gives_each_input_its_own_term_for_every_number_of_steps(steps: int, baseline: Any) -> None:
    weight, x = _RANDOM.normal(size=(4, 3)), _RANDOM.normal(size=(2, 4))
    start = {"zeros": 0.0, "mean": x.mean(axis=1, keepdims=True)}.get(baseline, -1.0)
    method = IntegratedGradients(steps=steps, baseline=baseline)
    maps = explain(networks.linear(weight.tolist(), [1.0, 2.0, 3.0]), method, x, 1)
    assert np.allclose(maps, (x - start) * weight[:, 1], atol=1e-5)


@pytest.mark.parametrize("steps", [1, 3, 50])
def test_a_network_without_biases_makes_it_input_times_gradient(steps: int) -> None:
    network, x = networks.mlp(bias=False), _RANDOM.normal(size=(5, 6))
    maps = explain(network, IntegratedGradients(steps=steps), x, 1)
    assert np.allclose(maps, explain(network, InputTimesGradient(), x, 1), atol=1e-5)
    assert np.allclose(maps.sum(axis=1), logits(network, x)[:, 1], atol=1e-5)


def test_a_sum_pooled_convolution_gives_its_whole_output_away() -> None:
    network, x = networks.sum_pool(_RANDOM.normal(size=(3, 3))), _RANDOM.normal(size=(2, 6, 6, 1))
    maps = explain(network, IntegratedGradients(steps=5), x, 0)
    assert np.allclose(maps, explain(network, InputTimesGradient(), x, 0), atol=1e-5)
    assert np.allclose(maps.sum(axis=(1, 2, 3)), logits(network, x)[:, 0], atol=1e-5)


@pytest.mark.parametrize(("steps", "expected"), [(10, 1.0), (25, 0.96), (50, 1.0), (51, 50 / 51), (300, 1.0)])
def test_a_saturated_input_gets_its_share_by_the_midpoint_rule(steps: int, expected: float) -> None:
    midpoints = [2 * (step + 0.5) / steps for step in range(steps)]
    # A point that falls on the kink itself counts as closed, as ReLU'(0) = 0.
    assert 2 * sum(point < 1 - 1e-9 for point in midpoints) / steps == pytest.approx(expected)
    maps = explain(networks.saturating(), IntegratedGradients(steps=steps), [[2.0]], 0)
    assert maps.item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("steps", [2, 5, 50])
def test_positions_that_include_both_ends(steps: int) -> None:
    """As gradients at equally spaced points averaged in NumPy; the baseline's own gradient counts as one of them."""
    network, x = networks.mlp(seed=2), _RANDOM.normal(size=(3, 6)).astype(np.float32)
    slopes = [explain(network, Gradient(), share * x, 1) for share in np.linspace(0, 1, steps)]
    maps = explain(network, IntegratedGradients(steps=steps, positions="ends"), x, 1)
    assert np.allclose(maps, x * np.mean(slopes, axis=0), atol=1e-5)
    with pytest.raises(ValidationError, match="needs `steps: 2`"):
        IntegratedGradients(steps=1, positions="ends")


def test_equal_functions_get_equal_attributions() -> None:
    first, second = (
        explain(network, IntegratedGradients(steps=300), [[3.0, 1.0]], 0) for network in networks.rectified_pair()
    )
    assert np.allclose(first, second, atol=1e-5)
    assert np.allclose(first, [[1.5, -0.5]], atol=0.02)  # one kink on the line: O(1/steps)


def test_symmetric_inputs_get_equal_credit() -> None:
    assert np.allclose(explain(networks.product(), IntegratedGradients(), [[1.0, 1.0]], 0), [[0.5, 0.5]], atol=1e-5)


@pytest.mark.parametrize("baseline", ["zeros", "mean", 0.3])
@pytest.mark.parametrize("network", [networks.cnn(channels=2), networks.residual()], ids=["cnn", "residual"])
def test_attributions_sum_to_the_change_of_the_logit(network: Network, baseline: Any) -> None:
    x = _RANDOM.normal(size=(4, 8, 8, 2)).astype(np.float32)
    start = {"zeros": 0 * x, "mean": x.mean(axis=(1, 2), keepdims=True) + 0 * x}.get(baseline, 0 * x + 0.3)
    change = (logits(network, x) - logits(network, start))[:, 2]
    gaps = [
        abs(explain(network, IntegratedGradients(steps=steps, baseline=baseline), x, 2).sum(axis=(1, 2, 3)) - change)
        for steps in (4, 400)
    ]
    assert gaps[1].max() < 0.02 * abs(change).max()
    assert gaps[1].mean() < gaps[0].mean() / 5


def test_it_is_linear_in_the_function() -> None:
    x, (a, b) = _RANDOM.normal(size=(3, 6)), (2.0, -0.5)
    maps = [explain(networks.mlp(seed=3), IntegratedGradients(steps=9), x, target) for target in (0, 1)]
    mixed = networks.mlp(seed=3)
    kernel, bias = (np.array(mixed.params[name]) for name in list(mixed.params)[-2:])
    kernel[:, 2], bias[2] = a * kernel[:, 0] + b * kernel[:, 1], a * bias[0] + b * bias[1]
    params = {**mixed.params, **dict(zip(list(mixed.params)[-2:], (kernel, bias), strict=True))}
    both = explain(mixed, IntegratedGradients(steps=9), x, 2, params=params)
    assert np.allclose(both, a * maps[0] + b * maps[1], atol=1e-5)


def test_an_input_of_no_weight_gets_nothing() -> None:
    network = networks.mlp()
    first = next(iter(network.params))
    kernel = np.array(network.params[first])
    kernel[4] = 0
    maps = explain(
        network, IntegratedGradients(), _RANDOM.normal(size=(3, 6)), 0, params={**network.params, first: kernel}
    )
    assert (maps[:, 4] == 0).all() and (maps[:, :4] != 0).any()


def test_without_the_factor_it_is_the_mean_gradient() -> None:
    network, x = networks.mlp(), _RANDOM.normal(size=(2, 6)).astype(np.float32)
    points = [explain(network, Gradient(), (step + 0.5) / 8 * x, 1) for step in range(8)]
    local = IntegratedGradients(steps=8, multiply_by_input=False)
    assert np.allclose(explain(network, local, x, 1), np.mean(points, axis=0), atol=1e-5)
    assert np.allclose(explain(network, IntegratedGradients(steps=8), x, 1), x * np.mean(points, axis=0), atol=1e-5)


def test_its_noise_is_zero_where_the_input_is_the_baseline() -> None:
    x = np.array([[[0.0, 4.0]], [[2.0, 2.0]]], np.float32)
    noise = {
        baseline: IntegratedGradients(baseline=baseline).noise_map(networks.cnn(), x, np.random.default_rng(0))
        for baseline in ("zeros", "mean", 4.0)
    }
    assert ((noise["zeros"] == 0) == (x == 0)).all()
    assert (noise["mean"] != 0).all()  # the channels' means are 1 and 3
    assert ((noise[4.0] == 0) == (x == 4)).all()
    local = IntegratedGradients(multiply_by_input=False).noise_map(networks.cnn(), x, np.random.default_rng(0))
    assert (local != 0).all()


@pytest.mark.parametrize(
    "fields", [{"steps": 0}, {"steps": True}, {"steps": 2.5}, {"baseline": "black"}, {"baseline": True}, {"step": 5}]
)
def test_wrong_fields_are_faults(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        IntegratedGradients(**fields)
