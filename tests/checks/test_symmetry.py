"""Symmetry: equal features of symmetric networks get equal credit, or the difference is measured."""

import numpy as np
import pytest

from audit.checks.shared.axioms import AUDITED
from audit.checks.symmetry import Symmetry, difference
from audit.methods.gradient import Gradient
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.integrated_gradients import IntegratedGradients
from audit.methods.smoothgrad import SmoothGrad
from tests import networks
from tests.checks.axioms import bench_of, cnn, controls_behave, deep_cnn, judgements, means

METHODS = {
    "integrated_gradients": IntegratedGradients(steps=3),
    "guided_backprop": GuidedBackprop(),
    "smoothgrad": SmoothGrad(samples=3),
}
CHECK = Symmetry()


@pytest.fixture(scope="module")
def benches():
    return {"images": bench_of(cnn(), METHODS), "flat": bench_of(networks.mlp(), METHODS)}


def test_controls_and_methods_get_their_verdicts(benches):
    bench = benches["images"]
    judged = judgements(CHECK, bench, METHODS)
    assert controls_behave(CHECK, judged)
    assert {name: judged[name].outcome for name in METHODS} == {
        "integrated_gradients": "pass",
        "guided_backprop": "pass",
        "smoothgrad": "fail",  # its noise tells equal features apart
    }
    assert set(means(judged["integrated_gradients"]).values()) == {0.0}
    assert "Not judged on x1 x2: " in judged["guided_backprop"].reason


def test_rounding_on_a_deep_network_does_not_tell_equal_features_apart():
    methods = {"gradient": Gradient()}
    judged = judgements(CHECK, bench_of(deep_cnn(), methods), methods)
    assert controls_behave(CHECK, judged) and means(judged["gradient"])[AUDITED] == 0


@pytest.mark.parametrize("shape", ["images", "flat"])
@pytest.mark.parametrize("name", ["symmetric", "product", "exchangeable", "exchangeable_pixels"])
def test_exchanging_the_pair_changes_nothing(benches, name, shape):
    bench = benches[shape]
    variant = bench.variant(name)
    x = np.random.default_rng(1).random(variant.explained.inputs.shape, np.float32)
    first, second = variant.notes["pair"]
    flat = x.reshape(len(x), -1, x.shape[-1] if x.ndim == 4 else 1)
    flat[:, [first, second]] = flat[:, [second, first]]
    exchanged = flat.reshape(x.shape).copy()
    flat[:, [first, second]] = flat[:, [second, first]]
    outputs = [bench.outputs(each, network=variant.network) for each in (x, exchanged)]
    np.testing.assert_allclose(*outputs, rtol=1e-5, atol=1e-6)
    assert not np.array_equal(x, exchanged)
    held = variant.explained.inputs.reshape(flat.shape)
    np.testing.assert_array_equal(held[:, first], held[:, second])


def test_a_difference_is_relative_to_the_largest():
    maps = np.array([[1.0, 3.0, -4.0], [2.0, 2.0, 1.0], [0.0, 0.0, 0.0]], np.float32)
    np.testing.assert_array_equal(difference(maps, np.array([0, 1])), [0.5, 0.0, np.nan])
