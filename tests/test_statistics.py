"""The numbers behind a verdict, each against a slower derivation, and the comparison that decides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from audit.errors import UnitError
from audit.statistics import decide, excess, holm, mean_interval, p_value

number = st.floats(-1, 1)
tables = st.tuples(st.integers(3, 12), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=number)
)


def slow_two_way(table):
    """Mean, its variance and Satterthwaite's degrees of freedom, cell by cell."""
    n, seeds = table.shape
    mean = sum(sum(row) for row in table) / (n * seeds)
    rows, columns = [sum(row) / seeds for row in table], [sum(column) / n for column in table.T]
    msa = seeds * sum((r - mean) ** 2 for r in rows) / (n - 1)
    msb = n * sum((c - mean) ** 2 for c in columns) / (seeds - 1)
    cells = [(table[i, j] - rows[i] - columns[j] + mean) ** 2 for i in range(n) for j in range(seeds)]
    mse = sum(cells) / ((n - 1) * (seeds - 1))
    msa, msb = max(msa, mse), max(msb, mse)
    total = msa + msb - mse
    freedom = total**2 / (msa**2 / (n - 1) + msb**2 / (seeds - 1) + mse**2 / ((n - 1) * (seeds - 1)))
    return mean, total / (n * seeds), freedom


@pytest.mark.parametrize("shape", [(10, 3), (25, 5), (4, 4)])
def test_two_way_interval_equals_the_slow_one(shape):
    rng = np.random.default_rng(0)
    table = rng.standard_normal(shape) + rng.standard_normal((shape[0], 1)) + 0.5 * rng.standard_normal((1, shape[1]))
    mean, variance, freedom = slow_two_way(table)
    estimate = mean_interval(table)
    half = stats.t.ppf(0.975, freedom) * np.sqrt(variance)
    assert estimate.mean == pytest.approx(mean) and estimate.freedom == pytest.approx(freedom)
    assert estimate.low - estimate.shift_low == pytest.approx(mean - half)
    assert estimate.high - estimate.shift_high == pytest.approx(mean + half)


def test_one_seed_is_the_one_sample_t_interval():
    values = np.random.default_rng(1).standard_normal(20)
    symmetric = np.concatenate([values, -values])[:, None] + 0.3
    expected = stats.ttest_1samp(symmetric[:, 0], 0).confidence_interval(0.95)
    estimate = mean_interval(symmetric)
    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high))


def test_two_seeds_have_one_degree_of_freedom():
    assert mean_interval(np.random.default_rng(2).standard_normal((30, 2))).freedom == 1


def test_skewed_inputs_move_the_end_they_are_skewed_towards():
    values = np.array([0.0] * 9 + [1.0] * 3)[:, None]
    up, down = mean_interval(values), mean_interval(-values)
    assert up.shift_high > 0 and up.shift_low == 0
    assert (down.low, down.high) == pytest.approx((-up.high, -up.low))


@pytest.mark.parametrize("value", [0.3, 1.0, -0.1, 0.0])
@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_no_spread_gives_no_width(value, seeds):
    estimate = mean_interval(np.full((17, seeds), value))
    assert estimate.low == estimate.mean == estimate.high == value
    assert p_value(estimate, value, "at_most") == p_value(estimate, value, "at_least") == 0
    assert p_value(estimate, value - 0.01, "at_most") == p_value(estimate, value + 0.01, "at_least") == 1


@given(tables)
def test_interval_is_finite_and_holds_the_mean(table):
    estimate = mean_interval(table)
    assert np.isfinite([estimate.low, estimate.high]).all() and estimate.low <= estimate.mean <= estimate.high


@given(tables, st.randoms(use_true_random=False))
def test_order_of_inputs_does_not_matter(table, random):
    order = list(range(len(table)))
    random.shuffle(order)
    one, other = mean_interval(table), mean_interval(table[order])
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-9)


