"""The null of each pair: the larger of masked noise's and of shuffled maps', and what becomes of it in a judgement."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.cascading_randomization import CascadingRandomization
from audit.checks.shared.curves import AboveNull, curve
from audit.record import Null, Randomized
from audit.statistics import excess
from tests.audits import evidence_of, make_facts

FACTS = make_facts()
CHECK = CascadingRandomization(rule="published", seeds=2, similarity="ssim")
NULL = Null(draws=3)
STAGES = [[Randomized(mode="cascading", stage=stage, seed=seed) for seed in range(2)] for stage in (1, 2, 3)]
NOISE = np.random.default_rng(0).uniform(0, 0.4, 30)


def scores_of(condition):
    return np.random.default_rng([condition.stage, condition.seed]).uniform(0, 0.9, 30)


def shuffled_of(condition):
    return np.random.default_rng([condition.stage, condition.seed, 1]).uniform(-0.1, 0.5, 30)


def evidence(shuffled=shuffled_of, similarity=scores_of, null=NOISE):
    """Evidence with a null for each pair: a number, or (condition) -> (n,)."""
    found = []
    for each in evidence_of(CHECK, FACTS, similarity, null=null):
        condition = each.unit.condition
        values = (
            {}
            if isinstance(condition, Null)
            else {
                f"shuffled_{sign}": np.broadcast_to(shuffled(condition) if callable(shuffled) else shuffled, (30,))
                for sign in ("absolute", "signed")
            }
        )
        found.append(replace(each, scores={**each.scores, **values}))
    return found


def drawn(**changed):
    found = {each.unit.condition: each for each in evidence(**changed)}
    return curve(found, STAGES, "abc", AboveNull(null=NULL, sign="absolute"))


def test_the_null_of_a_pair_is_the_larger_of_the_two():
    found = drawn()
    for place, seeds in enumerate(STAGES):
        for seed, condition in enumerate(seeds):
            null = np.maximum(NOISE, shuffled_of(condition))
            np.testing.assert_array_equal(found.null[:, seed, place], null)
            np.testing.assert_array_equal(found.excess[:, seed, place], excess(scores_of(condition), null))
    assert (found.null > NOISE[:, None, None]).any() and (found.null == NOISE[:, None, None]).any()


def test_both_nulls_are_shown():
    judgement = CHECK.judge(evidence(), FACTS)
    for point, seeds in zip(judgement.curve[1:], STAGES, strict=True):
        shuffled = np.array([shuffled_of(each) for each in seeds])
        assert point.noise == pytest.approx(NOISE.mean()) and point.shuffled == pytest.approx(shuffled.mean())
        assert point.null == pytest.approx(np.maximum(NOISE, shuffled).mean())
        assert point.null > max(point.noise, point.shuffled)


def test_without_a_null_of_pairs_the_masked_noise_stands_alone():
    """Below 0 too: it is a sample of 0, and cutting one side off would shift it."""
    found = CHECK.judge(evidence_of(CHECK, FACTS, scores_of, null=NOISE - 0.2), FACTS)
    assert {(point.noise, point.shuffled) for point in found.curve} == {(None, None)}
    assert [point.null for point in found.curve] == [float((NOISE - 0.2).mean())] * 4


@pytest.mark.parametrize("null, shuffled", [(0.0, 0.0), (0.0, 0.7), (0.7, 0.0), (0.7, 0.7)])
def test_agreement_that_needs_no_model_is_no_failure(null, shuffled):
    """A similarity of 0.72 is above both limits; it fails only where neither null accounts for it."""
    found = CHECK.judge(evidence(similarity=0.72, null=null, shuffled=shuffled), FACTS)
    assert found.outcome == ("fail" if null == shuffled == 0 else "pass")


def test_a_high_null_of_pairs_leaves_no_head_room():
    found = CHECK.judge(evidence(similarity=0.95, null=0.0, shuffled=0.9), FACTS)
    assert found.outcome == "inconclusive"
    assert "pixels shuffled" in found.reason and "0.900" in found.reason and "another similarity" in found.reason


@pytest.mark.parametrize("value, words", [(np.nan, "a null above 0.95"), (0.97, "a null above 0.95")])
def test_pairs_without_head_room_are_undefined_and_never_numbers(value, words):
    def shuffled(condition):
        return np.where(np.arange(30) < 6, value, 0.1)

    found = CHECK.judge(evidence(shuffled=shuffled), FACTS)
    assert found.outcome == "inconclusive" and f"6 with {words}" in found.reason and found.inputs == 24
