"""Linearity: rectified signals are found, and nothing else is."""

import keras
import numpy as np
import pytest

from audit.checks.linearity import Linearity, from_sum
from audit.checks.shared.axioms import AUDITED
from audit.methods.grad_cam import GradCam
from audit.methods.gradient import Gradient
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.integrated_gradients import IntegratedGradients
from audit.methods.smoothgrad import SmoothGrad
from audit.network.loading.load import from_model
from tests.checks.axioms import bench_of, cnn, controls_behave, deep_cnn, judgements, means

METHODS = {
    "integrated_gradients": IntegratedGradients(steps=5),
    "guided_backprop": GuidedBackprop(),
    "grad_cam": GradCam(),
}
CHECK = Linearity()


@pytest.fixture(scope="module")
def bench():
    return bench_of(cnn(), METHODS)


def test_controls_and_methods_get_their_verdicts(bench):
    judged = judgements(CHECK, bench, METHODS)
    assert controls_behave(CHECK, judged)
    assert {name: judged[name].outcome for name in METHODS} == {
        "integrated_gradients": "pass",
        "guided_backprop": "fail",
        "grad_cam": "fail",
    }
    assert all(value < 1e-6 for value in means(judged["integrated_gradients"]).values())
    # The map of the input, taken for both outputs: |e - (2 - 0.5) e| / (2 |e| + 0.5 |e|).
    assert means(judged["input"]) == pytest.approx(dict.fromkeys(means(judged["input"]), 0.2))


@pytest.mark.parametrize("name", ["combined", "two_heads", "two_heads_convolution"])
def test_the_rewritten_last_layer_gives_the_weighted_sum(bench, name):
    variant = bench.variant(name)
    a, b = variant.notes["factors"]
    logits = bench.outputs(variant.explained.inputs, network=variant.network)
    params = {key: variant.notes.get(key, value) for key, value in variant.network.params.items()}
    mixed = bench.outputs(variant.explained.inputs, network=variant.network, params=params)
    np.testing.assert_allclose(mixed, a * logits + b * np.roll(logits, -1, axis=1), rtol=1e-4, atol=1e-5)


def test_rounding_on_a_deep_network_stays_far_below_the_limit():
    methods = {"gradient": Gradient(), "guided_backprop": GuidedBackprop()}
    judged = judgements(CHECK, bench_of(deep_cnn(), methods), methods)
    assert controls_behave(CHECK, judged) and judged["guided_backprop"].outcome == "fail"
    assert 0 < means(judged["gradient"])[AUDITED] < 1e-5


def test_without_a_dense_last_layer_the_closed_form_networks_decide():
    inputs = keras.Input((6, 6, 1))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(3, 3)(inputs))
    methods = {"smoothgrad": SmoothGrad(samples=3)}  # a mean over the same noisy inputs, so linear
    judged = judgements(CHECK, bench_of(from_model(keras.Model(inputs, pooled)), methods), methods)["smoothgrad"]
    assert judged.outcome == "pass" and AUDITED not in means(judged) and judged.per_input == ()
    assert "Not judged on the audited network: the last layer of this network cannot" in judged.reason


def test_a_distance_is_relative_to_what_is_added():
    first, second = np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([[0.0, 5.0], [0.0, 0.0]])
    joint = 2 * first - 0.5 * second + np.array([[0.0, 2.5], [0.0, 0.0]])
    np.testing.assert_allclose(from_sum(joint, 2.0, first, -0.5, second), [2.5 / 12.5, np.nan])
