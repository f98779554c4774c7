"""Rounding is kept out of relations that hold exactly, or measured; nothing else is forgiven for it."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from audit.checks.batch_invariance import BatchInvariance
from audit.checks.implementation_invariance import ImplementationInvariance
from audit.checks.input_shift import InputShift
from audit.checks.shared import arithmetic
from audit.checks.shared.equality import difference
from audit.engine.bench import BenchSettings, NetworkBench
from audit.methods.gradient import Gradient
from audit.methods.guided_backprop import GuidedBackprop
from audit.network.loading.load import from_model
from audit.record import Original
from tests import networks
from tests.checks.equal_maps import COUNT, bench_of, judged

LAYERS = keras.layers
FEATURES, UNITS = 64, 48


class Halved(LAYERS.Layer):
    """Computes in float32, whatever it is asked for: such a network cannot be put into float64."""

    def call(self, inputs):
        return keras.ops.cast(inputs, "float32") * 0.5


class OneInAHundred(Gradient):
    """A gradient with a pattern of a hundredth of its size, which depends on how a network is written down."""

    def attribute(self, network):
        gradient, generator = super().attribute(network), np.random.default_rng(len(network.params))
        pattern = 0.017 * generator.standard_normal(network.input_shape).astype(np.float32)
        return lambda params, x, target, key: gradient(params, x, target, key) * (1 + pattern)


class Chaotic(Gradient):
    """Noise of which the last bit of a parameter decides."""

    def attribute(self, network):
        name = next(iter(network.params))

        def chaotic(params, x, target, key):
            places = keras.ops.arange(1, FEATURES + 1, dtype="float32")
            return keras.ops.sin(keras.ops.cast(keras.ops.sum(params[name]), "float32") * 1e6 * places) + 0 * x

        return chaotic


def layered(*last, kinks):
    """A network with a normalised rectifier; at ``kinks`` each input has units that stand within rounding of zero."""
    point = keras.Input((FEATURES,))
    normalise = LAYERS.BatchNormalization()
    x = LAYERS.ReLU()(normalise(LAYERS.Dense(UNITS, use_bias=False, name="first")(point)))
    for each in last:
        x = each(x)
    model = networks.fill(keras.Model(point, LAYERS.Dense(4)(x)), 0)
    if kinks:
        kernel = np.asarray(model.get_layer("first").get_weights()[0], np.float64)
        values = np.random.default_rng(3).random((COUNT, FEATURES), np.float32).astype(np.float64) @ kernel
        at_zero = values[np.arange(UNITS) % COUNT, np.arange(UNITS)]
        normalise.set_weights([np.ones(UNITS), np.zeros(UNITS), at_zero, np.ones(UNITS)])
    return from_model(model)


@pytest.fixture(scope="module")
def bench():
    return bench_of(layered(kinks=True), guided_backprop=GuidedBackprop(), hundredth=OneInAHundred())


REWRITTEN = ImplementationInvariance(rewrites=("batch_norm_folded", "linear_split", "dead_branch"))


def test_a_gradient_is_invariant_although_rounding_changes_it_in_float32(bench):
    split = bench.variant("linear_split")
    maps = bench.maps("gradient", Original()), bench.explain("gradient", split.explained, network=split.network)
    assert difference(*maps).mean() > 0.01  # in float32, where rectifiers open or shut
    for check in (REWRITTEN, InputShift(), BatchInvariance(together=4)):
        found = judged(check, "gradient", bench)
        assert found.outcome == "pass" and "float32" not in found.reason, check
        assert (
            max(point.excess for point in found.curve) < 1e-6 and min(point.interval[0] for point in found.curve) >= 0
        )


def test_what_depends_on_how_a_network_is_written_fails(bench):
    assert judged(REWRITTEN, "guided_backprop", bench).outcome == "fail"
    found = judged(REWRITTEN, "hundredth", bench)
    assert found.outcome == "fail" and 0.005 < found.criteria[0].statistic < 0.05


@pytest.fixture(scope="module")
def coarse():
    return bench_of(
        layered(Halved(name="halved"), LAYERS.ReLU(), kinks=False), hundredth=OneInAHundred(), chaotic=Chaotic()
    )


def test_where_float64_is_not_to_be_had_rounding_is_measured(coarse):
    found = judged(BatchInvariance(together=4), "gradient", coarse)
    assert found.outcome == "pass" and "Computed in float32, where rounding alone changes them" in found.reason
    floor = arithmetic.floor("gradient", coarse, "float32", difference).difference
    assert (floor > 0).all() and floor.mean() < 3e-3
    assert (arithmetic.floor("gradient", coarse, "float64", difference).difference == 0).all()


def test_a_hundredth_is_seen_above_rounding_and_chaos_is_not_rounding(coarse):
    check = ImplementationInvariance(rewrites=("batch_norm_folded",))
    assert judged(check, "hundredth", coarse).outcome == "fail"
    assert judged(check, "chaotic", coarse).outcome == "fail"


def test_other_numbers_are_the_nearest_ones():
    value = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    value[:10] = 0
    moved = arithmetic._neighbour(value, np.random.default_rng(1))
    assert moved.dtype == np.float32 and (moved[:10] == 0).all()
    assert 0.5 < (moved != value).mean() < 0.8 and np.abs(moved / np.where(value, value, 1) - 1)[10:].max() < 1.3e-7


def test_how_is_rounded_belongs_to_the_inputs_and_not_to_their_order(bench):
    own = bench.explained
    turned = replace(own, inputs=own.inputs[::-1], ids=own.ids[::-1], targets=own.targets[::-1])
    other = NetworkBench(bench.network, {"gradient": Gradient()}, turned, BenchSettings(seed=0, batch=len(own.ids)))
    moved = [arithmetic.rounded_otherwise("gradient", each) for each in (bench, other)]
    np.testing.assert_array_equal(moved[0], moved[1][::-1])
