"""LIME against a slow derivation of its regression, and in closed form where the score is linear."""

import numpy as np
import pytest

from audit.methods.lime import Lime
from audit.methods.shared.on_host import generator_of
from tests import networks
from tests.methods.explain import explain, keys

WEIGHT = np.array([[2.0, 0.0], [-1.0, 1.0], [0.5, 3.0], [0.0, -2.0]])
X = np.array([[1.0, 2.0, -1.0, 0.5]], np.float32)


def slow(kept: np.ndarray, scores: np.ndarray, width: float, ridge: float) -> np.ndarray:
    """Return the coefficients by the normal equations, the intercept unpenalised."""
    ones = np.ones(kept.shape[1])
    weights = []
    for z in kept.astype(float):
        cosine = z @ ones / (np.linalg.norm(z) * np.linalg.norm(ones)) if z.any() else 0.0
        weights.append(np.exp(-((1 - cosine) ** 2) / width**2))
    design = np.column_stack([kept, np.ones(len(kept))])
    penalty = ridge * np.diag([1.0] * kept.shape[1] + [0.0])
    weighted = design.T * np.array(weights)
    return np.linalg.solve(weighted @ design + penalty, weighted @ scores)[:-1]


@pytest.mark.parametrize(("width", "ridge"), [(0.25, 1.0), (0.6, 0.1)])
def test_it_is_the_ridge_regression_of_the_paper_on_a_game_with_interactions(width: float, ridge: float) -> None:
    method, seen = Lime(samples=40, kernel_width=width, ridge=ridge), []

    def game(kept):
        seen.append(kept)
        return np.stack([kept[:, 0] * kept[:, 1] - 2.0 * kept[:, 2], kept.sum(axis=1)], axis=1)

    found = method.worth(game, np.array([0, 1, 2, 2, 3]), 0, np.random.default_rng(0))
    kept = np.concatenate(seen)
    assert kept.shape == (40, 4) and kept[0].all() and not kept.all()
    np.testing.assert_allclose(found, slow(kept, game(kept)[:, 0], width, ridge), atol=1e-9)


@pytest.mark.parametrize(("baseline", "start"), [("zeros", 0.0), (0.5, 0.5), ("mean", X.mean())])
def test_on_a_linear_model_it_is_what_each_feature_adds_and_adds_up(baseline: str | float, start: float) -> None:
    network = networks.linear(WEIGHT, [0.3, -0.3])
    method = Lime(samples=60, ridge=1e-6, baseline=baseline)
    for target in (0, 1):
        found = explain(network, method, X, target)
        np.testing.assert_allclose(found, (X - start) * WEIGHT[:, target], atol=1e-4)
    np.testing.assert_allclose(method.baselines(X, {}), np.full_like(X, start))


def test_the_penalty_shrinks_and_another_key_gives_another_map_of_the_same_kind() -> None:
    network = networks.linear(WEIGHT, [0.3, -0.3])
    loose, tight = (explain(network, Lime(samples=60, ridge=ridge), X, 0) for ridge in (1e-6, 10.0))
    assert (abs(tight) < abs(loose))[:, :3].all()
    other = explain(network, Lime(samples=60), X, 0, key=1)
    assert not np.array_equal(other, explain(network, Lime(samples=60), X, 0))


def test_superpixels_show_one_value_on_all_their_pixels() -> None:
    x = np.random.default_rng(0).random((1, 8, 8, 1), np.float32)
    for units in ("slic", "grid", "quickshift"):
        found = explain(networks.cnn(), Lime(samples=50, units=units, segments=4), x, 1)
        assert 1 < len(np.unique(found)) <= 64 and found.shape == (1, 8, 8, 1)


def test_draws_come_from_the_inputs_key_alone() -> None:
    key = keys(1)[0]
    assert generator_of(key).random() == generator_of(key.copy()).random() != generator_of(key[::-1]).random()