@given(tables, st.floats(-1, 1), st.sampled_from(["at_most", "at_least"]))
def test_p_value_agrees_with_the_interval(table, threshold, relation):
    estimate = mean_interval(table)
    p = p_value(estimate, threshold, relation)
    end = estimate.high if relation == "at_most" else estimate.low
    if abs(end - threshold) > 1e-6:
        passes = decide((estimate.low, estimate.high), threshold, relation) == "pass"
        assert passes == (p <= 0.025)


@pytest.mark.parametrize("values", [np.ones((1, 3)), np.array([[1.0, 2], [np.nan, 0]]), np.array([[1.0], [np.inf]])])
def test_no_interval_from_one_input_or_missing_numbers(values):
    with pytest.raises(UnitError):
        mean_interval(values)


def test_leading_axes_are_estimated_one_by_one():
    tables = np.random.default_rng(3).standard_normal((4, 12, 3))
    together = mean_interval(tables)
    for index, table in enumerate(tables):
        assert together.high[index] == pytest.approx(mean_interval(table).high)


def test_decisions_at_the_threshold():
    assert decide((0.1, 0.5), 0.5, "at_most") == "pass"
    assert decide((0.5, 0.6), 0.5, "at_most") == "inconclusive"
    assert decide((0.51, 0.6), 0.5, "at_most") == "fail"
    assert decide((0.5, 0.9), 0.5, "at_least") == "pass"
    assert decide((0.1, 0.5), 0.5, "at_least") == "inconclusive"
    assert decide((0.1, 0.49), 0.5, "at_least") == "fail"
    assert decide((0.5, 0.5), 0.5, "at_most") == decide((0.5, 0.5), 0.5, "at_least") == "pass"


@pytest.mark.parametrize("relation", ["at_most", "at_least"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(bad, relation):
    for interval, threshold in (((bad, 0.1), 0.5), ((0.1, bad), 0.5), ((0.1, 0.2), bad), ((bad, bad), bad)):
        with pytest.raises(UnitError):
            decide(interval, threshold, relation)


def test_swapped_ends_are_refused():
    with pytest.raises(UnitError):
        decide((0.6, 0.4), 0.5, "at_most")


@given(number, number, number, number)
def test_decisions_are_monotone_in_the_threshold(a, b, t, u):
    order = {"fail": 0, "inconclusive": 1, "pass": 2}
    interval, thresholds = (min(a, b), max(a, b)), (min(t, u), max(t, u))
    strict, lenient = (order[decide(interval, each, "at_most")] for each in thresholds)
    assert strict <= lenient
    lenient, strict = (order[decide(interval, each, "at_least")] for each in thresholds)
    assert strict <= lenient


def test_excess_by_hand():
    np.testing.assert_allclose(excess(np.array([1.0, 0.5, 0.75, 0.0]), np.array([0.5, 0.5, 0.5, 0.0])), [1, 0, 0.5, 0])


def test_excess_is_undefined_without_numbers_or_head_room():
    similarity = np.array([np.nan, 0.5, 0.99, 0.5, np.inf])
    null = np.array([0.0, np.nan, 0.96, 1.0, 0.0])
    assert np.isnan(excess(similarity, null)).all()
    assert np.isfinite(excess(np.array([0.99]), np.array([0.95]))).all()


def test_one_input_cannot_outweigh_the_others():
    assert excess(np.array([0.0]), np.array([0.9]))[0] == -1


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_equals_the_slow_one(p_values):
    """Slow: reject at a level while the sorted p-values stay under level / (m - i); the smallest level that rejects."""
    count = len(p_values)
    order = sorted(range(count), key=lambda i: p_values[i])
    slow = [0.0] * count
    for place, index in enumerate(order):
        slow[index] = max(min(1.0, p_values[order[k]] * (count - k)) for k in range(place + 1))
    assert holm(p_values) == pytest.approx(tuple(slow))
