"""Input shift, implementation, precision and batch invariance, measured: what each method and control must get."""

import keras
import numpy as np
import pytest

from audit.checks.batch_invariance import BatchInvariance
from audit.checks.implementation_invariance import ImplementationInvariance
from audit.checks.input_shift import InputShift
from audit.checks.precision import Precision
from audit.engine.bench import Explained, NetworkBench
from audit.errors import InputError
from audit.methods.gradient import Gradient
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.integrated_gradients import IntegratedGradients
from audit.network.loading.load import from_model
from audit.record import Evidence, Unit
from audit.registry import find
from tests import networks
from tests.audits import make_facts

COUNT = 12
CONTROLS = {name: find("methods", name)() for name in ("edge_detector", "input", "random_map")}
METHODS = {
    "gradient": Gradient(),
    "input_times_gradient": InputTimesGradient(),
    "guided_backprop": GuidedBackprop(),
    "integrated_gradients": IntegratedGradients(steps=3),
    **CONTROLS,
}
FACTS = make_facts(COUNT)


def bench_of(network):
    inputs = np.random.default_rng(3).random((COUNT, *network.input_shape), np.float32)
    targets = np.arange(COUNT, dtype=np.int32) % network.classes
    given = Explained(inputs=inputs, ids=[str(row) for row in range(COUNT)], targets=targets)
    return NetworkBench(network, METHODS, given, seed=0, batch=6, gallery=(0, 1))


@pytest.fixture(scope="module")
def bench():
    """A dense network of six features, two rectified layers."""
    return bench_of(networks.mlp())


def judged(check, method, bench):
    """Measure and judge one method, an error about the model or the method recorded as a run records it."""
    found = []
    for condition in check.conditions(FACTS):
        unit = Unit(check="c", settings=check.settings(), method={"name": method}, condition=condition, world="w")
        try:
            measured = check.measure(method, condition, bench)
        except InputError as error:
            found.append(Evidence(unit=unit, status="failed", error=f"[{error.code}] {error.what}"))
        else:
            found.append(Evidence(unit=unit, status="done", scores=measured.scores, maps=measured.maps))
    return check.judge(found, FACTS)


@pytest.mark.parametrize(
    "check",
    [InputShift(), ImplementationInvariance(rewrites=("relu_rescaled",)), Precision(), BatchInvariance()],
    ids=["shift", "implementation", "precision", "batch"],
)
def test_controls_get_the_verdict_that_they_must(check, bench):
    for control, outcome in check.controls.items():
        assert judged(check, control, bench).outcome == outcome


@pytest.mark.parametrize(
    "check, method, outcome",
    [
        (InputShift(), "gradient", "pass"),
        (InputShift(), "input_times_gradient", "fail"),
        (InputShift(), "integrated_gradients", "fail"),
        (InputShift(baselines="moved"), "integrated_gradients", "pass"),
        (ImplementationInvariance(), "gradient", "pass"),
        (ImplementationInvariance(), "guided_backprop", "fail"),
        (Precision(), "gradient", "pass"),
        (BatchInvariance(together=4), "gradient", "pass"),
    ],
)
def test_methods_get_the_published_verdict(check, method, outcome, bench):
    judgement = judged(check, method, bench)
    assert judgement.outcome == outcome and judgement.inputs == COUNT
    assert all(np.isfinite(point.excess) for point in judgement.curve)


class MinusBatchMean(keras.layers.Layer):
    """Subtracts the mean over the batch: what an input gives depends on what stands beside it."""

    def call(self, inputs):
        return inputs - keras.ops.mean(inputs, axis=0, keepdims=True)


def test_a_network_that_looks_at_its_batch_fails_batch_invariance():
    point = keras.Input((4,))
    hidden = keras.layers.ReLU()(MinusBatchMean()(keras.layers.Dense(6, name="hidden")(point)))
    bench = bench_of(from_model(networks.fill(keras.Model(point, keras.layers.Dense(2)(hidden)), 0)))
    judgement = judged(BatchInvariance(together=4), "gradient", bench)
    assert judgement.outcome == "fail" and min(point.excess for point in judgement.curve) > 0.01


def test_a_subclassed_model_is_inconclusive_with_its_reason_where_its_operations_are_needed():
    bench = bench_of(networks.subclassed())
    for check in (InputShift(), ImplementationInvariance(), Precision()):
        judgement = judged(check, "gradient", bench)
        assert judgement.outcome == "inconclusive" and "could not be recorded" in judgement.reason
