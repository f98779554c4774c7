"""Repeatability: deterministic maps need no head-room, noise fails."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.repeatability import Repeatability
from audit.record import Null, Randomness, Rekeyed
from tests.audits import evidence_of, make_facts

CHECK = Repeatability()
FACTS = make_facts()


def judgement(similarity, **more):
    return CHECK.judge(evidence_of(CHECK, FACTS, similarity, **more), FACTS)


def around(mean):
    return lambda condition: mean + 0.01 * np.random.default_rng(condition.seed).standard_normal(30)


def test_conditions_are_the_null_and_three_other_keys():
    assert CHECK.conditions(FACTS) == (Null(draws=10), *(Rekeyed(seed=seed) for seed in (1, 2, 3)))


@pytest.mark.parametrize("mean, outcome", [(0.97, "pass"), (0.5, "fail"), (0.9, "inconclusive"), (0.0, "fail")])
def test_outcomes(mean, outcome):
    assert judgement(around(mean)).outcome == outcome


@pytest.mark.parametrize("null", [0.0, 0.5, 0.98, 1.0, np.nan])
def test_identical_maps_need_no_head_room(null):
    found = judgement(1.0, null=null)
    assert found.outcome == "pass" and found.criteria[0].interval == (1, 1) and found.undefined == 0


def test_nearly_identical_maps_do():
    found = judgement(lambda c: np.where(np.arange(30) == 0, 0.999, 1.0), null=0.98)
    assert found.outcome == "inconclusive" and "No head-room" in found.reason


def test_constant_maps_are_undefined_however_alike():
    assert judgement(np.nan).outcome == "inconclusive"
    found = judgement(lambda c: np.where(np.arange(30) < 2, np.nan, 1.0))
    assert found.outcome == "pass" and found.inputs == 28
    assert judgement(lambda c: np.where(np.arange(30) < 4, np.nan, 1.0)).outcome == "inconclusive"


def test_a_high_null_makes_it_harder():
    assert judgement(around(0.95)).outcome == "pass"
    assert judgement(around(0.95), null=0.7).outcome == "fail"


def test_missing_evidence_is_an_error():
    assert CHECK.judge(evidence_of(CHECK, FACTS, 1.0)[1:], FACTS).outcome == "error"
    assert replace(CHECK, seeds=4).judge(evidence_of(CHECK, FACTS, 1.0), FACTS).outcome == "error"


def noisy(condition):
    """Similarities of which every key moves the mean of all inputs, as few keys of a noisy method do."""
    return 0.65 + 0.2 * np.random.default_rng(condition.seed).standard_normal(30) + 0.15 * (condition.seed - 2)


def test_keys_of_each_input_are_judged_over_inputs():
    interval = judgement(noisy).criteria[0].interval
    assert interval[1] < 0.9 and interval[1] - interval[0] < 0.2 and judgement(noisy).outcome == "fail"


def test_a_model_that_draws_moves_all_inputs_together():
    drawing = replace(FACTS, network=replace(FACTS.network, randomness=Randomness(draws=0.1, averaged=8)))
    found = CHECK.judge(evidence_of(CHECK, drawing, noisy), drawing)
    assert found.outcome == "inconclusive" and found.criteria[0].interval[1] > judgement(noisy).criteria[0].interval[1]


def test_no_interval_ends_above_the_greatest_similarity():
    def skewed(condition):
        return np.where(np.arange(30) < condition.seed * 9, 1.0, 0.2)

    drawing = replace(FACTS, network=replace(FACTS.network, randomness=Randomness(draws=0.1, averaged=8)))
    found = CHECK.judge(evidence_of(CHECK, drawing, skewed), drawing)
    assert found.criteria[0].interval[1] == 1 and max(point.interval[1] for point in found.curve) == 1
