"""ROAR's experiment with sixteen features, of which four carry the label and the others shared noise.

x = a z / 10 + d eta + eps / 10 and y = [z > 0], with z, eta and the sixteen eps standard normal for each sample, and a
(zero beyond its first four entries) and d standard normal once for each draw. The classifier is least squares. Source:
Hooker et al. 2019, section 3.1; sample sizes and the order within the four are this project's.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from audit.engine import removal

DRAWS, SAMPLES, FEATURES, INFORMATIVE = 30, 2000, 16, 4

Curve = np.ndarray
"""Accuracy (17,) after 0 to 16 features are removed."""


class Task:
    """One draw of the experiment."""

    def __init__(self, seed: int) -> None:
        self.seed, generator = seed, np.random.default_rng(seed)
        self.a = np.where(np.arange(FEATURES) < INFORMATIVE, generator.standard_normal(FEATURES), 0.0)
        d = generator.standard_normal(FEATURES)
        z, eta = generator.standard_normal((2, 2 * SAMPLES, 1))
        noise = generator.standard_normal((2 * SAMPLES, FEATURES)) / 10
        x = (self.a * z / 10 + d * eta + noise).astype(np.float32)
        y = (z[:, 0] > 0).astype(int)
        self.train, self.test = (x[:SAMPLES], y[:SAMPLES]), (x[SAMPLES:], y[SAMPLES:])
        self.mean = removal.channel_mean(self.train[0])

    def ranks(self, ranking: str) -> np.ndarray:
        """Return the one order (1, 16) of all samples: true importance, its inverse, or chance; ties by lot."""
        scores = {
            "truth": np.abs(self.a),
            "inverted": -np.abs(self.a),
            "random": np.random.default_rng([self.seed, 1]).standard_normal(FEATURES),
        }[ranking]
        return removal.rank(
            scores[None].astype(np.float32), removal.Ranking(sign="signed"), ids=["all"], seed=self.seed
        )

    def without(self, ranking: str, x: np.ndarray, count: int) -> np.ndarray:
        """Return samples whose ``count`` highest-ranked features are the training mean."""
        gone = np.broadcast_to(removal.mask(self.ranks(ranking), count / FEATURES), x.shape)
        return removal.replace(x, gone, removal.Filling(fill="channel_mean", channel_mean=self.mean))


def fit(x: np.ndarray, y: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return the least-squares classifier; removed columns are constant and get the weight 0."""
    middle = x.mean(axis=0, dtype=np.float64)
    centred, sign = x - middle, 2.0 * y - 1
    weights = np.linalg.pinv(centred.T @ centred, rcond=1e-9, hermitian=True) @ (centred.T @ sign)
    return lambda inputs: ((inputs - middle) @ weights + sign.mean() > 0).astype(int)


@cache
def curve(ranking: str, retrain: bool) -> Curve:
    """Return the mean accuracy over the draws."""
    return np.mean([_curve(Task(seed), ranking, retrain) for seed in range(DRAWS)], axis=0)


def _curve(task: Task, ranking: str, retrain: bool) -> Curve:
    intact = fit(*task.train)
    accuracies = []
    for count in range(FEATURES + 1):
        model = fit(task.without(ranking, task.train[0], count), task.train[1]) if retrain else intact
        accuracies.append((model(task.without(ranking, task.test[0], count)) == task.test[1]).mean())
    return np.array(accuracies)


def test_with_retraining_uninformative_features_cost_nothing() -> None:
    inverted = curve("inverted", True)
    assert inverted[0] - inverted[12] < 0.03


def test_without_retraining_they_seem_to_cost_much() -> None:
    inverted = curve("inverted", False)
    assert inverted[0] - inverted[12] > 0.10


@pytest.mark.parametrize("retrain", [True, False])
def test_the_true_ranking_leaves_a_coin_toss_after_four(retrain: bool) -> None:
    assert abs(curve("truth", retrain)[4] - 0.5) <= 0.02


@pytest.mark.parametrize("removed", range(4, 13))
def test_retraining_orders_truth_random_inverted(removed: int) -> None:
    truth, random, inverted = (curve(ranking, True)[removed] for ranking in ("truth", "random", "inverted"))
    assert truth < random - 0.03 and random < inverted - 0.01


def test_the_curves_start_and_end_together() -> None:
    for retrain in (True, False):
        starts, ends = zip(
            *((curve(r, retrain)[0], curve(r, retrain)[-1]) for r in ("truth", "random", "inverted")), strict=True
        )
        assert len(set(starts)) == len(set(ends)) == 1 and abs(ends[0] - 0.5) < 0.02
