"""Implementation invariance, measured: the published verdict of each method, and its controls."""

import pytest

from audit.checks.implementation_invariance import ImplementationInvariance
from audit.methods.guided_backprop import GuidedBackprop
from tests.checks.equal_maps import bench_of, controls_behave, passes, says_that_operations_are_missing

INVARIANCE = ImplementationInvariance()


@pytest.fixture(scope="module")
def bench():
    return bench_of(guided_backprop=GuidedBackprop())


def test_controls_get_the_verdict_that_they_must(bench):
    assert controls_behave(ImplementationInvariance(rewrites=("relu_rescaled",)), bench)


def test_methods_get_the_published_verdict(bench):
    assert passes(INVARIANCE, "gradient", bench)
    assert not passes(INVARIANCE, "guided_backprop", bench)


def test_a_subclassed_model_is_inconclusive_with_its_reason():
    assert says_that_operations_are_missing(INVARIANCE)
