"""DiffROAR's experiment whose signal is known: x = y e_j in ten dimensions, j uniform and y = +-1.

A standard network with one hidden layer, here of 500 units, separates it perfectly; yet among the ten coordinates of
its gradient that of the signal is more often the smallest than the largest, so keeping what it ranks first is worse
than keeping what it ranks last. Source: Shah et al. 2021 (25,000 units: 0.56 smallest, 0.04 largest).
"""

from functools import cache

import numpy as np
import pytest

from audit.engine import removal

DIMENSIONS, WIDTH, STEPS, RATE = 10, 500, 300, 0.5
TRAIN = TEST = 1000
SEEDS = range(5)


class Network:
    """A hidden layer of ReLU units, trained by gradient descent on the logistic loss; uniform fresh weights."""

    def __init__(self, x: np.ndarray, y: np.ndarray, seed: int) -> None:
        generator, first, second = np.random.default_rng(seed), DIMENSIONS**-0.5, WIDTH**-0.5
        self.weights = generator.uniform(-first, first, (DIMENSIONS, WIDTH))
        self.bias = generator.uniform(-first, first, WIDTH)
        self.out = generator.uniform(-second, second, WIDTH)
        rows, counts = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)  # few differ
        for _ in range(STEPS):
            self._step(rows[:, :-1], rows[:, -1], counts / counts.sum())

    def _step(self, x: np.ndarray, y: np.ndarray, share: np.ndarray) -> None:
        hidden = x @ self.weights + self.bias
        active = np.maximum(hidden, 0)
        slope = -y / (1 + np.exp(y * (active @ self.out))) * share
        back = np.outer(slope, self.out) * (hidden > 0)
        self.out = self.out - RATE * active.T @ slope
        self.weights = self.weights - RATE * x.T @ back
        self.bias = self.bias - RATE * back.sum(axis=0)

    def accuracy(self, x: np.ndarray, y: np.ndarray) -> float:
        output = np.maximum(x @ self.weights + self.bias, 0) @ self.out
        return float((np.where(output > 0, 1, -1) == y).mean())

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return (((x @ self.weights + self.bias > 0) * self.out) @ self.weights.T).astype(np.float32)


def sample(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return inputs (n, 10), labels (n,) and the coordinate of each input's signal."""
    generator = np.random.default_rng([seed, count])
    signal, y = generator.integers(0, DIMENSIONS, count), generator.choice([-1, 1], count)
    return (np.eye(DIMENSIONS)[signal] * y[:, None]).astype(np.float32), y, signal


@cache
def trained(seed: int) -> Network:
    x, y, _ = sample(seed, TRAIN)
    return Network(x, y, seed)


def ranks(kind: str, seed: int, x: np.ndarray, ids: list[str]) -> np.ndarray:
    maps = trained(seed).gradient(x) if kind == "gradient" else np.zeros_like(x)
    return removal.rank(maps, ids=ids, seed=seed)


@cache
def difference(kind: str, seed: int, kept: int = 1) -> float:
    """Return the accuracy with the highest-ranked alone minus that with the lowest-ranked alone, after retraining."""
    scores = {}
    for part in ("bottom", "top"):  # what is removed
        data = []
        for name, size in (("train", TRAIN), ("test", TEST + 1)):
            x, y, _ = sample(seed, size)
            order = ranks(kind, seed, x, [f"{name}/{number}" for number in range(size)])
            gone = removal.mask(order, 1 - kept / DIMENSIONS, part)
            data.append((removal.replace(x, gone, removal.Filling(fill="zero", channel_mean=np.zeros(DIMENSIONS))), y))
        scores[part] = Network(*data[0], seed=seed + 100).accuracy(*data[1])
    return scores["bottom"] - scores["top"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_network_is_right_and_its_gradient_ranks_the_signal_last(seed: int) -> None:
    x, y, signal = sample(seed, TEST + 1)
    assert trained(seed).accuracy(x, y) == 1
    order = ranks("gradient", seed, x, [str(number) for number in range(len(x))])
    place = order[np.arange(len(x)), signal]
    assert (place == DIMENSIONS - 1).mean() > (place == 0).mean() + 0.3


def test_what_the_gradient_ranks_last_is_worth_more() -> None:
    assert all(difference("gradient", seed) < -0.1 for seed in SEEDS)


def test_a_random_ranking_gives_zero_within_its_binomial_error() -> None:
    # One of two accuracies near 0.55, each of ``TEST`` samples; what training adds is far smaller.
    error = np.sqrt(2 * 0.25 / TEST)
    differences = [difference("random", seed) for seed in SEEDS]
    assert all(abs(each) < 4 * error for each in differences)
    assert abs(np.mean(differences)) < 4 * error / np.sqrt(len(differences))
