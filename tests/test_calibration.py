"""How often the interval rule decides wrongly, by simulation.

The true value lies exactly at the threshold, where every decision is wrong in one direction: at most 5 % plus one
point of wrong passes and of wrong fails each. Sampled are the inputs, the seeds and their interaction.
"""

import numpy as np
import pytest

from audit.looks import LOOKS
from audit.statistics import ALPHA, mean_interval, mean_over_inputs

AUDITS = 2000
ALLOWED = 0.06

# Each draws numbers of mean 0 and standard deviation 1.
SHAPES = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "heavy tails": lambda rng, shape: rng.standard_t(3, shape) / np.sqrt(3),
    "skewed": lambda rng, shape: rng.exponential(1.0, shape) - 1,
    "skewed down": lambda rng, shape: 1 - rng.exponential(1.0, shape),
    "ties": lambda rng, shape: rng.integers(-1, 2, shape) * np.sqrt(1.5),
    "two clusters": lambda rng, shape: rng.choice([-1.0, 1.0], shape),
}

# (standard deviations of inputs, seeds, residual): balanced, seeds small, no seed effect, noisy, clustered by seed.
SPREADS = ((0.1, 0.05, 0.05), (0.1, 0.02, 0.05), (0.1, 0.0, 0.05), (0.1, 0.05, 0.1), (0.02, 0.05, 0.02))


def wrong_decisions(shape, inputs, seeds, spread, seed_shape="normal"):
    """Return the rates of wrong passes and of wrong fails at a threshold equal to the true mean, 0."""
    rng = np.random.default_rng([inputs, seeds, *(int(1000 * each) for each in spread)])
    draw = SHAPES[shape]
    values = spread[0] * draw(rng, (AUDITS, inputs, 1)) + spread[2] * draw(rng, (AUDITS, inputs, seeds))
    values += spread[1] * SHAPES[seed_shape](rng, (AUDITS, 1, seeds))
    estimate = mean_interval(values)
    return (estimate.high <= 0).mean(), (estimate.low > 0).mean()


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("inputs", [10, 30, 100])
@pytest.mark.parametrize("shape", ["normal", "heavy tails", "skewed", "skewed down", "ties"])
def test_wrong_decisions_are_rare(shape, inputs, seeds):
    for spread in SPREADS:
        assert max(wrong_decisions(shape, inputs, seeds, spread)) <= ALLOWED, spread


@pytest.mark.parametrize("inputs", [10, 30, 100, 400])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_measured_once_is_decided_over_inputs_alone(shape, inputs):
    """Nothing is drawn by a seed: the one-way interval of exact checks."""
    assert max(wrong_decisions(shape, inputs, 1, (0.1, 0.0, 0.0))) <= ALLOWED


@pytest.mark.parametrize("shape", ["normal", "heavy tails"])
def test_many_inputs_and_few_seeds(shape):
    assert max(wrong_decisions(shape, 400, 3, (0.1, 0.05, 0.05))) <= ALLOWED


@pytest.mark.parametrize("inputs", [10, 100])
def test_seeds_that_fall_into_two_clusters(inputs):
    """Five seeds; three of one cluster alone cannot tell of the other, whatever the rule."""
    assert max(wrong_decisions("normal", inputs, 5, (0.1, 0.05, 0.05), seed_shape="two clusters")) <= ALLOWED


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_skewed_seeds_are_beyond_the_rule_by_as_much_as_it_says(seeds):
    rates = [wrong_decisions("normal", 100, seeds, spread, seed_shape="skewed") for spread in SPREADS]
    assert ALLOWED < max(map(max, rates)) < 0.15


def test_an_interval_over_pairs_would_be_wrong():
    """The simulation can fail: taking every (input, seed) pair as independent decides wrongly far too often."""
    rng = np.random.default_rng(0)
    values = 0.1 * rng.standard_normal((AUDITS, 100, 1)) + 0.05 * rng.standard_normal((AUDITS, 1, 3))
    pooled = mean_interval(np.broadcast_to(values, (AUDITS, 100, 3)).reshape(AUDITS, 300, 1))
    assert (pooled.high <= 0).mean() > 2 * ALLOWED


