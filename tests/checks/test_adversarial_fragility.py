"""Adversarial fragility: what is measured on a real network, and every outcome from made-up evidence."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from audit.checks.adversarial_fragility import AdversarialFragility
from audit.checks.shared import attack, perturbation
from audit.methods.input_times_gradient import InputTimesGradient
from audit.record import Null, Probed
from tests import networks
from tests.audits import evidence_of, make_facts
from tests.checks.real import bench_of, controls_behave, evidence, facts_of

CHECK = AdversarialFragility(budgets=(0.01, 0.1), steps=3)
FACTS = make_facts()
NAMES = ("random_signs", "top_k", "mass_centre")


def test_what_is_measured_and_that_the_controls_behave():
    bench = bench_of(networks.cnn(), {"product": InputTimesGradient()})
    found = {each.unit.condition: each.scores for each in evidence(CHECK, "product", bench, facts_of(bench))}
    assert sum(each.maps for each in list(found)[1:]) == 2 * (1 + 2 * 6 + 3 * 3)  # steps and derivatives, ways to them
    assert len(found) == 7 and isinstance(next(iter(found)), Null)
    for condition, scores in list(found.items())[1:]:
        assert (scores["size"] <= condition.level * (1 + 1e-4)).all() and scores["size"].max() > 0.9 * condition.level
        assert (scores["intersection"] <= 1).all() and (scores["centre_shift"] >= 0).all()
        assert (scores["led"] == 0).all() if condition.name == "random_signs" else scores["led"].mean() > 0.5
    means = {(c.name, c.level): s["similarity_absolute"].mean() for c, s in list(found.items())[1:]}
    assert all(means[name, 0.1] < means[name, 0.01] for name in NAMES)
    assert controls_behave(CHECK, bench)


def made(levels, led=1.0):
    """Evidence with a similarity for each attack and budget, by name."""

    def scores(condition, given):
        if not isinstance(condition, Probed):
            return given
        value = levels[condition.name] if condition.level == 0.1 else 1.0
        own = {name: np.full(30, 0.5) for name in ("intersection", "centre_shift")}
        ends = {"similarity_absolute": np.full(30, value), "led": np.full(30, led)}
        values = {"similarity_absolute": np.full(30, 1.0), "undefined": np.zeros(30)}
        way = {f"along_{place}_{name}": each for place in range(1, CHECK.along) for name, each in values.items()}
        return {**given, **own, **way, **ends, "size": np.full(30, condition.level)}

    plain = evidence_of(CHECK, FACTS, 0.5)
    return [replace(each, scores=scores(each.unit.condition, each.scores)) for each in plain]


@pytest.mark.parametrize(
    "levels, outcome",
    [((0.9, 0.8, 0.7), "pass"), ((0.9, 0.2, 0.7), "fail"), ((0.9, 0.8, 0.1), "fail"), ((0.4, 0.8, 0.7), "fail")],
)
def test_the_largest_budget_is_judged_under_every_attack(levels, outcome):
    found = CHECK.judge(made(dict(zip(NAMES, levels, strict=True))), FACTS)
    assert found.outcome == outcome
    assert [each.label for each in found.curve] == [f"{name} {level}" for name in NAMES for level in (0.01, 0.1)]
    assert "leave 0.50 of the largest 10 % and move the centre by 0.5 pixels; a gradient led 100 %" in found.reason


def test_a_blind_search_says_so_and_no_centre_moves_in_flat_inputs():
    flat = replace(FACTS, network=replace(FACTS.network, input_shape=(6,)))
    assert {each.name for each in CHECK.conditions(flat)[1:]} == {"random_signs", "top_k"}
    found = CHECK.judge(made(dict.fromkeys(NAMES, 1.0), led=0.0), flat)
    assert "a gradient led 0 % of their steps, the rest were random" in found.reason and "centre" not in found.reason
    assert found.outcome == "pass"


def test_the_smallest_change_is_told_over_all_attacks_with_how_many_stay():
    found = made(dict.fromkeys(NAMES, 0.9))
    assert CHECK.judge(found, FACTS).reason.endswith(
        "The excess of no map of 30 falls below 0.5 within the largest budget, 0.1 of the range."
    )
    falls = np.repeat([1.0, 0.0, 0.0], [12, 6, 12])
    for each in found:  # six inputs fall at half the smaller budget, twelve at three quarters of the larger
        if each.unit.condition == Probed(name="top_k", level=0.01, maps=9):
            each.scores["along_2_similarity_absolute"] = np.where(np.arange(30) < 18, 1 - (falls == 0), 1.0)
        if each.unit.condition == Probed(name="mass_centre", level=0.1, maps=9):
            each.scores["along_3_similarity_absolute"] = falls
    reason = CHECK.judge(found, FACTS).reason
    expected = np.median(np.repeat([(1 + 0.5) / 4 * 0.01, (2 + 0.5) / 4 * 0.1], [6, 12]))
    assert (
        f"below 0.5 is {expected:.2g} of the range in the median of 18 inputs; 12 of 30 stay above it within" in reason
    )
    found[0].scores["null_absolute"] = np.full(30, 0.9)
    powerless = CHECK.judge(found, FACTS)
    assert powerless.outcome == "inconclusive" and "smallest" not in powerless.reason


def test_the_smallest_change_of_a_linear_model_is_that_of_its_closed_form():
    """The maps are inputs times weights, so the correlation along a change of random signs is a known function."""
    weight = np.random.default_rng(1).standard_normal((6, 2)).astype(np.float32)
    bench = bench_of(networks.linear(weight, [50.0, 0.0]), {"product": InputTimesGradient()})
    check = AdversarialFragility(budgets=(1.0,), steps=1, along=16, inside_range=False, similarity="pearson")
    own, budget = bench.explained, Probed(name="random_signs", level=1.0, maps=1)
    scores = check.measure("product", budget, bench).scores
    ways = [f"along_{place}_similarity_signed" for place in range(1, 16)] + ["similarity_signed"]
    found = attack.smallest(np.stack([scores[name] for name in ways], axis=1), scores["size"], 0.8)
    change = perturbation.span(own.inputs) * perturbation.signs("random signs", 0, own.ids, (6,))
    fractions = np.linspace(0, 1, 4001)
    maps = (own.inputs[:, None] + fractions[:, None] * change[:, None]) * weight[:, 0]
    apart = maps - maps.mean(axis=2, keepdims=True)
    apart /= np.linalg.norm(apart, axis=2, keepdims=True)
    below = (apart * apart[:, :1]).sum(axis=2) < 0.8
    expected = np.where(below.any(axis=1), fractions[below.argmax(axis=1)], np.inf)
    assert 3 < np.isfinite(expected).sum() < 12
    np.testing.assert_allclose(found, expected, atol=0.002)  # the correlation bends a little within a sixteenth


def test_missing_evidence_is_an_error():
    assert CHECK.judge(made(dict.fromkeys(NAMES, 1.0))[:-1], FACTS).outcome == "error"


@pytest.mark.parametrize("fields", [{"budgets": []}, {"budgets": [0.1, 0.1]}, {"budgets": [0.2, 0.1]}, {"steps": 0}])
def test_faults_are_refused(fields):
    with pytest.raises(ValidationError):
        AdversarialFragility(**fields)
