"""Every outcome of the cascade, from evidence with chosen similarities."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checks.cascading_randomization import CascadingRandomization
from audit.record import Architecture, Intact, Null, Randomized
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
    null, architecture, identity, *others = CHECK.conditions(FACTS)
    assert null == Null(draws=3) and (identity.stage, identity.mode) == (0, "cascading")
    assert architecture == Architecture(stages=3)
    intact, drawn = others[:3], others[3:]
    assert intact == [Intact(mode="cascading", stage=stage) for stage in (1, 2, 3)]
    assert [(each.seed, each.stage) for each in drawn] == [(s, k) for s in range(3) for k in (1, 2, 3)]


def test_fields_reach_the_conditions():
    check = CascadingRandomization(order="bottom_up", redraw="normal", batch_norm="reset", seeds=2, null_draws=4)
    null, architecture, identity, *others = check.conditions(FACTS)
    assert null.draws == 4 and (architecture.redraw, architecture.batch_norm) == ("normal", "reset")
    assert {(c.order, c.draws) for c in others[:3]} == {("bottom_up", 4)}
    assert {(c.order, c.redraw, c.batch_norm) for c in (identity, *others[3:])} == {("bottom_up", "normal", "reset")}


def test_low_similarity_passes():
    found = judgement(noisy(0.2, 0.1, 0.0))
    assert found.outcome == "pass" and [c.outcome for c in found.criteria] == ["pass", "pass"]


@pytest.mark.parametrize("means, failing", [((0.9, 0.8, 0.1), {"half"}), ((0.2, 0.2, 0.6), {"last"})])
def test_either_criterion_can_fail_it(means, failing):
    found = judgement(noisy(*means))
    assert found.outcome == "fail" and {c.name for c in found.criteria if c.outcome == "fail"} == failing


def test_an_interval_around_the_limit_is_inconclusive():
    found = judgement(noisy(0.25, 0.25, 0.25, spread=0.05), CascadingRandomization(seeds=3, last_at_most=0.9))
    assert found.outcome == "inconclusive" and "interval contains the limit" in found.reason


def test_the_statistics_are_those_of_a_slow_derivation():
    """Three stages of equal depth: over the upper half the first counts for 11 / 12."""
    rng = np.random.default_rng(0)
    table, null = rng.uniform(0.2, 0.6, (30, 3, 3)), rng.uniform(0, 0.15, 30)  # inputs, seeds, stages
    found = judgement(lambda c: table[:, c.seed, c.stage - 1], null=null)
    kept = [np.mean(table[:, :, k]) - null.mean() for k in range(3)]
    e = [each / (1 - null.mean()) for each in kept]
    grid = np.linspace(0, 0.5, 100_001)
    half, last = found.criteria
    assert half.statistic == pytest.approx(np.interp(grid, [1 / 3, 2 / 3, 1], e).mean(), abs=1e-5)
    assert last.statistic == pytest.approx(e[2])
    for place, point in enumerate(found.curve[1:]):
        assert point.similarity == pytest.approx(table[:, :, place].mean()) and point.null == pytest.approx(null.mean())
        assert point.excess == pytest.approx(e[place]) and point.interval[0] < point.excess < point.interval[1]


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
    assert found.outcome == "inconclusive" and "No head-room" in found.reason and "0.98" in found.reason
    assert found.curve[-1].similarity == pytest.approx(0.983) and found.curve[-1].null == pytest.approx(0.981)
    assert all(c.outcome == "inconclusive" and c.statistic is None for c in found.criteria)


def test_a_network_without_parameters_is_inconclusive():
    assert judgement(0.0, facts=make_facts(stages=())).outcome == "inconclusive"


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


@given(st.permutations(range(30)))
def test_order_of_inputs_changes_nothing(order):
    scores = noisy(0.6, 0.5, 0.2, spread=0.2)
    plain, shuffled = judgement(scores), judgement(lambda c: scores(c)[list(order)])
    assert plain.outcome == shuffled.outcome and plain.reason == shuffled.reason
    assert [plain.per_input[i] for i in order] == pytest.approx(list(shuffled.per_input))


@given(st.permutations(range(10)), st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 1))
def test_outcomes_are_monotone_in_the_thresholds(order, a, b, level):
    scores = noisy(level, level, level, spread=0.1)
    strict = replace(CHECK, half_at_most=min(a, b), last_at_most=min(a, b))
    lenient = replace(CHECK, half_at_most=max(a, b), last_at_most=max(a, b))
    assert ORDER[judgement(scores, strict).outcome] <= ORDER[judgement(scores, lenient).outcome]
