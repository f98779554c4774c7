"""Every exit code, their order, waivers and the closing sentence."""

import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checks.cascading_randomization import CascadingRandomization
from audit.judging.gate import close, waived
from audit.record import Criterion, Invalidity, Verdict
from tests.audits import SOUND, TODAY, judged

CODES = {"fail": 1, "error": 3, "inconclusive": 4, "pass": 0, "skipped": 5}


def verdict(outcome, method="gradient", severity="error", statistic=None, **more):
    criteria = ()
    if statistic is not None:
        criteria = (
            Criterion(
                name="mean", relation="at_most", threshold=0.5, statistic=statistic, interval=None, outcome=outcome
            ),
        )
    return Verdict(
        requirement="cascade",
        check="cascading_randomization",
        method=method,
        severity=severity,
        outcome=outcome,
        reason=f"The map of {method} says {outcome}.",
        criteria=criteria,
        **more,
    )


BROKEN = Invalidity(
    kind="control", sentence="The control edge_detector must fail cascade and was judged pass.", fix="Check it."
)


@pytest.mark.parametrize("outcome, code", CODES.items())
def test_each_outcome_alone(outcome, code):
    ending = close([verdict(outcome)], [], "fail")
    assert ending.exit_code == code and ending.outcome == ("nothing" if outcome == "skipped" else outcome)


@given(st.lists(st.sampled_from(list(CODES)), max_size=6), st.booleans())
def test_the_gravest_decides(outcomes, broken):
    code = close([verdict(each) for each in outcomes], [BROKEN] if broken else [], "fail").exit_code
    order = ["fail", "error", "inconclusive", "pass"]
    expected = next((CODES[each] for each in order if each in outcomes), 5)
    assert code == (3 if broken else expected)


@pytest.mark.parametrize(
    "outcomes, code",
    [
        (["inconclusive", "pass"], 0),
        (["inconclusive"], 5),
        (["inconclusive", "skipped"], 5),
        (["inconclusive", "fail"], 1),
        (["inconclusive", "error"], 3),
        ([], 5),
    ],
)
def test_accepted_inconclusive_verdicts_are_not_passes(outcomes, code):
    assert close([verdict(each) for each in outcomes], [], "pass").exit_code == code


@pytest.mark.parametrize("outcome", ["fail", "error", "inconclusive", "pass"])
def test_warnings_never_gate(outcome):
    assert close([verdict(outcome, severity="warning")], [], "fail").exit_code == 5
    assert close([verdict(outcome, severity="warning"), verdict("pass", "b")], [], "fail").exit_code == 0


def waiver(until="2026-12-31", check="cascade", method="gradient"):
    return {"check": check, "method": method, "until": until, "by": "J. Doe", "reason": "being replaced"}


@pytest.mark.parametrize("check", ["cascade", "cascading_randomization"])
@pytest.mark.parametrize("outcome", ["fail", "error", "inconclusive"])
def test_a_waiver_in_force_takes_a_verdict_out_of_the_gate_and_keeps_its_outcome(check, outcome):
    (found,) = waived([verdict(outcome)], [waiver(check=check)], TODAY)
    assert found.outcome == outcome and "J. Doe" in found.waived and "2026-12-31" in found.waived
    assert close([found, verdict("pass", "b")], [], "fail").exit_code == 0
    assert close([found], [], "fail").exit_code == 5


def test_a_waiver_holds_on_its_last_day_and_not_after():
    until = waiver(until=TODAY.isoformat())
    assert waived([verdict("fail")], [until], TODAY)[0].waived
    (found,) = waived([verdict("fail")], [until], TODAY + datetime.timedelta(days=1))
    assert found.waived is None and "expired on 2026-06-15" in found.reason
    assert close([found], [], "fail").exit_code == 1


def test_a_date_need_not_be_a_string():
    assert waived([verdict("fail")], [waiver(until=datetime.date(2027, 1, 1))], TODAY)[0].waived


@pytest.mark.parametrize("other", [{"check": "other"}, {"method": "other"}])
def test_a_waiver_for_something_else_does_nothing(other):
    assert waived([verdict("fail")], [waiver(**other)], TODAY) == [verdict("fail")]


@pytest.mark.parametrize("outcome", ["pass", "skipped"])
def test_what_does_not_stop_the_gate_needs_no_waiver(outcome):
    assert waived([verdict(outcome)], [waiver()], TODAY) == [verdict(outcome)]


def test_a_waiver_in_force_outlives_an_expired_one():
    waivers = [waiver(until="2026-01-01"), waiver(until="2027-01-01")]
    assert "2027" in waived([verdict("fail")], waivers, TODAY)[0].waived


def test_no_waiver_makes_an_invalid_audit_valid():
    check, spec = CascadingRandomization(seeds=2), {"waivers": [waiver(check="cascading_randomization")]}
    audit = judged(check, {"gradient": 0.1, **SOUND, "random_map": 1.0}, spec=spec)
    assert audit.exit_code == 3 and audit.verdicts[0].waived


def test_a_whole_audit_reads_waivers_and_gate_from_its_spec():
    check = CascadingRandomization(seeds=2)
    similarities = {"gradient": 0.9, "smoothgrad": 0.1, **SOUND}
    assert judged(check, similarities).exit_code == 1
    waivers = {"waivers": [waiver(check="cascading_randomization")]}
    assert judged(check, similarities, spec=waivers).exit_code == 0
    assert judged(check, similarities, spec=waivers, today=datetime.date(2027, 2, 1)).exit_code == 1


def test_the_sentence_names_the_worst_finding_and_what_does_not_count():
    verdicts = [
        verdict("fail", "guided_backprop", statistic=0.7),
        verdict("fail", "input_times_gradient", statistic=0.9),
        verdict("pass", "gradient", statistic=0.1),
        verdict("fail", "a", severity="warning"),
        verdict("fail", "b", waived="until then"),
    ]
    sentence = close(verdicts, [], "fail").sentence
    assert "2 of 3" in sentence and "input_times_gradient" in sentence and "guided_backprop" not in sentence
    assert "1 waived" in sentence and "1 not passed, as warnings" in sentence


def test_a_pass_names_the_closest_to_its_limit():
    verdicts = [verdict("pass", "near", statistic=0.45), verdict("pass", "far", statistic=0.1)]
    assert "near" in close(verdicts, [], "fail").sentence


def test_an_invalid_audit_says_so_and_names_the_control():
    sentence = close([verdict("fail")], [BROKEN], "fail").sentence
    assert "invalid" in sentence and "edge_detector" in sentence


def test_a_requirement_that_no_method_was_tested_for_is_named_and_never_carries_a_pass():
    axiom = replace(verdict("skipped", code="not-claimed"), requirement="completeness")
    passed = close([verdict("pass"), axiom], [], "fail")
    assert passed.exit_code == 0 and "no method was tested for completeness" in passed.sentence
    assert close([axiom], [], "fail").exit_code == 5
    tested = [verdict("pass"), axiom, replace(axiom, method="smoothgrad", outcome="pass")]
    assert "no method was tested" not in close(tested, [], "fail").sentence
