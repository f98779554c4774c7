"""KL-LUCB: its bounds solve their equation and hold as often as they say, and the best coins are found."""

from dataclasses import replace

import numpy as np
import pytest

from audit.methods.perturbation.kl_lucb import Tossing, best_coins, exploration, kl_bounds

WIDE = Tossing(tolerance=0.15, risk=0.05, first=10, at_once=50, budget=50_000)
NARROW = Tossing(tolerance=0.01, risk=0.1, first=10, at_once=20, budget=0)


def divergence(p: float, q: float) -> float:
    """Return KL(p, q) of two coins."""
    return sum(a * np.log(a / b) for a, b in ((p, q), (1 - p, 1 - q)) if a > 0)


def test_bounds_are_where_the_divergence_reaches_the_level() -> None:
    share, tosses = np.array([0.0, 0.1, 0.5, 0.93, 1.0]), np.array([10, 40, 7, 200, 30])
    low, high = kl_bounds(share, tosses, 3.0)
    assert (low <= share).all() and (share <= high).all()
    assert low[0] == 0.0 and high[-1] == 1.0
    for p, n, q in [
        *zip(share[1:], tosses[1:], low[1:], strict=True),
        *zip(share[:-1], tosses, high[:-1], strict=False),
    ]:
        np.testing.assert_allclose(n * divergence(p, q), 3.0, rtol=1e-6)
    np.testing.assert_allclose(low[-1], np.exp(-3.0 / 30))  # all heads: q^n = e^-level


def test_a_bound_fails_no_more_often_than_its_level_says() -> None:
    chance, tosses, risk = 0.8, 50, 0.05
    share = np.random.default_rng(0).binomial(tosses, chance, size=4000) / tosses
    low, _ = kl_bounds(share, np.full(4000, tosses), float(np.log(1 / risk)))
    assert (low > chance).mean() < risk + 4 * np.sqrt(risk / 4000)  # Chernoff's inequality


@pytest.mark.parametrize("chances", [[0.9, 0.2, 0.5, 0.85, 0.1], [0.5, 0.5, 1.0, 0.0], [0.3, 0.6]])
def test_the_best_coins_are_tossed_until_they_are_known(chances: list[float]) -> None:
    for seed in range(10):
        generator, asked = np.random.default_rng(seed), []

        def toss(coins: np.ndarray, generator=generator, asked=asked) -> np.ndarray:
            asked.append(len(coins))
            return generator.random(len(coins)) < np.array(chances)[coins]

        heads, tosses = best_coins(toss, len(chances), 1, WIDE)
        assert sum(asked) == tosses.sum() < 50_000 and (tosses >= 10).all() and (heads <= tosses).all()
        assert max(chances) - chances[int(np.argmax(heads / tosses))] <= 0.15


def test_the_budget_is_kept_and_nothing_is_contested_where_all_are_wanted() -> None:
    toss = np.random.default_rng(0)
    for coins, best, budget in ((5, 1, 120), (5, 5, 10_000), (8, 2, 9)):
        _, tosses = best_coins(lambda which: toss.random(len(which)) < 0.5, coins, best, replace(NARROW, budget=budget))
        assert coins <= tosses.sum() <= budget
        assert best < coins or (tosses == 10).all()
    assert exploration(10, 2, 0.1) > exploration(10, 1, 0.1) > exploration(5, 1, 0.1) > exploration(5, 1, 0.2)
