"""Expected gradients: the gradients at the points that the keys give, complete in expectation."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audit.backend import active
from audit.engine.bench import BenchSettings, NetworkBench
from audit.methods.expected_gradients import MOST, REFERENCES, ExpectedGradients
from audit.methods.integrated_gradients import IntegratedGradients
from audit.methods.smoothgrad import SmoothGrad
from audit.record import Explained, Original
from tests import networks
from tests.methods.explain import explain, keys, logits
from tests.reference.perceptron import gradient
from tests.reference.threefry import fold, normal, uniform

_RANDOM = np.random.default_rng(0)


DATA = _RANDOM.normal(0.5, size=(5, 6)).astype(np.float32)


def _points(row: np.ndarray, key: tuple[int, int], samples: int, baseline: str) -> list[tuple[np.ndarray, float]]:
    """Return each sample's baseline and position on the way from it."""
    found = []
    for sample in range(samples):
        own = fold(key, sample)
        if baseline == "data":
            start = DATA[int(np.ceil(uniform(fold(own, 0), 1)[0] * len(DATA))) - 1].astype(np.float64)
        elif baseline == "uniform":
            start = row.min() + (row.max() - row.min()) * uniform(fold(own, 0), len(row))
        else:
            start = row.mean() + row.std() * normal(fold(own, 0), len(row))
        found.append((start, float(uniform(fold(own, 1), 1)[0])))
    return found


def _maps(method: ExpectedGradients, x: np.ndarray, target: int) -> np.ndarray:
    """Return maps on the perceptron, with the references taken from DATA."""
    network, learn = networks.mlp(), method.fit(networks.mlp())
    params = {**network.params, **(learn(network.params, DATA) if learn else {})}
    function = active().compile(method.attribute(network))
    return active().to_numpy(function(params, x, np.full(len(x), target, np.int32), keys(len(x))))


@pytest.mark.parametrize("baseline", ["data", "uniform", "gaussian"])
def test_it_is_the_mean_over_the_points_its_keys_give(baseline: Any) -> None:
    x = _RANDOM.normal(size=(2, 6)).astype(np.float32)
    layers = list(zip(*[iter(networks.mlp().params.values())] * 2, strict=True))
    maps = _maps(ExpectedGradients(samples=4, baseline=baseline), x, 1)
    local = _maps(ExpectedGradients(samples=4, baseline=baseline, multiply_by_input=False), x, 1)
    for row, (one, key) in enumerate(zip(x.astype(np.float64), keys(2).tolist(), strict=True)):
        points = _points(one, tuple(key), 4, baseline)
        slopes = [gradient(layers, start + at * (one - start), 1) for start, at in points]
        ways = [one - start for start, _ in points]
        assert np.allclose(maps[row], np.mean(np.multiply(slopes, ways), axis=0), atol=1e-5)
        assert np.allclose(local[row], np.mean(slopes, axis=0), atol=1e-5)


def test_from_data_it_is_integrated_gradients_averaged_over_the_references_and_complete_in_expectation() -> None:
    network, x = networks.mlp(), np.repeat(_RANDOM.normal(size=(1, 6)).astype(np.float32), 40, axis=0)
    layers = list(zip(*[iter(network.params.values())] * 2, strict=True))
    maps = _maps(ExpectedGradients(samples=400), x, 2)  # 40 keys of one input
    positions = (np.arange(200) + 0.5) / 200
    paths = [
        np.mean([gradient(layers, start + at * (x[0] - start), 2) for at in positions], axis=0) * (x[0] - start)
        for start in DATA.astype(np.float64)
    ]
    errors = maps.std(axis=0) / np.sqrt(40)
    assert (np.abs(maps.mean(axis=0) - np.mean(paths, axis=0)) < 5 * errors + 1e-3).all()
    sums, expected = maps.sum(axis=1), logits(network, x[:1])[0, 2] - logits(network, DATA)[:, 2].mean()
    assert abs(sums.mean() - expected) < 5 * sums.std() / np.sqrt(40) + 1e-3
    assert sums.std() < 0.2 * abs(expected)  # or the line above would say nothing


