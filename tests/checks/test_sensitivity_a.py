"""Sensitivity (a): saturation and dropped signals are found, on inputs of which one feature is left."""

import numpy as np
import pytest

from audit.checks.sensitivity_a import SensitivityA, one_feature
from audit.methods.gradient import Gradient
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.integrated_gradients import IntegratedGradients
from tests.checks.axioms import bench_of, cnn, controls_behave, judgements, means

METHODS = {
    "gradient": Gradient(),
    "integrated_gradients": IntegratedGradients(steps=20),
    "from_the_mean": IntegratedGradients(steps=2, baseline="mean"),
    "guided_backprop": GuidedBackprop(),
}
CHECK = SensitivityA()


@pytest.fixture(scope="module")
def judged():
    return judgements(CHECK, bench_of(cnn(), METHODS), METHODS)


def test_controls_and_methods_get_their_verdicts(judged):
    assert controls_behave(CHECK, judged)
    outcomes = {name: judged[name].outcome for name in METHODS}
    assert outcomes == {
        "gradient": "fail",
        "integrated_gradients": "pass",
        "from_the_mean": "inconclusive",  # its baseline moves with the input, so no feature differs alone
        "guided_backprop": "fail",
    }


def test_the_gradient_misses_exactly_what_lies_beyond_the_kink(judged):
    beyond = (np.linspace(0.1, 3.0, 32, dtype=np.float32) > 1).mean()
    assert means(judged["gradient"])["1 - ReLU(1 - x)"] == beyond
    assert "On 1 - ReLU(1 - x), the only feature that changed the output gets nothing" in judged["gradient"].reason


def test_guided_backprop_drops_a_signal_that_is_negative(judged):
    assert means(judged["guided_backprop"])["1 - ReLU(1 - x)"] == 1


@pytest.mark.parametrize("shape", [(4,), (3, 3, 2)])
def test_one_position_with_its_channels_is_left(shape):
    generator = np.random.default_rng(0)
    x, base = generator.random((5, *shape), np.float32), np.full((5, *shape), 0.5, np.float32)
    inputs, chosen = one_feature(x, base)
    differs = (inputs != base).reshape(5, -1, shape[-1] if len(shape) == 3 else 1)
    assert (differs.any(axis=-1).sum(axis=1) == 1).all() and (differs.any(axis=-1).argmax(axis=1) == chosen).all()
    away = np.abs(x - base).reshape(5, -1, differs.shape[-1]).max(axis=-1)
    assert (away.argmax(axis=1) == chosen).all()
    assert (inputs[inputs != base] == x[inputs != base]).all()
