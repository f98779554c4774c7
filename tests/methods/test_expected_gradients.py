"""Expected gradients: the gradients at the points that the keys give, complete in expectation."""

from typing import Any

import numpy as np
import pytest

from audit.methods.expected_gradients import ExpectedGradients
from audit.methods.integrated_gradients import IntegratedGradients
from tests import networks
from tests.methods.explain import explain, keys, logits
from tests.reference.perceptron import gradient
from tests.reference.threefry import fold, normal, uniform

_RANDOM = np.random.default_rng(0)


def _points(row: np.ndarray, key: tuple[int, int], samples: int, baseline: str) -> list[tuple[np.ndarray, float]]:
    """Return each sample's baseline and position on the way from it."""
    found = []
    for sample in range(samples):
        own = fold(key, sample)
        if baseline == "uniform":
            start = row.min() + (row.max() - row.min()) * uniform(fold(own, 0), len(row))
        else:
            start = row.mean() + row.std() * normal(fold(own, 0), len(row))
        found.append((start, float(uniform(fold(own, 1), 1)[0])))
    return found


@pytest.mark.parametrize("baseline", ["uniform", "gaussian"])
def test_it_is_the_mean_over_the_points_its_keys_give(baseline: Any) -> None:
    network, x = networks.mlp(), _RANDOM.normal(size=(2, 6)).astype(np.float32)
    layers = list(zip(*[iter(network.params.values())] * 2, strict=True))
    maps = explain(network, ExpectedGradients(samples=4, baseline=baseline), x, 1)
    local = explain(network, ExpectedGradients(samples=4, baseline=baseline, multiply_by_input=False), x, 1)
    for row, (one, key) in enumerate(zip(x.astype(np.float64), keys(2).tolist(), strict=True)):
        points = _points(one, tuple(key), 4, baseline)
        slopes = [gradient(layers, start + at * (one - start), 1) for start, at in points]
        ways = [one - start for start, _ in points]
        assert np.allclose(maps[row], np.mean(np.multiply(slopes, ways), axis=0), atol=1e-5)
        assert np.allclose(local[row], np.mean(slopes, axis=0), atol=1e-5)


def test_its_sum_is_the_logit_minus_its_mean_over_the_baselines_in_expectation() -> None:
    network, x = networks.mlp(), _RANDOM.normal(size=(1, 6)).astype(np.float32)
    sums = explain(network, ExpectedGradients(samples=400), np.repeat(x, 40, axis=0), 2).sum(axis=1)
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
    generator = np.random.default_rng(0)
    for baseline, spread in (("uniform", np.sqrt(1 / 3)), ("gaussian", x.std()), ("zeros", 0.0)):
        noise = ExpectedGradients(baseline=baseline, samples=100).noise_map(networks.mlp(), x, generator)
        assert noise[:1000].std() == pytest.approx(1, rel=0.15)
        assert noise[1000:].std() == pytest.approx(spread / 10, rel=0.15)