def test_at_most_so_many_references_are_taken() -> None:
    learn = ExpectedGradients().fit(networks.mlp())
    assert learn is not None and len(learn({}, np.zeros((MOST + 5, 6), np.float32))[REFERENCES]) == MOST
    assert ExpectedGradients(baseline="uniform").fit(networks.mlp()) is None


@pytest.mark.parametrize(
    "method", [ExpectedGradients(samples=9), SmoothGrad(base=ExpectedGradients(samples=9), samples=2)]
)
def test_the_bench_draws_references_from_the_data_for_maps_baselines_and_nulls(method: Any) -> None:
    network, x = networks.mlp(), np.concatenate([DATA[:1], DATA[:1] + 3.0])
    explained = Explained(inputs=x, ids=["a", "b"], targets=np.zeros(2, np.int32))
    benches = [
        NetworkBench(network, {"m": method}, explained, BenchSettings(seed=0, batch=2, fitted_on=data))
        for data in (DATA, DATA[:1])
    ]
    starts = [bench.baselines("m", x) for bench in benches]
    assert np.array_equal(starts[0], np.repeat(DATA[:, None], 2, axis=1)) and starts[1].shape == (1, 2, 6)
    nulls = [bench.noise_maps("m", 0) for bench in benches]
    maps = [bench.maps("m", Original()) for bench in benches]
    assert nulls[0].all() and nulls[1][1].all()
    if isinstance(method, ExpectedGradients):  # no noise moves the input away from the only reference
        assert np.allclose([nulls[1][0], maps[1][0]], 0, atol=1e-6)
    assert maps[0].all() and maps[1][1].all()


def test_its_sum_is_the_logit_minus_its_mean_over_the_baselines_in_expectation() -> None:
    network, x = networks.mlp(), _RANDOM.normal(size=(1, 6)).astype(np.float32)
    method = ExpectedGradients(samples=400, baseline="uniform")
    sums = explain(network, method, np.repeat(x, 40, axis=0), 2).sum(axis=1)
    starts = _RANDOM.uniform(x.min(), x.max(), size=(20_000, 6))
    expected = logits(network, x)[0, 2] - logits(network, starts)[:, 2].mean()
    assert abs(sums.mean() - expected) < 5 * sums.std() / np.sqrt(40) + 1e-3
    assert sums.std() < 0.2 * abs(expected)  # or the line above would say nothing


@pytest.mark.parametrize("baseline", ["zeros", "mean", 0.4])
def test_with_one_baseline_it_approaches_integrated_gradients(baseline: Any) -> None:
    network, x = networks.mlp(), _RANDOM.normal(size=(3, 6))
    limit = explain(network, IntegratedGradients(steps=500, baseline=baseline), x, 1)
    errors = [
        np.abs(explain(network, ExpectedGradients(samples=samples, baseline=baseline), x, 1) - limit).mean()
        for samples in (20, 5000)
    ]
    assert errors[1] < errors[0] / 4 and errors[1] < 0.02 * np.abs(limit).max()


def test_its_noise_is_masked_by_the_mean_way_from_the_baselines() -> None:
    x = np.concatenate([np.full(500, -1.0), np.full(500, 1.0), np.zeros(500)]).astype(np.float32)
    network = replace(networks.mlp(), params={REFERENCES: np.outer([-1.0, 1.0], np.ones(1500)).astype(np.float32)})
    generator = np.random.default_rng(0)
    for baseline, spread in (("uniform", np.sqrt(1 / 3)), ("gaussian", x.std()), ("zeros", 0.0)):
        noise = ExpectedGradients(baseline=baseline, samples=100).noise_map(network, x, generator)
        assert noise[:1000].std() == pytest.approx(1, rel=0.15)
        assert noise[1000:].std() == pytest.approx(spread / 10, rel=0.15)
    noise = ExpectedGradients(samples=100).noise_map(network, x, generator)
    assert noise[:500].std() + noise[500:1000].std() == pytest.approx(2, rel=0.1)  # -1 and 1, on both sides of the mean
    assert 0 < noise[1000:].std() < 0.4
