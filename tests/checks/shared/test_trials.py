"""Areas and intervals over retrainings and test inputs."""

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


def _draws(audits: int, seeds: int, inputs: int, generator: np.random.Generator) -> np.ndarray:
    """Return differences of hits (audits, seeds, inputs) of two rankings that are equally good.

    One network answers for all seeds, as where the solver is exact; the other is drawn with every seed.
    """
    hard = generator.random((audits, 1, inputs))
    one, other = (generator.random((audits, count, inputs)) < hard for count in (1, seeds))
    return one.astype(float) - other


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    for seeds in (2, 5):
        held = np.mean([each.low <= 0 <= each.high for each in map(interval, _draws(2000, seeds, 200, generator))])
        assert held > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 2000)


def test_an_interval_over_retrainings_alone_would_be_wrong() -> None:
    """The simulation can fail: the test inputs are a sample too."""
    from scipy import stats

    means = _draws(2000, 5, 200, np.random.default_rng(0)).mean(axis=2)
    found = stats.ttest_1samp(means, 0, axis=1).confidence_interval(0.95)
    assert np.mean((found.low <= 0) & (found.high >= 0)) < 0.8


def test_values_that_are_all_alike_have_no_spread() -> None:
    alike = interval(np.full((3, 20), 0.1))
    assert alike.low == alike.mean == alike.high == 0.1