def test_the_rule_has_power():
    """A hundred inputs and five seeds decide a true value 0.1 below the threshold nearly always."""
    rng = np.random.default_rng(1)
    values = -0.1 + 0.1 * rng.standard_normal((AUDITS, 100, 1)) + 0.02 * rng.standard_normal((AUDITS, 1, 5))
    assert (mean_interval(values).high <= 0).mean() > 0.99


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("inputs", [30, 100])
@pytest.mark.parametrize("shape", ["normal", "heavy tails", "skewed", "skewed down"])
def test_repetitions_drawn_anew_for_each_input_are_decided_over_inputs(shape, inputs, seeds):
    rng = np.random.default_rng([inputs, seeds])
    for own, residual in ((0.1, 0.05), (0.05, 0.1), (0.0, 0.1)):
        draw = SHAPES[shape]
        values = own * draw(rng, (AUDITS, inputs, 1)) + residual * draw(rng, (AUDITS, inputs, seeds))
        estimate = mean_over_inputs(values)
        rates = (estimate.high <= 0).mean(), (estimate.low > 0).mean()
        assert max(rates) <= ALLOWED + 2 * np.sqrt(ALLOWED * (1 - ALLOWED) / AUDITS), (own, residual)


def test_what_seeds_share_is_not_decided_over_inputs():
    """The simulation can fail: where a seed moves all inputs together, their own interval is far too narrow."""
    rng = np.random.default_rng(2)
    values = 0.1 * rng.standard_normal((AUDITS, 100, 1)) + 0.05 * rng.standard_normal((AUDITS, 1, 3))
    assert (mean_over_inputs(np.broadcast_to(values, (AUDITS, 100, 3))).high <= 0).mean() > 2 * ALLOWED


def adaptive_decisions(shape, inputs, spread, *, true=0.0, alphas=None):
    """Return the rates of passes and of fails at a threshold of 0 over all looks, and the mean number of seeds."""
    rng = np.random.default_rng([inputs, *(int(1000 * each) for each in spread)])
    draw, most = SHAPES[shape], LOOKS[-1].seeds
    values = true + spread[0] * draw(rng, (AUDITS, inputs, 1)) + spread[2] * draw(rng, (AUDITS, inputs, most))
    values += spread[1] * rng.standard_normal((AUDITS, 1, most))
    passed, failed, seeds = np.zeros(AUDITS, bool), np.zeros(AUDITS, bool), np.full(AUDITS, LOOKS[0].seeds)
    for look, alpha in zip(LOOKS, alphas or [each.alpha for each in LOOKS], strict=True):
        estimate, open_ = mean_interval(values[:, :, : look.seeds], alpha), ~passed & ~failed
        seeds[open_] = look.seeds
        passed |= open_ & (estimate.high <= 0)
        failed |= open_ & (estimate.low > 0)
    return passed.mean(), failed.mean(), seeds.mean()


@pytest.mark.parametrize("inputs", [30, 100])
@pytest.mark.parametrize("shape", ["normal", "heavy tails", "skewed", "skewed down"])
def test_adaptive_seeds_decide_wrongly_as_rarely_as_a_number_of_them(shape, inputs):
    for spread in SPREADS:
        passed, failed, _ = adaptive_decisions(shape, inputs, spread)
        assert max(passed, failed) <= ALLOWED, spread


def test_looking_until_it_is_decided_would_be_wrong():
    """The simulation can fail: 95 % intervals at every look decide wrongly far too often."""
    passed, failed, _ = adaptive_decisions("normal", 100, SPREADS[0], alphas=[ALPHA] * len(LOOKS))
    assert min(passed, failed) > ALLOWED


@pytest.mark.parametrize(("distance", "decided", "most_seeds"), [(0.1, 0.88, 9), (0.2, 0.99, 6)])
def test_adaptive_seeds_decide_what_is_clear_and_stop(distance, decided, most_seeds):
    """Where a fixed dozen decides 0.94 and three seeds 0.33 at a distance of 0.1."""
    for sign, rate in ((-1, 0), (1, 1)):
        rates = adaptive_decisions("normal", 100, (0.1, 0.08, 0.1), true=sign * distance)
        assert rates[rate] >= decided and rates[1 - rate] <= 0.001
        assert LOOKS[0].seeds < rates[2] < most_seeds
