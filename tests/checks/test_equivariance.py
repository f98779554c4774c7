"""Equivariance: exact on an invariant network, undecided on one that is not."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from audit.checks.equivariance import Equivariance, _pair
from audit.methods.gradient import Gradient
from audit.methods.smoothgrad import SmoothGrad
from audit.network.variants.closed_form import pointwise
from audit.record import Null, Probed
from tests import networks
from tests.audits import evidence_of, make_facts
from tests.checks.real import bench_of, controls_behave, facts_of, judgement

ALL = (
    *("flip_left_right", "flip_up_down", "rotate_90", "rotate_180", "rotate_270"),
    *("shift_left", "shift_right", "shift_up", "shift_down"),
)
FACTS = make_facts()
NOISY = SmoothGrad(samples=2)
CHECK = Equivariance(transforms=("flip_left_right", "shift_down"))


@pytest.mark.parametrize("name", ALL)
def test_what_goes_forth_comes_back(name):
    x = np.random.default_rng(0).random((2, 5, 5, 3))
    forth, back = _pair(Probed(name=name, level=2.0))
    np.testing.assert_array_equal(back(forth(x)), x)
    assert not np.array_equal(forth(x), x)


def test_transformations_are_what_they_are_called():
    x = np.zeros((1, 3, 3, 1))
    x[0, 0, 0] = 1
    places = {"flip_left_right": (0, 2), "flip_up_down": (2, 0), "rotate_90": (2, 0), "rotate_180": (2, 2)}
    places |= {"shift_right": (0, 1), "shift_down": (1, 0), "shift_left": (0, 2), "shift_up": (2, 0)}
    for name, place in places.items():
        assert _pair(Probed(name=name, level=1.0))[0](x)[0, place[0], place[1], 0] == 1


def test_an_invariant_network_and_its_gradient():
    inputs = np.random.default_rng(1).standard_normal((12, 6, 6, 1)).astype(np.float32)
    bench = bench_of(pointwise([[1.0, -2.0], [0.5, 3.0]]), {"gradient": Gradient(), "noisy": NOISY}, inputs)
    check = Equivariance(transforms=ALL)
    for condition in check.conditions(facts_of(bench))[2:]:
        assert check.measure("gradient", condition, bench).scores["model_change"].max() < 1e-5
    assert controls_behave(check, bench)
    found = judgement(check, "gradient", bench)
    assert found.outcome == "pass" and {each.statistic for each in found.criteria} == {1.0}
    noisy = judgement(check, "noisy", bench)  # its noise stays where it is
    assert noisy.criteria[0].statistic < 0.95 and noisy.curve[-1].excess < 0.95


def test_a_network_that_is_not_invariant_decides_nothing():
    bench = bench_of(networks.cnn(), {"gradient": Gradient()})
    found = judgement(CHECK, "gradient", bench)
    assert found.outcome == "inconclusive" and found.criteria[0].statistic is None
    assert "the model is not invariant to flip_left_right, so the method need not be" in found.reason
    assert "shift_down" in found.reason


def made(similarity, change):
    """Evidence with a similarity and a change of the model for each transformation, by name."""

    def scores(condition, given):
        if isinstance(condition, Probed):
            values = np.broadcast_to(similarity[condition.name], (30,)).astype(float)
            return {**given, "similarity_absolute": values, "model_change": np.broadcast_to(change[condition.name], 30)}
        return given

    plain = evidence_of(CHECK, FACTS, 0.5)
    return [replace(each, scores=scores(each.unit.condition, each.scores)) for each in plain]


@pytest.mark.parametrize(
    "flip, shift, outcome", [(1.0, 1.0, "pass"), (1.0, 0.2, "fail"), (0.2, 1.0, "fail"), (0.95, 0.93, "pass")]
)
def test_every_transformation_must_hold(flip, shift, outcome):
    still = {"flip_left_right": 0.0, "shift_down": 0.001}
    found = CHECK.judge(made({"flip_left_right": flip, "shift_down": shift}, still), FACTS)
    assert found.outcome == outcome and [each.label for each in found.curve][-1] == "another key, same input"


def test_a_pass_needs_all_and_a_fail_needs_one():
    moved = {"flip_left_right": 0.0, "shift_down": 0.5}
    found = CHECK.judge(made({"flip_left_right": 1.0, "shift_down": 0.0}, moved), FACTS)
    assert found.outcome == "inconclusive" and "Not decided: 30 of 30 inputs" in found.reason
    found = CHECK.judge(made({"flip_left_right": 0.0, "shift_down": 1.0}, moved), FACTS)
    assert found.outcome == "fail" and [each.name for each in found.criteria] == ["flip_left_right"]


def test_inputs_on_which_the_model_changes_do_not_count():
    change = {"flip_left_right": np.where(np.arange(30) < 2, 0.5, 0.0), "shift_down": 0.0}
    values = {"flip_left_right": np.where(np.arange(30) < 2, -1.0, 1.0), "shift_down": 1.0}
    found = CHECK.judge(made(values, change), FACTS)
    assert found.outcome == "pass" and found.inputs == 28
    change["flip_left_right"] = np.where(np.arange(30) < 2, np.nan, 0.0)
    assert CHECK.judge(made(values, change), FACTS).inputs == 28


@pytest.mark.parametrize("shape, words", [((6,), "are not images"), ((4, 5, 1), "are not square")])
def test_inputs_that_cannot_be_turned_are_not_judged(shape, words):
    facts = replace(FACTS, network=replace(FACTS.network, input_shape=shape))
    check = Equivariance(transforms=("rotate_90",))
    assert check.conditions(facts) == ()
    found = check.judge([], facts)
    assert found.outcome == "inconclusive" and words in found.reason


def test_images_that_are_not_square_can_be_flipped():
    facts = replace(FACTS, network=replace(FACTS.network, input_shape=(4, 5, 1)))
    assert Equivariance().conditions(facts)[0] == Null(draws=10) and len(Equivariance().conditions(facts)) == 3


@pytest.mark.parametrize("fields", [{"transforms": []}, {"transforms": ["flip_left_right"] * 2}, {"pixels": 0}])
def test_faults_are_refused(fields):
    with pytest.raises(ValidationError):
        Equivariance(**fields)
