"""Guided integrated gradients against algorithm 1 of its paper, feature by feature, in slow NumPy."""

from typing import Any

import numpy as np
import pytest

from audit.methods.guided_integrated_gradients import GuidedIntegratedGradients
from tests import networks
from tests.methods.explain import explain, logits
from tests.reference.perceptron import gradient

_RANDOM = np.random.default_rng(0)


def _reference(layers: Any, x: np.ndarray, target: int, steps: int, fraction: float, corridor: float) -> np.ndarray:
    """Return the attribution from zeros: each round moves the features of least slope until the step's way is gone."""
    here, result = np.zeros_like(x), np.zeros_like(x)
    for step in range(1, steps + 1):
        slope = gradient(layers, here, target)
        before, least, most = here.copy(), max(step / steps - corridor, 0) * x, min(step / steps + corridor, 1) * x
        here = np.where(np.abs(here) < np.abs(least), least, here)
        goal = np.abs(x).sum() * (1 - step / steps)
        open_ = np.abs(here) < np.abs(most)
        while np.abs(x - here).sum() > goal + 1e-9 and open_.any():
            ranked = np.sort(np.where(open_, np.abs(slope), np.inf))
            chosen = open_ & (np.abs(slope) <= ranked[int(fraction * (len(x) - 1))])
            part = min(1.0, (np.abs(x - here).sum() - goal) / np.abs(most - here)[chosen].sum())
            here = np.where(chosen, here + part * (most - here), here)
            open_ &= ~chosen
        result += (here - before) * slope
    return result


@pytest.mark.parametrize(("fraction", "corridor"), [(0.25, 0.02), (0.25, 1.0), (0.5, 0.3), (1.0, 1.0)])
def test_it_follows_the_papers_algorithm(fraction: float, corridor: float) -> None:
    network, x = networks.mlp(), _RANDOM.normal(size=(3, 6)).astype(np.float32)
    layers = list(zip(*[iter(network.params.values())] * 2, strict=True))
    method = GuidedIntegratedGradients(steps=20, fraction=fraction, corridor=corridor)
    expected = [_reference(layers, row.astype(np.float64), 1, 20, fraction, corridor) for row in x]
    assert np.allclose(explain(network, method, x, 1), expected, atol=1e-4)


@pytest.mark.parametrize("steps", [1, 7])
@pytest.mark.parametrize("baseline", ["zeros", "mean", -1.0])
def test_of_a_linear_function_each_input_gets_its_own_term(steps: int, baseline: Any) -> None:
    weight, x = _RANDOM.normal(size=(4, 3)), _RANDOM.normal(size=(2, 4))
    method = GuidedIntegratedGradients(steps=steps, baseline=baseline, corridor=1.0)
    start = method.baselines(x.astype(np.float32), {})
    maps = explain(networks.linear(weight.tolist(), [1.0, 2.0, 3.0]), method, x, 1)
    assert np.allclose(maps, (x - start) * weight[:, 1], atol=1e-5)


def test_attributions_sum_to_the_change_of_the_logit_as_steps_grow() -> None:
    network, x = networks.residual(), _RANDOM.normal(size=(4, 8, 8, 2)).astype(np.float32)
    change = (logits(network, x) - logits(network, 0 * x))[:, 2]
    gaps = [
        abs(explain(network, GuidedIntegratedGradients(steps=steps), x, 2).sum(axis=(1, 2, 3)) - change)
        for steps in (10, 400)
    ]
    assert gaps[1].max() < 0.03 * abs(change).max()
    assert gaps[1].mean() < gaps[0].mean() / 5


def test_symmetric_inputs_move_together_and_get_equal_credit() -> None:
    maps = explain(networks.product(), GuidedIntegratedGradients(steps=400, corridor=1.0), [[1.0, 1.0]], 0)
    assert np.allclose(maps, [[0.5, 0.5]], atol=2e-3)


def test_inputs_at_their_baseline_and_inputs_without_a_way_get_nothing() -> None:
    network, x = networks.mlp(), _RANDOM.normal(size=(2, 6))
    x[0] = 0
    x[1, 3] = 0
    maps = explain(network, GuidedIntegratedGradients(steps=5), x, 1)
    assert not maps[0].any() and maps[1, 3] == 0 and maps[1].any()
    noise = GuidedIntegratedGradients().noise_map(network, x[1].astype(np.float32), np.random.default_rng(0))
    assert ((noise == 0) == (x[1] == 0)).all()
