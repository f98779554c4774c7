"""Infidelity: exact on linear models, 1 for a map of zeros, and every outcome."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.infidelity import Infidelity, compare
from audit.methods.gradient import Gradient
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.integrated_gradients import IntegratedGradients
from audit.network.variants.closed_form import linear
from audit.record import Probed
from tests import networks
from tests.audits import evidence_of
from tests.checks.real import bench_of, controls_behave, facts_of, judgement

RNG = np.random.default_rng(3)
METHODS = {"gradient": Gradient(), "product": InputTimesGradient(), "path": IntegratedGradients(steps=2)}
UNITS = {"gradient": "logit / input", "product": "logit", "path": "logit"}
SQUARES, NOISE = Infidelity(count=20), Infidelity(perturbation="noise", count=20)


@pytest.fixture(scope="module")
def bench():
    return bench_of(linear(RNG.standard_normal((8, 2)), [0.3, -0.2]), METHODS)


@pytest.mark.parametrize(
    "check, method", [(SQUARES, "product"), (SQUARES, "path"), (SQUARES, "gradient"), (NOISE, "gradient")]
)
def test_exact_methods_on_a_linear_model_have_none(bench, check, method):
    found = judgement(check, method, bench, **UNITS)
    assert found.outcome == "pass" and found.criteria[0].statistic == pytest.approx(0, abs=1e-8)
    assert found.curve[1].similarity == pytest.approx(1, abs=1e-4)  # faithfulness


def test_another_baseline_is_not_that_of_input_times_gradient(bench):
    found = judgement(replace(SQUARES, baseline=0.5), "product", bench, **UNITS)
    assert found.criteria[0].statistic > 0.05
    assert judgement(replace(SQUARES, baseline=0.5), "gradient", bench, **UNITS).criteria[0].statistic < 1e-8


def test_a_map_in_logits_says_nothing_of_noise(bench):
    found = judgement(NOISE, "product", bench, **UNITS)
    assert found.outcome == "inconclusive" and "use `squares`" in found.reason


def test_scores_are_the_definition():
    said, drops = RNG.standard_normal((2, 40, 5))
    found = compare(said, drops)
    for row in range(5):
        a, b = said[:, row], drops[:, row]
        factor = max(0.0, sum(a * b) / sum(a * a))
        assert found["factor"][row] == pytest.approx(factor)
        assert found["infidelity"][row] == pytest.approx(np.mean((factor * a - b) ** 2) / np.mean(b**2))
        assert found["plain_infidelity"][row] == pytest.approx(np.mean((a - b) ** 2) / np.mean(b**2))
        assert found["faithfulness"][row] == pytest.approx(np.corrcoef(a, b)[0, 1])
        grid = np.linspace(0, 3, 301)
        errors = [np.mean((scale * a - b) ** 2) / np.mean(b**2) for scale in grid]
        assert found["infidelity"][row] <= min(errors) + 1e-12


def test_zeros_and_a_wrong_sign_score_one_and_a_scale_does_not_matter():
    drops = RNG.standard_normal((30, 1))
    wrong = compare(np.hstack([0 * drops, -drops, 100 * drops]), np.hstack([drops] * 3))
    np.testing.assert_allclose(wrong["infidelity"], [1, 1, 0], atol=1e-12)
    assert np.isnan(wrong["faithfulness"][0]) and wrong["faithfulness"][1:] == pytest.approx([-1, 1])


def test_nothing_happened_or_a_broken_map_is_undefined():
    drops = np.hstack([np.zeros((30, 1)), RNG.standard_normal((30, 1))])
    said = np.hstack([np.ones((30, 1)), np.full((30, 1), np.nan)])
    assert np.isnan(compare(said, drops)["infidelity"]).all()


def test_squares_are_squares_of_the_asked_size(bench):
    images = bench_of(networks.cnn(), {})
    check = Infidelity(size=0.25, baseline=0.5)
    taken, gone = check._removed(images.explained, 0)
    assert gone.shape == (12, 8, 8, 1) and (gone.sum(axis=(1, 2, 3)) == 4).all()
    for each in gone[..., 0]:
        rows, columns = np.nonzero(each)
        assert rows.max() - rows.min() == 1 and columns.max() - columns.min() == 1
    np.testing.assert_allclose(taken, gone * (images.explained.inputs - 0.5), atol=1e-7)
    assert len({each.tobytes() for each in gone}) > 3
    flat = SQUARES._removed(bench.explained, 0)[1]
    assert (flat.sum(axis=1) == 2).all()


def test_random_maps_fail_and_true_ones_pass_on_a_real_network():
    bench = bench_of(networks.mlp(), METHODS)
    assert controls_behave(SQUARES, bench) and controls_behave(NOISE, bench)
    assert judgement(Infidelity(perturbation="noise", noise=0.01), "gradient", bench, **UNITS).outcome == "pass"


def test_the_reading_follows_the_unit(bench):
    facts = facts_of(bench, **UNITS)
    scores = {"sensitivity": 0.2, "share": 0.7}
    plain = evidence_of(SQUARES, facts, 1.0)
    named = {
        f"{name}_{reading}": np.full(12, value)
        for reading, value in scores.items()
        for name in ("infidelity", "plain_infidelity", "faithfulness")
    }

    def judged(method):
        unit = replace(plain[0].unit, method={"name": method, "settings": {}})
        return SQUARES.judge([replace(plain[0], unit=unit, scores=named)], facts)

    assert judged("gradient").outcome == "pass" and judged("product").outcome == "fail"
    assert judged("unknown").outcome == "pass"  # the reading that suits it better
    assert SQUARES.conditions(facts) == (Probed(name="squares", level=0.25),)
