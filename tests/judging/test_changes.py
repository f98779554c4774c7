"""What changed between two audits: every pair of outcomes, what else differs, and what is no change."""

from dataclasses import replace
from typing import Any

import pytest

from audit.judging.changes import compare, counted, regressed, trimmed
from audit.record import Audit, Comparison, Outcome
from tests.report import examples

OUTCOMES: tuple[Outcome, ...] = ("pass", "inconclusive", "error", "fail")


def single(outcome: Outcome, **changes: Any) -> Audit:
    audit = examples.one(outcome, **changes)
    return replace(audit, verdicts=audit.verdicts[:1])


def moved(by: float) -> Audit:
    """Return the passing audit with its first statistic moved."""
    audit = single("pass")
    (verdict,) = audit.verdicts
    first, *others = verdict.criteria
    criteria = (replace(first, statistic=(first.statistic or 0) + by), *others)
    return replace(audit, verdicts=(replace(verdict, criteria=criteria),))


def kinds(before: Audit, after: Audit) -> list[str]:
    return [change.kind for change in compare(before, after, None).changes]


def swapped(comparison: Comparison) -> dict[str, int]:
    """Return the counts that the comparison the other way round must have."""
    names = {"new": "gone", "gone": "new"}
    return {names.get(kind, kind): count for kind, count in counted(comparison).items()}


@pytest.mark.parametrize("before", OUTCOMES)
@pytest.mark.parametrize("after", OUTCOMES)
def test_worse_is_a_regression_and_only_a_pass_is_a_fix(before: Outcome, after: Outcome) -> None:
    found = kinds(single(before), single(after))
    if before == after:
        assert found == []
    elif after == "pass":
        assert found == ["fix"]
    elif OUTCOMES.index(after) > OUTCOMES.index(before):
        assert found == ["regression"]
    else:
        assert found == ["changed"]
    assert regressed(compare(single(before), single(after), None)) == (found == ["regression"])


def test_what_is_skipped_is_as_good_as_absent() -> None:
    assert kinds(single("pass"), single("skipped")) == ["gone"]
    assert kinds(single("skipped"), single("fail")) == ["new"]
    assert kinds(single("skipped"), replace(single("pass"), verdicts=())) == []


def test_a_waiver_or_a_severity_is_a_change_and_no_fix() -> None:
    for changes in ({"waived": "until 2027"}, {"severity": "warning"}):
        (change,) = compare(single("fail"), single("fail", **changes), None).changes
        assert change.kind == "changed" and change.before == "fail" and change.after != "fail"


def test_the_last_digits_of_another_machine_are_no_change() -> None:
    assert kinds(moved(0.0), moved(1e-7)) == []
    (change,) = compare(moved(0.0), moved(0.01), None).changes
    (shift,) = change.shifts
    assert change.kind == "numbers" and change.before == change.after == "pass"
    assert (shift.after.statistic or 0) - (shift.before.statistic or 0) == pytest.approx(0.01)


def test_another_threshold_is_told_beside_the_outcome_that_it_made() -> None:
    lax, strict = single("pass"), single("fail")
    (verdict,) = strict.verdicts
    criteria = tuple(replace(each, threshold=0.01) for each in verdict.criteria)
    (change,) = compare(lax, replace(strict, verdicts=(replace(verdict, criteria=criteria),)), None).changes
    assert change.kind == "regression" and {shift.after.threshold for shift in change.shifts} == {0.01}


def test_an_audit_compared_with_itself_has_not_changed() -> None:
    for audit in (examples.audit(), examples.invalid(), examples.nothing()):
        found = compare(audit, audit, "a", "a")
        assert found.changes == () and found.notes == () and not regressed(found)
        assert found.same == sum(verdict.outcome != "skipped" for verdict in audit.verdicts)


def test_both_directions_agree_on_what_came_and_went() -> None:
    one, other = examples.audit(), replace(examples.audit(), verdicts=examples.audit().verdicts[4:])
    assert counted(compare(one, other, None)) == swapped(compare(other, one, None))


def test_the_gravest_come_first() -> None:
    found = kinds(examples.passing(), replace(examples.audit(), verdicts=examples.audit().verdicts[:12]))
    order = ("regression", "fix", "new", "gone", "changed", "numbers")
    assert found == sorted(found, key=order.index) and {"regression", "gone"} <= set(found)


def test_an_audit_that_became_invalid_is_worse_although_no_verdict_is() -> None:
    found = compare(examples.audit(), examples.invalid(), None)
    assert found.changes == () and regressed(found)


def test_what_else_differs_is_said() -> None:
    audit = examples.audit()
    network = replace(audit.facts.network, digest="0" * 64, name="other.keras")
    data = replace(audit.facts.data, digest="0" * 64)
    first, *others = audit.requirements
    renamed = (replace(first, id="renamed"), replace(others[0], settings={"seeds": 1}), *others[1:])
    other = replace(
        audit,
        facts=replace(audit.facts, network=network, data=data),
        requirements=renamed,
        provenance=replace(audit.provenance, backend="jax"),
    )
    assert compare(audit, other, None).notes == (
        "Another model: digits_cnn.keras before, other.keras now.",
        "Other inputs, or other explained classes.",
        "Another set of requirements: added renamed; gone cascading_randomization.",
        "Other settings of independent_randomization.",
        "Another backend: tensorflow before, jax now.",
    )


def test_trimming_changes_no_comparison() -> None:
    before, after = examples.passing(), examples.audit()
    assert compare(trimmed(before), after, None) == compare(before, after, None)
