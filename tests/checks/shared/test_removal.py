"""What ROAR, ROAD and DiffROAR share: designs, areas, intervals."""

import math

import numpy as np
import pytest

from audit.checks.check import parts
from audit.checks.diff_roar import DiffRoar
from audit.checks.road import Road
from audit.checks.roar import Roar
from audit.checks.shared.removal import RemovalDesign, measure
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


def test_units_of_one_ranking_differ_by_fraction_and_seed_only() -> None:
    units = {Unit(check="removal", settings={}, method={}, condition=c, world="w").key for c in Roar().shared(facts())}
    assert len(units) == 3 * 5 * 5
