"""What keeps a test from having power is said, and never passes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checks.cascading_randomization import CascadingRandomization
from tests.audits import evidence_of, make_facts

FACTS = make_facts()
CHECK = CascadingRandomization(rule="published", seeds=3)


def judgement(similarity, check=CHECK, facts=FACTS, **more):
    return check.judge(evidence_of(check, facts, similarity, **more), facts)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_undefined_similarity_never_passes(broken):
    found = judgement(broken)
    assert found.outcome == "inconclusive" and found.undefined == found.total == 30 * 3 * 3
    assert found.curve[-1].excess is None and set(found.per_input) == {None}


def test_a_null_without_numbers_never_passes():
    assert judgement(0.0, null=np.nan).outcome == "inconclusive"


def with_gaps(count):
    """The first inputs lack a similarity at one stage of one seed."""

    def scores(condition):
        values = np.zeros(30)
        if (condition.stage, condition.seed) == (2, 1):
            values[:count] = np.nan
        return values

    return scores


def test_inputs_with_a_gap_are_left_out_and_counted():
    found = judgement(with_gaps(3))
    assert found.outcome == "pass" and (found.inputs, found.undefined) == (27, 3)
    assert [point.undefined for point in found.curve] == [0, 0, 3, 0]


def test_too_many_gaps_are_inconclusive_with_their_cause():
    found = judgement(with_gaps(4))
    assert found.code == "constant-maps" and "4 of 30 inputs" in found.reason and "constant" in found.reason
    lenient = replace(CHECK, undefined_at_most=0.2)
    assert judgement(with_gaps(4), lenient).outcome == "pass"


def test_inputs_without_head_room_count_as_undefined():
    null = np.array([0.97] * 6 + [0.0] * 24)
    found = judgement(0.0, null=null)
    assert found.code == "head-room" and "6 with a null above 0.95" in found.reason


def test_a_small_sample_is_inconclusive():
    found = judgement(0.0, facts=make_facts(9))
    assert found.code == "too-few-inputs" and "9 usable inputs" in found.reason
    assert judgement(0.0, facts=make_facts(10)).outcome == "pass"


def test_a_stage_that_did_not_change_is_named_with_the_remedy():
    found = judgement(0.0, changed=0.0)
    assert found.code == "nothing-changed" and "logits" in found.reason and "redraw: initializer" in found.reason
    assert judgement(1.0, changed=np.nan).outcome == "inconclusive"


def test_a_failed_unit_is_an_error_with_its_message():
    evidence = evidence_of(CHECK, FACTS, 0.0)
    evidence[4] = replace(evidence[4], status="failed", scores={}, error="[M003] no convolution")
    found = CHECK.judge(evidence, FACTS)
    assert found.outcome == "error" and "[M003] no convolution" in found.reason


@pytest.mark.parametrize("place", [0, 1, 5, -1])
def test_missing_evidence_is_an_error(place):
    evidence = evidence_of(CHECK, FACTS, 0.0)
    del evidence[place]
    assert CHECK.judge(evidence, FACTS).outcome == "error"
    assert CHECK.judge([], FACTS).outcome == "error"


def test_an_absent_signed_similarity_is_inconclusive():
    evidence = evidence_of(CHECK, FACTS, 0.0)
    for each in evidence:
        each.scores.pop("similarity_signed", None)
    assert replace(CHECK, sign="signed").judge(evidence, FACTS).code == "sign-removed"


def test_an_interval_that_contains_the_limit_has_its_code_and_a_decision_has_none():
    spread = np.tile([0.0, 0.6], 15)
    assert judgement(spread).code == "interval" and judgement(0.0).code is judgement(1.0).code is None


@given(st.integers(0, 2**32 - 1))
def test_any_gap_too_wide_never_passes(seed):
    rng = np.random.default_rng(seed)
    gaps = rng.random((30, 3, 3)) < 0.3

    def scores(condition):
        return np.where(gaps[:, condition.seed, condition.stage - 1], np.nan, 0.0)

    share = gaps.any(axis=(1, 2)).mean()
    assert (judgement(scores).outcome == "pass") == (share <= 0.1)


def test_printed_numbers_show_who_is_above_the_limit():
    found = judgement(0.5004, CascadingRandomization(rule="published", seeds=2, last_at_most=1))
    assert found.outcome == "fail" and "0.5004" in found.reason and "0.5000" in found.reason
