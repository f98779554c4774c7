"""KernelSHAP against exact Shapley values: by brute force over all orders, and by the library shap."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import permutations, product

import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.kernel_shap import KernelShap, shares
from tests import networks
from tests.methods.explain import explain, logits

FEATURES = 6


def value(kept: np.ndarray) -> np.ndarray:
    """Return v(z) of a game of six players with interactions of second and third order, and a dummy (the last)."""
    a, b, c, d, e, _ = kept.T.astype(float)
    return 0.7 + 2 * a - b + 3 * a * b - 1.5 * b * c * d + np.maximum(a + c - 1.2 * e, 0) + 0.25 * d


def shapley(worth: Callable[[np.ndarray], np.ndarray], players: int) -> np.ndarray:
    """Return the mean, over all orders, of what each player adds on joining."""
    total, orders = np.zeros(players), list(permutations(range(players)))
    for order in orders:
        kept = np.zeros(players, bool)
        for player in order:
            before = worth(kept[None])[0]
            kept[player] = True
            total[player] += worth(kept[None])[0] - before
    return total / len(orders)


def play(method: KernelShap, labels: np.ndarray, seed: int = 0) -> tuple[np.ndarray, int]:
    """Return the Shapley values of ``value`` and how often it was asked."""
    asked = []

    def game(kept):
        asked.extend(kept)
        return np.stack([np.zeros(len(kept)), value(kept)], axis=1)

    return method.worth(game, labels, 1, np.random.default_rng(seed)), len(asked)


def test_with_all_coalitions_it_is_the_exact_shapley_value_of_a_game_of_six() -> None:
    exact = shapley(value, FEATURES)
    found, asked = play(KernelShap(samples=64), np.arange(FEATURES))
    assert asked == 64
    np.testing.assert_allclose(found, exact, atol=1e-10)
    assert abs(found[-1]) < 1e-10
    np.testing.assert_allclose(found.sum(), value(np.ones((1, 6)))[0] - value(np.zeros((1, 6)))[0])
    other, _ = play(KernelShap(samples=64), np.arange(FEATURES), seed=1)
    assert np.array_equal(other, found)  # nothing is drawn


def test_with_fewer_coalitions_it_adds_up_exactly_and_comes_near() -> None:
    exact = shapley(value, FEATURES)
    found = [play(KernelShap(samples=40), np.arange(FEATURES), seed) for seed in range(200)]
    assert all(asked <= 40 for _, asked in found)
    values = np.array([each for each, _ in found])
    np.testing.assert_allclose(values.sum(axis=1), exact.sum(), atol=1e-9)
    error = values.std(axis=0) / np.sqrt(len(values))
    assert (abs(values.mean(axis=0) - exact) <= 5 * error + 1e-9).all()
    assert values.std(axis=0).max() > 1e-3


def test_a_unit_shares_its_value_equally_among_its_pixels() -> None:
    labels = np.array([[0, 0, 1, 2], [0, 3, 4, 5]])
    found, _ = play(KernelShap(samples=64), labels)
    np.testing.assert_allclose(found * np.bincount(labels.ravel()), shapley(value, FEATURES), atol=1e-10)
    single = KernelShap().worth(lambda kept: kept[:, :1] * 3.0 + 1.0, np.zeros(4, int), 0, np.random.default_rng(0))
    np.testing.assert_allclose(single, [0.75])


def test_the_fit_meets_its_constraint() -> None:
    generator = np.random.default_rng(0)
    kept, weights = generator.random((20, 4)) < 0.5, generator.random(20)
    gains = generator.normal(size=20)
    found = shares(kept, weights, gains, 2.5)
    np.testing.assert_allclose(found.sum(), 2.5)
    for _ in range(20):  # no step along the constraint is better
        step = generator.normal(size=4)
        moved = found + 0.01 * (step - step.mean())
        assert weights @ (gains - kept @ moved) ** 2 >= weights @ (gains - kept @ found) ** 2


@pytest.mark.parametrize("baseline", ["zeros", 0.5, "mean"])
def test_on_a_network_it_is_exact_and_sums_to_the_difference_from_the_baseline(baseline: str | float) -> None:
    network, x = networks.mlp(), np.random.default_rng(0).normal(size=(2, FEATURES)).astype(np.float32)
    method = KernelShap(samples=64, baseline=baseline)
    found, starts = explain(network, method, x, [0, 2]), method.baselines(x, {})
    for row, start, target, phi in zip(x, starts, (0, 2), found, strict=True):

        def worth(kept, row=row, start=start, target=target):
            return logits(network, np.where(kept, row, start))[:, target].astype(np.float64)

        np.testing.assert_allclose(
            phi.sum(), (worth(np.ones((1, 6), bool)) - worth(np.zeros((1, 6), bool)))[0], atol=1e-5
        )
        if target == 0:
            np.testing.assert_allclose(phi, shapley(cached(worth), FEATURES), atol=1e-5)


def cached(worth):
    """Return the worth of all coalitions, looked up."""
    every = np.array(list(np.ndindex(*[2] * FEATURES)), bool)
    known = worth(every)
    return lambda kept: known[kept @ (2 ** np.arange(FEATURES)[::-1])]


def test_superpixels_of_an_image_add_up_and_too_few_coalitions_are_refused() -> None:
    network, x = networks.cnn(), np.random.default_rng(0).random((1, 8, 8, 1), np.float32)
    found = explain(network, KernelShap(), x, 1)
    difference = logits(network, x)[0, 1] - logits(network, np.zeros_like(x))[0, 1]
    np.testing.assert_allclose(found.sum(), difference, rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="fewer coalitions than units") as caught:
        KernelShap(units="features", samples=60).attribute(network)
    assert caught.value.code == "T172"


@pytest.mark.peer
def test_it_agrees_with_the_kernel_explainer_of_shap() -> None:
    import shap

    network, x = networks.mlp(), np.random.default_rng(3).normal(size=(2, FEATURES)).astype(np.float32)
    ours = np.stack([explain(network, KernelShap(baseline=0.25), x, target) for target in range(3)], axis=-1)
    explainer = shap.KernelExplainer(lambda rows: logits(network, rows), np.full((1, FEATURES), 0.25, np.float32))
    theirs = explainer.shap_values(x, nsamples=64, l1_reg=0, silent=True)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


EXACT = """
import json, sys
import numpy as np
import shap
worth = np.array(json.load(sys.stdin))
players = len(worth).bit_length() - 1
bits = 2 ** np.arange(players)[::-1]
masker = shap.maskers.Independent(np.zeros((1, players)))
explainer = shap.ExactExplainer(lambda rows: worth[(rows > 0.5) @ bits], masker)
print(json.dumps(explainer(np.ones((1, players)), silent=True).values[0].tolist()))
"""


@pytest.mark.peer
def test_it_agrees_with_the_exact_explainer_of_shap() -> None:
    """In a process of its own, in which numba does not compile: that takes far longer than a game of six."""
    everyone = np.array(list(product([False, True], repeat=FEATURES)))
    result = subprocess.run(
        [sys.executable, "-c", EXACT],
        input=json.dumps(value(everyone).tolist()),
        capture_output=True,
        text=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        check=True,
    )
    ours, _ = play(KernelShap(samples=64), np.arange(FEATURES))
    np.testing.assert_allclose(ours, json.loads(result.stdout.splitlines()[-1]), atol=1e-9)
