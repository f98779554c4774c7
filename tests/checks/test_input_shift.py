"""Input shift, measured: the published verdict of each method, and its controls."""

import pytest

from audit.checks.input_shift import InputShift
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.integrated_gradients import IntegratedGradients
from tests.checks.equal_maps import bench_of, controls_behave, passes, says_that_operations_are_missing

SHIFT = InputShift()


@pytest.fixture(scope="module")
def bench():
    return bench_of(input_times_gradient=InputTimesGradient(), integrated_gradients=IntegratedGradients(steps=3))


def test_controls_get_the_verdict_that_they_must(bench):
    assert controls_behave(SHIFT, bench)


def test_methods_get_the_published_verdict(bench):
    assert passes(SHIFT, "gradient", bench)
    assert not passes(SHIFT, "input_times_gradient", bench)
    assert not passes(SHIFT, "integrated_gradients", bench)
    assert passes(InputShift(baselines="moved"), "integrated_gradients", bench)


def test_a_subclassed_model_is_inconclusive_with_its_reason():
    assert says_that_operations_are_missing(SHIFT)
