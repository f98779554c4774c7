"""The attacks: goals with true derivatives, steps that stay within the budget, and what is accepted."""

import numpy as np
import pytest

from audit.checks.shared import attack
from audit.checks.shared.perturbation import predicted
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.input_times_gradient import InputTimesGradient
from audit.record import Original
from tests import networks
from tests.checks.real import bench_of

RNG = np.random.default_rng(0)
MAPS, MOVED = RNG.standard_normal((2, 3, 5, 4, 2)).astype(np.float32)
FLAT, FLAT_MOVED = RNG.standard_normal((2, 3, 9)).astype(np.float32)
METHODS = {"product": InputTimesGradient(), "guided": GuidedBackprop()}


def wanted(goal, budget=0.05):
    return attack.Attack(goal=goal, top=0.1, budget=budget, steps=8, sharpness=10.0, inside=True)


@pytest.fixture(scope="module")
def bench():
    return bench_of(networks.cnn(), METHODS)


@pytest.mark.parametrize(
    "goal, maps",
    [
        (attack.top_k(MAPS, 0.2), MOVED),
        (attack.mass_centre(MAPS), MOVED),
        (attack.top_k(FLAT, 0.2), FLAT_MOVED),
        (attack.mass_centre(FLAT), FLAT_MOVED),
    ],
)
def test_the_slope_of_a_goal_is_its_derivative(goal, maps):
    slope = goal(maps)[1]
    direction = RNG.standard_normal(maps.shape)
    step = 1e-3
    ends = [goal((maps + sign * step * direction).astype(np.float32))[0] for sign in (1, -1)]
    expected = (slope * direction).reshape(len(maps), -1).sum(axis=1)
    np.testing.assert_allclose((ends[0] - ends[1]) / (2 * step), expected, rtol=2e-2, atol=2e-4)


def test_goals_are_what_they_are_called():
    maps = np.zeros((1, 3, 4, 1), np.float32)
    maps[0, 0, 1], maps[0, 2, 1] = -3, 1
    np.testing.assert_allclose(attack.centre(maps), [[0.5, 1.0]])
    moved = np.roll(maps, 2, axis=2)
    assert attack.mass_centre(maps)(moved)[0] == pytest.approx([4.0])
    assert attack.mass_centre(maps)(maps)[0] == pytest.approx([0.0])
    goal = attack.top_k(maps, 1 / 12)
    assert goal(maps)[0] == pytest.approx([-0.75]) and goal(moved)[0] == pytest.approx([0.0])
    assert np.isnan(goal(0 * maps)[0]).all() and np.isnan(attack.centre(0 * maps)).all()


def test_the_largest_are_the_asked_share_and_at_least_one():
    maps = np.array([[3.0, -5.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]], np.float32)
    np.testing.assert_array_equal(attack.largest(maps, 0.5), [[True, True, False, False]] * 2)
    np.testing.assert_array_equal(attack.largest(maps, 0.01), [[False, True, False, False], [True] + [False] * 3])


@pytest.mark.parametrize("name", ["top_k", "mass_centre"])
@pytest.mark.parametrize("method", ["product", "guided"])
def test_what_is_accepted_keeps_the_prediction_and_the_budget_and_moves_the_map(bench, method, name):
    own, start = bench.explained, bench.maps(method, Original())
    found = attack.search(method, bench, wanted(name))
    assert np.abs(found.inputs - own.inputs).max() <= 0.05 * (1 + 1e-5)
    assert found.inputs.min() >= own.inputs.min() and found.inputs.max() <= own.inputs.max()
    np.testing.assert_array_equal(predicted(bench.outputs(found.inputs)), predicted(bench.outputs(own.inputs)))
    goal = attack.top_k(start, 0.1) if name == "top_k" else attack.mass_centre(start)
    reached, before = goal(found.maps)[0], goal(start)[0]
    assert (reached >= before).all() and (reached > before).mean() > 0.7
    again = bench.explain(method, type(own)(inputs=found.inputs, ids=own.ids, targets=own.targets))
    np.testing.assert_array_equal(again, found.maps)
    blind = goal(attack.random_signs(method, bench, budget=0.05, inside=True).maps)[0]
    assert reached.mean() > blind.mean()
    assert (found.led == 0).all() if method == "guided" else found.led.mean() > 0.8


def test_a_larger_budget_reaches_farther(bench):
    goal = attack.top_k(bench.maps("product", Original()), 0.1)
    reached = [goal(attack.search("product", bench, wanted("top_k", budget)).maps)[0].mean() for budget in (0.01, 0.1)]
    assert reached[0] < reached[1]


def test_what_ignores_the_input_is_not_moved_and_random_signs_that_change_the_class_are_not_taken(bench):
    found = attack.search("random_map", bench, wanted("top_k"))
    np.testing.assert_array_equal(found.maps, bench.maps("random_map", Original()))
    assert (found.led == 0).all()
    own, wild = bench.explained, attack.random_signs("product", bench, budget=4.0, inside=False)
    moved = np.abs(wild.inputs - own.inputs).max(axis=(1, 2, 3))
    assert set(np.round(moved, 5)) == {0.0, 4.0}  # some would change their class
    np.testing.assert_array_equal(predicted(bench.outputs(wild.inputs)), own.targets)
    still = moved == 0
    np.testing.assert_array_equal(wild.maps[still], bench.maps("product", Original())[still])
    assert not np.array_equal(wild.maps, bench.maps("product", Original()))


def test_the_smallest_change_is_read_off_linearly_and_what_is_unknown_is_not_below():
    nan = np.nan
    similarity = np.array(
        [[0.9, 0.8, 0.7, 0.6], [0.8, 0.2, 0.8, 0.1], [0.2, 0.2, 0.2, 0.2], [nan, 0.4, nan, nan], [nan, nan, nan, 0.9]]
    )
    sizes = np.array([4.0, 4.0, 8.0, 4.0, 4.0])
    expected = [np.inf, 1.5, 1.25, 2.0, np.inf]  # the second falls by 0.6 in a place of 1, the third by 0.8 in 2
    np.testing.assert_allclose(attack.smallest(similarity, sizes, 0.5), expected)
    assert attack.smallest(similarity, sizes, 0.6 - 1e-12)[0] == np.inf
    np.testing.assert_allclose(attack.smallest(similarity, sizes, 0.65)[0], 3.5)


def test_on_the_way_maps_are_those_of_inputs_between_and_only_some_keep_their_class():
    weight = np.random.default_rng(3).standard_normal((6, 2)).astype(np.float32)
    bench = bench_of(networks.linear(weight, -weight.mean(axis=0) * 3), METHODS)
    own = bench.explained
    found = attack.Found(inputs=own.inputs[::-1], maps=bench.maps("product", Original())[::-1], led=np.zeros(12))
    for part in (0.25, 1.0):
        maps, kept = attack.on_the_way("product", bench, found, part)
        inputs = (1 - part) * own.inputs + part * own.inputs[::-1]
        np.testing.assert_allclose(maps, inputs * weight.T[own.targets], rtol=1e-5, atol=1e-6)
        logits = inputs @ weight - weight.mean(axis=0) * 3
        np.testing.assert_array_equal(kept, logits.argmax(axis=1) == own.targets)
    assert 0 < kept.mean() < 1
