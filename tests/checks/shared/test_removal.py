"""What ROAR, ROAD and DiffROAR share: designs, areas, intervals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checks.check import parts
from audit.checks.diff_roar import DiffRoar
from audit.checks.road import Road
from audit.checks.roar import Roar
from audit.checks.shared.removal import RemovalDesign, measure
from audit.checks.shared.trials import area, interval
from audit.errors import UnitError
from audit.record import Original, Removed, Unit
from tests.checks.accuracies import conditions, facts

CHECKS = (Roar(), Roar(keep=True, mask_leak=True, without_retraining=True), Road(), Road(retrain=True), DiffRoar())


@pytest.mark.parametrize("check", CHECKS)
def test_every_planned_condition_is_distinct(check: Roar | Road | DiffRoar) -> None:
    planned = conditions(check)
    assert len(set(planned)) == len(planned)


@pytest.mark.parametrize("check", CHECKS)
def test_seeds_and_fractions_add_to_what_there_is(check: Roar | Road | DiffRoar) -> None:
    more = type(check)(**{**vars(check), "seeds": check.seeds + 1, "fractions": (*check.fractions, 0.95)})
    assert set(conditions(check)) < set(conditions(more))


def test_controls_are_the_same_units_whatever_is_done_to_maps() -> None:
    plain, other = Roar(), Roar(channels="absolute_max", sign="absolute", square=True, margin=0.3)
    assert plain.shared(facts()) == other.shared(facts())
    assert set(plain.conditions(facts())).isdisjoint(other.conditions(facts()))


@pytest.mark.parametrize("check", CHECKS)
def test_thresholds_change_no_condition(check: Roar | Road | DiffRoar) -> None:
    moved = type(check)(**{**vars(check), "margin": 0.5, "baseline_within": 0.9})
    assert conditions(moved) == conditions(check)
    assert {"margin", "baseline_within"} <= type(check).judged and check.settings() == {}


@pytest.mark.parametrize("check", CHECKS)
def test_random_maps_must_fail_and_the_docstring_has_its_parts(check: Roar | Road | DiffRoar) -> None:
    assert dict(check.controls) == {"random_map": "fail"} and check.retrains
    assert len(parts(type(check))) == 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"seeds": 1},
        {"fractions": ()},
        {"fractions": (0.5, 0.1)},
        {"fractions": (0.1, 0.1)},
        {"fractions": (0.0, 0.5)},
        {"fractions": (0.5, 1.0)},
        {"margin": -0.1},
        {"margin": math.nan},
        {"channels": "absolute_sum", "sign": "signed"},
    ],
)
@pytest.mark.parametrize("check", [Roar, Road, DiffRoar])
def test_what_cannot_be_meant_is_refused(check: type, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        check(**wrong)


def test_masks_alone_are_trained_once_for_all_fills() -> None:
    designs = [RemovalDesign(fractions=(0.5,), seeds=2, fill=fill) for fill in ("zero", "blur")]
    assert designs[0].all("method", "mask") == designs[1].all("method", "mask")
    assert designs[0].all("method") != designs[1].all("method")


class _Bench:
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Removed] = []

    def retrain(self, condition: Removed) -> dict[str, np.ndarray]:
        self.asked.append(condition)
        return {"test_accuracy": np.array([0.5])}


def test_the_method_takes_its_place_in_a_condition() -> None:
    bench = _Bench()
    for condition in (Roar().conditions(facts())[0], Roar().shared(facts())[0]):
        measured = measure("mine", condition, bench)  # type: ignore[arg-type]
        assert measured.scores["test_accuracy"] == [0.5]
    assert [each.by for each in bench.asked] == ["mine", "bernoulli"]
    with pytest.raises(UnitError):
        measure("mine", Original(), bench)  # type: ignore[arg-type]


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


def test_units_of_one_ranking_differ_by_fraction_and_seed_only() -> None:
    units = {Unit(check="removal", settings={}, method={}, condition=c, world="w").key for c in Roar().shared(facts())}
    assert len(units) == 3 * 5 * 5
