"""Batch invariance, measured: what looks at its batch fails."""

import keras

from audit.checks.batch_invariance import BatchInvariance
from audit.network.loading.load import from_model
from tests import networks
from tests.checks.equal_maps import bench_of, controls_behave, judged, passes


class MinusBatchMean(keras.layers.Layer):
    """Subtracts the mean over the batch: what an input gives depends on what stands beside it."""

    def call(self, inputs):
        return inputs - keras.ops.mean(inputs, axis=0, keepdims=True)


def test_the_gradient_passes_and_controls_get_the_verdict_that_they_must():
    bench = bench_of()
    assert passes(BatchInvariance(together=4), "gradient", bench) and controls_behave(BatchInvariance(), bench)


def test_a_network_that_looks_at_its_batch_fails():
    point = keras.Input((4,))
    hidden = keras.layers.ReLU()(MinusBatchMean()(keras.layers.Dense(6, name="hidden")(point)))
    bench = bench_of(from_model(networks.fill(keras.Model(point, keras.layers.Dense(2)(hidden)), 0)))
    judgement = judged(BatchInvariance(together=4), "gradient", bench)
    assert judgement.outcome == "fail" and min(point.excess for point in judgement.curve) > 0.01
