"""Every outcome of the cascade, from evidence with chosen similarities."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checks.cascading_randomization import CascadingRandomization
from audit.record import Null, Randomized
from tests.audits import STAGES, evidence_of, make_facts

CHECK = CascadingRandomization(seeds=3)
FACTS = make_facts()
ORDER = {"fail": 0, "inconclusive": 1, "pass": 2}


def noisy(*means, spread=0.02):
    """Similarities with these means by stage, spread over inputs and seeds."""

    def scores(condition):
        rng = np.random.default_rng([condition.stage, condition.seed, 1])
        return np.clip(means[condition.stage - 1] + spread * rng.standard_normal(30), -1, 1)

    return scores


def judgement(similarity, check=CHECK, facts=FACTS, **more):
    return check.judge(evidence_of(check, facts, similarity, **more), facts)


def test_conditions_are_the_null_the_identity_and_every_stage_of_every_seed():
    null, identity, *drawn = CHECK.conditions(FACTS)
    assert null == Null(draws=10) and (identity.stage, identity.mode) == (0, "cascading")
    assert [(each.seed, each.stage) for each in drawn] == [(s, k) for s in range(3) for k in (1, 2, 3)]


def test_fields_reach_the_conditions():
    check = CascadingRandomization(order="bottom_up", redraw="normal", batch_norm="reset", seeds=2, null_draws=4)
    null, *others = check.conditions(FACTS)
    assert null.draws == 4
    assert {(c.order, c.redraw, c.batch_norm) for c in others} == {("bottom_up", "normal", "reset")}


def test_low_similarity_passes():
    found = judgement(noisy(0.3, 0.1, 0.0))
    assert found.outcome == "pass" and [c.outcome for c in found.criteria] == ["pass", "pass"]


@pytest.mark.parametrize("means, failing", [((0.9, 0.8, 0.1), {"mean"}), ((0.2, 0.2, 0.6), {"last"})])
def test_either_criterion_can_fail_it(means, failing):
    found = judgement(noisy(*means))
    assert found.outcome == "fail" and {c.name for c in found.criteria if c.outcome == "fail"} == failing


def test_an_interval_around_the_limit_is_inconclusive():
    found = judgement(noisy(0.5, 0.5, 0.5, spread=0.05), CascadingRandomization(seeds=3, last_at_most=0.9))
    assert found.outcome == "inconclusive" and "interval contains the limit" in found.reason


def test_the_statistic_is_the_mean_excess():
    rng = np.random.default_rng(0)
    table, null = rng.uniform(-0.2, 0.6, (30, 3, 3)), rng.uniform(0, 0.3, 30)  # inputs, seeds, stages
    found = judgement(lambda c: table[:, c.seed, c.stage - 1], null=null)
    cells = [[[(table[i, j, k] - null[i]) / (1 - null[i]) for k in range(3)] for j in range(3)] for i in range(30)]
    mean, last = found.criteria
    assert mean.statistic == pytest.approx(np.mean(cells)) and last.statistic == pytest.approx(
        np.mean(cells, (0, 1))[2]
    )
    assert found.per_input == pytest.approx([np.mean([cells[i][j][2] for j in range(3)]) for i in range(30)])
    for place, point in enumerate(found.curve[1:]):
        assert point.similarity == pytest.approx(table[:, :, place].mean()) and point.null == pytest.approx(null.mean())
        assert point.excess == pytest.approx(np.mean(cells, (0, 1))[place])
        assert point.interval[0] < point.excess < point.interval[1]


def test_the_curve_is_labelled_from_trained_to_the_last_stage_drawn():
    assert [p.label for p in judgement(0.1).curve] == ["trained", *STAGES]
    upward = CascadingRandomization(order="bottom_up", seeds=2)
    assert [p.label for p in judgement(0.1, upward).curve] == ["trained", *STAGES[::-1]]
    first = judgement(0.1).curve[0]
    assert first.similarity == first.excess == 1 and first.total == 30


def test_maps_that_do_not_change_fail():
    assert judgement(1.0).outcome == "fail" and judgement(1.0, null=0.7).outcome == "fail"


def test_agreement_that_noise_explains_passes_and_no_head_room_is_inconclusive():
    assert judgement(0.7, null=0.7).outcome == "pass"
    found = judgement(0.983, null=0.981)
    assert found.outcome == "inconclusive" and "No head-room" in found.reason and "0.981" in found.reason
    assert found.curve[-1].similarity == pytest.approx(0.983) and found.curve[-1].null == pytest.approx(0.981)
    assert all(c.outcome == "inconclusive" and c.statistic is None for c in found.criteria)


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
    assert found.outcome == "inconclusive" and "4 of 30 inputs" in found.reason and "constant" in found.reason
    lenient = replace(CHECK, undefined_at_most=0.2)
    assert judgement(with_gaps(4), lenient).outcome == "pass"


def test_inputs_without_head_room_count_as_undefined():
    null = np.array([0.97] * 6 + [0.0] * 24)
    found = judgement(0.0, null=null)
    assert found.outcome == "inconclusive" and "6 with a null above 0.95" in found.reason


def test_a_small_sample_is_inconclusive():
    found = judgement(0.0, facts=make_facts(9))
    assert found.outcome == "inconclusive" and "9 usable inputs" in found.reason
    assert judgement(0.0, facts=make_facts(10)).outcome == "pass"


def test_a_stage_that_did_not_change_is_named_with_the_remedy():
    found = judgement(0.0, changed=0.0)
    assert found.outcome == "inconclusive" and "logits" in found.reason and "redraw: initializer" in found.reason
    assert judgement(1.0, changed=np.nan).outcome == "inconclusive"


def test_a_network_without_parameters_is_inconclusive():
    assert judgement(0.0, facts=make_facts(stages=())).outcome == "inconclusive"


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


def test_fewer_seeds_can_be_judged_from_the_same_evidence():
    evidence = evidence_of(CHECK, FACTS, 0.0)
    found = CascadingRandomization(seeds=2).judge(evidence, FACTS)
    assert found.outcome == "pass" and found.seeds == 2


def test_the_sign_is_chosen_when_judging():
    evidence = evidence_of(CHECK, FACTS, 0.0)
    for each in evidence:
        if isinstance(each.unit.condition, Randomized):
            each.scores["similarity_signed"] = np.ones(30)
    assert CHECK.judge(evidence, FACTS).outcome == "pass"
    assert replace(CHECK, sign="signed").judge(evidence, FACTS).outcome == "fail"


def test_an_absent_signed_similarity_is_inconclusive():
    evidence = evidence_of(CHECK, FACTS, 0.0)
    for each in evidence:
        each.scores.pop("similarity_signed", None)
    assert replace(CHECK, sign="signed").judge(evidence, FACTS).outcome == "inconclusive"


@given(st.permutations(range(30)))
def test_order_of_inputs_changes_nothing(order):
    scores = noisy(0.6, 0.5, 0.2, spread=0.2)
    plain, shuffled = judgement(scores), judgement(lambda c: scores(c)[list(order)])
    assert plain.outcome == shuffled.outcome and plain.reason == shuffled.reason
    assert [plain.per_input[i] for i in order] == pytest.approx(list(shuffled.per_input))


@given(st.permutations(range(10)), st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 1))
def test_outcomes_are_monotone_in_the_thresholds(order, a, b, level):
    scores = noisy(level, level, level, spread=0.1)
    strict = replace(CHECK, mean_at_most=min(a, b), last_at_most=min(a, b))
    lenient = replace(CHECK, mean_at_most=max(a, b), last_at_most=max(a, b))
    assert ORDER[judgement(scores, strict).outcome] <= ORDER[judgement(scores, lenient).outcome]


@given(st.integers(0, 2**32 - 1))
def test_any_gap_too_wide_never_passes(seed):
    rng = np.random.default_rng(seed)
    gaps = rng.random((30, 3, 3)) < 0.3

    def scores(condition):
        return np.where(gaps[:, condition.seed, condition.stage - 1], np.nan, 0.0)

    share = gaps.any(axis=(1, 2)).mean()
    assert (judgement(scores).outcome == "pass") == (share <= 0.1)


def test_printed_numbers_show_who_is_above_the_limit():
    found = judgement(0.5004, CascadingRandomization(seeds=2, last_at_most=1))
    assert found.outcome == "fail" and "0.5004" in found.reason and "0.5000" in found.reason
