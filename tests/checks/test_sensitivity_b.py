"""Sensitivity (b): exactly nothing for what is ignored, and the network that ignores it is the same network."""

import numpy as np
import pytest

from audit.checks.sensitivity_b import SensitivityB, ignored_share
from audit.checks.shared.axioms import AUDITED
from audit.methods.grad_cam import GradCam
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.integrated_gradients import IntegratedGradients
from tests import networks
from tests.checks.axioms import bench_of, controls_behave, judgements, means

METHODS = {
    "integrated_gradients": IntegratedGradients(steps=3),
    "guided_backprop": GuidedBackprop(),
    "grad_cam": GradCam(),
}
CHECK = SensitivityB(undefined_at_most=0.9)


@pytest.fixture(scope="module")
def bench():
    return bench_of(networks.residual(), METHODS)


def test_controls_and_methods_get_their_verdicts(bench):
    judged = judgements(CHECK, bench, METHODS)
    assert controls_behave(CHECK, judged)
    assert {name: judged[name].outcome for name in METHODS} == {
        "integrated_gradients": "pass",
        "guided_backprop": "pass",
        "grad_cam": "fail",  # its map is stretched over the pixels that are cut off
    }
    assert set(means(judged["guided_backprop"]).values()) == {0.0}
    assert set(means(judged["grad_cam"])) == {AUDITED}
    assert "Not judged on a network with a feature of no weight: " in judged["grad_cam"].reason


@pytest.mark.parametrize("name", ["ignoring", "ignored_feature"])
def test_what_is_called_ignored_is(bench, name):
    variant = bench.variant(name)
    ignored = variant.notes["ignored"]
    x = variant.explained.inputs
    inside = np.broadcast_to(ignored.reshape(*ignored.shape, *[1] * (x.ndim - 1 - ignored.ndim)), x.shape[1:])
    other = np.where(inside, 100.0, x).astype(np.float32)
    before, after = (bench.outputs(each, network=variant.network) for each in (x, other))
    np.testing.assert_array_equal(before, after)
    assert ignored.any() and not ignored.all()


def test_the_wider_network_is_the_audited_one(bench):
    variant = bench.variant("ignoring")
    wider = bench.outputs(variant.explained.inputs, network=variant.network)
    np.testing.assert_array_equal(wider, bench.outputs(bench.explained.inputs))


def test_a_share_is_of_the_largest_and_zeros_have_none():
    ignored = np.array([False, True, True])
    maps = np.array([[-4.0, 1.0, -2.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0], [1.0, np.nan, 0.0]], np.float32)
    np.testing.assert_array_equal(ignored_share(maps, ignored), [0.5, 0.0, np.nan, np.nan])
