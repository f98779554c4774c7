"""What changed between two audits, in a sentence and in a table."""

from dataclasses import replace

from audit.judging import changes
from audit.record import Audit, Comparison
from audit.report.differences import KINDS, became, markdown, outcomes, sentence
from tests.report import examples


def compare(before: Audit, after: Audit) -> Comparison:
    return changes.compare(before, after, None)


def test_an_audit_beside_itself_has_not_changed() -> None:
    same = compare(examples.audit(), examples.audit())
    assert sentence(same).startswith("Nothing changed; ") and "| Change |" not in markdown(same)


def test_regressions_and_fixes_are_counted_and_shown_with_their_numbers() -> None:
    worse, better = compare(examples.passing(), examples.audit()), compare(examples.audit(), examples.passing())
    assert "regression" in sentence(worse) and "fix" in sentence(better)
    table = [line for line in markdown(worse).splitlines() if line.startswith("| ")][2:]
    assert len(table) == len(worse.changes) and any("pass → fail" in line for line in table)
    assert all(change.kind in KINDS for change in (*worse.changes, *better.changes))
    assert became(replace(worse.changes[0], before=None, after="fail")).endswith("→ fail")


def test_how_both_ended_is_said_with_their_exit_codes() -> None:
    assert (
        outcomes(compare(examples.passing(), examples.audit())) == "Pass (exit code 0) before, fail (exit code 1) now"
    )


def test_hostile_names_stay_inside_their_cell() -> None:
    before, after = examples.passing(), examples.audit()
    verdicts = tuple(replace(each, method=f"{each.method}|<b>\n# x") for each in after.verdicts)
    text = markdown(compare(before, replace(after, verdicts=verdicts)))
    assert "<b>" not in text and not any(line.startswith("# ") for line in text.splitlines())
