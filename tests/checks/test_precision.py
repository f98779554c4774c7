"""Precision, measured: gradients keep their maps in double precision, and the controls behave."""

from audit.checks.precision import Precision
from tests.checks.equal_maps import bench_of, controls_behave, passes, says_that_operations_are_missing

PRECISION = Precision()


def test_the_gradient_passes_and_controls_get_the_verdict_that_they_must():
    bench = bench_of()
    assert passes(PRECISION, "gradient", bench) and controls_behave(PRECISION, bench)


def test_a_subclassed_model_is_inconclusive_with_its_reason():
    assert says_that_operations_are_missing(PRECISION)
