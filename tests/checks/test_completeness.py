"""Completeness: gaps of known size on closed-form networks, and a gap that falls with the steps."""

import numpy as np
import pytest

from audit.checks.completeness import Completeness, relative_gap
from audit.checks.shared.axioms import AUDITED
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.integrated_gradients import IntegratedGradients
from tests.checks.axioms import bench_of, cnn, controls_behave, judgements, means

METHODS = {
    "input_times_gradient": InputTimesGradient(),
    "integrated_gradients": IntegratedGradients(),
    "guided_backprop": GuidedBackprop(),
}
CHECK = Completeness(steps=(2, 200))


@pytest.fixture(scope="module")
def judged():
    return judgements(CHECK, bench_of(cnn(), METHODS), METHODS)


def test_controls_and_methods_get_their_verdicts(judged):
    assert controls_behave(CHECK, judged)
    outcomes = {name: judged[name].outcome for name in METHODS}
    assert outcomes == {
        "input_times_gradient": "fail",
        "integrated_gradients": "pass",
        "guided_backprop": "fail",
    }


def test_input_times_gradient_is_complete_where_nothing_saturates_and_no_bias_is(judged):
    gaps = means(judged["input_times_gradient"])
    assert gaps["a linear network"] < 1e-5 and gaps["a network without biases"] < 1e-5
    x = np.linspace(0.1, 3.0, 32)
    change = np.minimum(x, 1)
    expected = (np.abs(x * (x < 1) - change) / change.mean()).mean()
    assert gaps["1 - ReLU(1 - x)"] == pytest.approx(expected, rel=1e-5)


def test_the_gap_falls_with_the_steps_and_costs_at_most_half_a_step_per_kink(judged):
    gaps = means(judged["integrated_gradients"])
    assert gaps["2 steps"] > 5 * gaps[AUDITED] > 5 * gaps["200 steps"] > 0
    # One kink, where the slope falls from 1 to 0: at most half of x / steps is lost or won.
    assert gaps["1 - ReLU(1 - x)"] < 3 / (2 * 50) / np.minimum(np.linspace(0.1, 3, 32), 1).mean()
    assert "2 steps" not in means(judged["input_times_gradient"])


def test_what_does_not_apply_is_said_and_the_rest_decides(judged):
    assert "Not judged on a linear network: " in judged["guided_backprop"].reason
    assert judged["guided_backprop"].reason.startswith("On the audited network, the map's sum misses the change")


def test_a_gap_is_relative_to_the_mean_change():
    maps = np.array([[1.0, 2.0], [4.0, 0.0], [np.inf, 1.0]], np.float32)
    np.testing.assert_allclose(relative_gap(maps, np.array([2.0, 4.0, 3.0])), [1 / 3, 0, np.nan])
    assert np.isnan(relative_gap(maps, np.zeros(3))).all()
    assert np.isnan(relative_gap(maps, np.full(3, 1e-7), least=1e-6)).all()
