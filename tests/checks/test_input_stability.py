"""Input stability: closed forms on linear models, what is left out, and every outcome."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.input_stability import InputStability
from audit.methods.gradient import Gradient
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.smoothgrad import SmoothGrad
from audit.network.variants.closed_form import linear
from audit.record import Probed, Rekeyed
from tests import networks
from tests.audits import evidence_of, make_facts
from tests.checks.real import bench_of, controls_behave, judgement

WEIGHT = np.array([[1.0, -2.0], [0.5, 0.0], [-1.5, 1.0], [3.0, 0.25]])
METHODS = {"gradient": Gradient(), "product": InputTimesGradient(), "smoothgrad": SmoothGrad(samples=2)}
CHECK = InputStability(neighbours=4)
FACTS = make_facts()


@pytest.fixture(scope="module")
def bench():
    return bench_of(linear(WEIGHT, [0.1, 0.0]), METHODS)


@pytest.mark.parametrize("norm, inside", [("maximum", True), ("euclidean", False)])
def test_a_linear_model_has_its_closed_form(bench, norm, inside):
    check = InputStability(neighbours=2, norm=norm, radius=0.05, inside_range=inside)
    own = bench.explained
    weights = WEIGHT.T[own.targets]
    low, high = own.inputs.min(), own.inputs.max()
    for condition in check.conditions(FACTS)[1:]:
        near = check._near(own, condition)
        moved = near.astype(np.float64) - own.inputs
        size = abs(moved).max(axis=1) if norm == "maximum" else np.linalg.norm(moved, axis=1)
        assert (size <= 0.05 * (high - low) * (1 + 1e-5)).all() and size.max() > 0
        assert not inside or (near.min() >= low and near.max() <= high)
        scores = check.measure("gradient", condition, bench).scores
        kept = scores["kept"] == 1
        assert kept.sum() > 6 and (scores["map_change"][kept] == 0).all() and (scores["slope"][kept] == 0).all()
        scores = check.measure("product", condition, bench).scores
        change = np.linalg.norm(weights * moved, axis=1)
        slope = change / np.linalg.norm(moved, axis=1)
        np.testing.assert_allclose(scores["slope"][kept], slope[kept], rtol=1e-4)
        assert (scores["slope"][kept] <= abs(weights).max(axis=1)[kept] + 1e-4).all()
        relative = change / np.linalg.norm(weights * own.inputs, axis=1)
        np.testing.assert_allclose(scores["map_change"][kept], relative[kept], rtol=1e-4)
        logits = (own.inputs @ WEIGHT + [0.1, 0.0])[np.arange(len(own.ids)), own.targets]
        np.testing.assert_allclose(
            scores["logit_change"], abs((weights * moved).sum(axis=1)) / abs(logits), rtol=1e-2, atol=1e-6
        )


def test_a_neighbour_of_another_class_is_left_out():
    bench = bench_of(linear([[1.0, -1.0]], [0.0, 0.0]), METHODS, np.linspace(-1, 1, 20, dtype=np.float32)[:, None])
    condition = Probed(name="neighbour", seed=0, level=0.5)
    scores = CHECK.measure("gradient", condition, bench).scores
    near = CHECK._near(bench.explained, condition)[:, 0]
    same = np.sign(near) == np.sign(bench.explained.inputs[:, 0])
    assert scores["kept"].tolist() == same.tolist() and not same.all() and same.any()
    assert np.isnan(scores["map_change"]).tolist() == (~same).tolist()


def test_a_larger_radius_or_more_neighbours_reuse_what_is_there():
    more = InputStability(neighbours=6)
    assert CHECK.conditions(FACTS)[0] == Rekeyed(seed=1) and CHECK.conditions(FACTS) == more.conditions(FACTS)[:5]


def test_the_largest_of_the_neighbours_is_judged_and_the_noise_floor_told():
    found = CHECK.judge(made(lambda seed: [0.1, 0.3, 0.2, np.nan][seed]), FACTS)
    assert found.outcome == "pass" and found.criteria[0].statistic == pytest.approx(0.3)
    assert "Another key alone changes it by 0.25; the explained logit changes by 0.01 of its size" in found.reason
    assert [each.similarity for each in found.curve] == pytest.approx([0.3, 0.25, 0.01])
    assert CHECK.judge(made(lambda seed: 0.7), FACTS).outcome == "fail"


def test_inputs_most_of_whose_neighbours_are_undefined_are_undefined():
    found = CHECK.judge(made(lambda seed: 0.1 if seed < 2 else np.nan), FACTS)
    assert found.outcome == "pass"
    found = CHECK.judge(made(lambda seed: 0.1 if seed < 1 else np.nan), FACTS)
    assert found.outcome == "inconclusive" and "30 of 30 inputs are undefined" in found.reason


def test_missing_evidence_is_an_error():
    assert replace(CHECK, neighbours=5).judge(made(lambda seed: 0.1), FACTS).outcome == "error"


def test_controls_and_a_stochastic_method_on_a_real_network():
    bench = bench_of(networks.mlp(), {"smoothgrad": SmoothGrad(samples=2)})
    assert controls_behave(InputStability(neighbours=2), bench)
    found = judgement(InputStability(neighbours=2), "random_map", bench)
    assert found.criteria[0].statistic == 0  # it ignores the input: optimal, and it says nothing
    assert found.curve[1].similarity == pytest.approx(2**0.5, abs=0.4)  # two independent maps
    assert judgement(InputStability(neighbours=2), "smoothgrad", bench).curve[1].similarity > 0.05


def made(change):
    """Evidence in which each neighbour, by seed, changes every map by as much."""

    def scores(condition):
        if not isinstance(condition, Probed):
            return {"map_change": np.full(30, 0.25)}
        value = np.full(30, change(condition.seed), float)
        return {"map_change": value, "slope": 2 * value, "logit_change": np.full(30, 0.01)}

    plain = evidence_of(CHECK, FACTS, 1.0)
    return [replace(each, scores=scores(each.unit.condition)) for each in plain]
