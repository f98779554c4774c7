"""Areas and intervals over retrainings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checks.shared.trials import area, interval


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=6, unique=True), st.floats(-1, 1), st.floats(-1, 1))
def test_areas_are_exact_for_lines(places: list[float], start: float, slope: float) -> None:
    fractions = np.array([0.0, *sorted(places)])
    line = start + slope * fractions
    assert area(line[None], fractions)[0] == pytest.approx((line[0] + line[-1]) / 2, abs=1e-9)


def test_areas_weigh_each_stretch_by_its_length() -> None:
    assert area(np.array([[0.0, 0.4, 0.4]]), (0.0, 0.1, 0.9))[0] == pytest.approx((0.1 * 0.2 + 0.8 * 0.4) / 0.9)


def test_the_interval_is_students() -> None:
    from scipy import stats

    values = np.array([0.1, 0.3, 0.25, 0.2])
    found = interval(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    alike = interval(np.full(3, 0.1))
    assert alike.low == alike.mean == alike.high == 0.1


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    for seeds in (2, 5):
        draws = generator.standard_normal((2000, seeds))
        held = np.mean([each.low <= 0 <= each.high for each in map(interval, draws)])
        assert abs(held - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 2000)
