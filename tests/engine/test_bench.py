"""The workshop: one trace per method, maps that depend on nothing but what they must."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from audit.engine.bench import BenchSettings, Explained, NetworkBench
from audit.methods.gradient import Gradient
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.random_map import RandomMap
from audit.methods.smoothgrad import SmoothGrad
from audit.network.loading.load import from_model
from audit.record import Original, Randomized, Rekeyed

COUNT = 10
METHODS = {"gradient": Gradient(), "smoothgrad": SmoothGrad(samples=3), "random_map": RandomMap()}


@pytest.fixture(scope="module")
def network():
    layers = keras.layers
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 1))
    hidden = layers.Flatten()(layers.Conv2D(3, 3, activation="relu", bias_initializer="normal")(inputs))
    return from_model(keras.Model(inputs, layers.Dense(4, bias_initializer="normal")(hidden)))


def bench_of(network, methods=METHODS, *, rows=None, batch=4, seed=0):
    generator = np.random.default_rng(1)
    rows = np.arange(COUNT) if rows is None else np.asarray(rows)
    inputs = generator.random((COUNT, 6, 6, 1), np.float32)
    targets = np.arange(COUNT, dtype=np.int32) % 4
    ids = [f"input-{row}" for row in rows]
    explained = Explained(inputs=inputs[rows], ids=ids, targets=targets[rows])
    return NetworkBench(network, methods, explained, BenchSettings(seed=seed, batch=batch, gallery=(0, 1)))


def sweep(seeds=2):
    return [
        Randomized(mode=mode, stage=stage, seed=seed, redraw=redraw)
        for redraw in ("permute", "initializer", "normal")
        for mode in ("cascading", "independent")
        for seed in range(seeds)
        for stage in (0, 1, 2)
    ]


def test_a_whole_sweep_traces_each_method_once(network):
    bench = bench_of(network)
    for condition in (Original(), Rekeyed(seed=1), *sweep()):
        for method in METHODS:
            bench.maps(method, condition)
    assert dict(bench.traces) == dict.fromkeys(METHODS, 1)


@pytest.mark.parametrize("method", METHODS)
def test_batch_size_and_order_change_nothing(network, method):
    condition = Randomized(mode="cascading", stage=1, seed=3)
    expected = bench_of(network, batch=1).maps(method, condition)
    for batch in (3, COUNT, 32):
        np.testing.assert_allclose(bench_of(network, batch=batch).maps(method, condition), expected, atol=1e-5)
    rows = np.random.default_rng(2).permutation(COUNT)
    np.testing.assert_allclose(bench_of(network, rows=rows).maps(method, condition), expected[rows], atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_re_drawn_is_the_reference_to_the_bit(network, method):
    bench = bench_of(network)
    reference = bench.maps(method, Original())
    again = bench.maps(method, Randomized(mode="cascading", stage=0, seed=5))
    assert again is not reference
    np.testing.assert_array_equal(again, reference)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_condition_gives_the_same_bytes_whatever_ran_between(network, method):
    condition, other = (Randomized(mode="cascading", stage=2, seed=seed) for seed in (0, 1))
    bench = bench_of(network)
    first = bench.maps(method, condition)
    assert not np.array_equal(bench.maps(method, other), first)
    np.testing.assert_array_equal(bench.maps(method, condition), first)
    np.testing.assert_array_equal(bench_of(network).maps(method, condition), first)


def test_another_key_changes_stochastic_methods_only(network):
    bench = bench_of(network)
    for method, changes in {"gradient": False, "smoothgrad": True, "random_map": True}.items():
        same = np.array_equal(bench.maps(method, Rekeyed(seed=1)), bench.maps(method, Original()))
        assert same is not changes


def test_independent_and_cascading_agree_at_the_first_stage(network):
    bench = bench_of(network)
    modes = [bench.maps("gradient", Randomized(mode=mode, stage=1, seed=7)) for mode in ("cascading", "independent")]
    np.testing.assert_array_equal(*modes)


def test_the_audit_seed_reaches_the_noise(network):
    maps = [bench_of(network, seed=seed).maps("smoothgrad", Original()) for seed in (0, 1)]
    assert not np.array_equal(*maps)


def test_noise_maps_belong_to_an_input_and_a_draw(network):
    methods = {"input_times_gradient": InputTimesGradient()}
    bench, rows = bench_of(network, methods), [4, 2]
    noise = bench.noise_maps("input_times_gradient", 0)
    np.testing.assert_array_equal(noise, bench_of(network, methods).noise_maps("input_times_gradient", 0))
    np.testing.assert_array_equal(
        bench_of(network, methods, rows=rows).noise_maps("input_times_gradient", 0), noise[rows]
    )
    assert not np.array_equal(noise, bench.noise_maps("input_times_gradient", 1))
    assert len({each.tobytes() for each in noise}) == COUNT


def test_another_network_is_explained_with_its_own_parameters(network):
    bench = bench_of(network)
    twin = replace(network, params={name: 2 * value for name, value in network.params.items()})
    on_twin = bench.explain("gradient", bench.explained, network=twin)
    np.testing.assert_array_equal(on_twin, bench_of(twin).maps("gradient", Original()))
    np.testing.assert_array_equal(on_twin, bench.explain("gradient", bench.explained, params=twin.params))
    assert not np.allclose(on_twin, bench.maps("gradient", Original()))
