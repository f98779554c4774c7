"""JUnit, CSV and Markdown: no format is ever green where the audit is not."""

import csv
import re
from dataclasses import replace
from io import StringIO
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.record import Audit, Outcome
from audit.report.formats.junit import junit
from audit.report.formats.metrics_csv import COLUMNS, metrics
from audit.report.formats.summary import LONGEST, summary
from audit.report.markdown import escaped
from audit.report.page.page import page
from audit.report.words import gates
from tests.report import examples

AUDITS = {"audit": examples.audit, "invalid": examples.invalid, "nothing": examples.nothing}


def marks(audit: Audit) -> dict[tuple[str, str], tuple[str, str | None]]:
    """Return what each JUnit case carries: (suite, method) -> (tag, type)."""
    root = ElementTree.fromstring(junit(audit))
    found = {}
    for case in root.iter("testcase"):
        mark = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
        place = (case.get("classname", ""), case.get("name", ""))
        found[place] = ("", None) if mark is None else (mark.tag, mark.get("type"))
    return found


def test_a_gating_failure_is_visible_in_every_format() -> None:
    audit = examples.one("fail")
    html, text, table = page(audit), summary(audit), metrics(audit)
    assert marks(audit)["cascading_randomization", "gradient"] == ("failure", "threshold")
    assert 'class="badge fail"' in html and "This one is fail." in html
    assert "✗ **Fail**" in text and escaped("This one is fail.", 100) in text
    assert any(row["outcome"] == "fail" for row in csv.DictReader(StringIO(table)))


@pytest.mark.parametrize(
    ("outcome", "mark"),
    [
        ("pass", ("", None)),
        ("fail", ("failure", "threshold")),
        ("inconclusive", ("failure", "inconclusive")),
        ("error", ("error", "error")),
        ("skipped", ("skipped", None)),
    ],
)
def test_each_outcome_has_its_mark(outcome: Outcome, mark: tuple[str, str | None]) -> None:
    assert marks(examples.one(outcome))["cascading_randomization", "gradient"] == mark


@pytest.mark.parametrize("changes", [{"severity": "warning"}, {"waived": "until 2027 by A."}])
@pytest.mark.parametrize("outcome", ["fail", "error", "inconclusive"])
def test_what_cannot_gate_is_not_red_but_is_told(outcome: Outcome, changes: dict[str, str]) -> None:
    audit = replace(examples.one(outcome, **changes), exit_code=0)
    assert marks(audit)["cascading_randomization", "gradient"] == ("", None)
    outputs = [element.text or "" for element in ElementTree.fromstring(junit(audit)).iter("system-out")]
    assert any(outcome.upper() in output and f"This one is {outcome}." in output for output in outputs)


def test_a_gate_that_accepts_inconclusive_skips_it() -> None:
    audit = replace(examples.one("inconclusive"), spec={"gate": {"inconclusive": "pass"}}, exit_code=0)
    assert marks(audit)["cascading_randomization", "gradient"] == ("skipped", None)


@pytest.mark.parametrize("name", AUDITS)
def test_an_audit_that_must_not_pass_is_never_green(name: str) -> None:
    root = ElementTree.fromstring(junit(AUDITS[name]()))
    assert int(root.get("failures", "0")) + int(root.get("errors", "0")) > 0


def test_a_misbehaving_control_is_an_error_and_voids_every_pass() -> None:
    found = marks(examples.invalid())
    assert found["cascading_randomization", "random_map"] == ("error", "control")
    passes = [v for v in examples.invalid().verdicts if v.outcome == "pass"]
    assert passes and all(found[v.requirement, v.method][0] == "skipped" for v in passes)


def test_a_passing_audit_is_green_and_its_counts_are_true() -> None:
    root = ElementTree.fromstring(junit(examples.passing()))
    assert (root.get("failures"), root.get("errors"), root.get("tests")) == ("0", "0", str(18 + 6))
    assert [suite.get("name") for suite in root] == [r.id for r in examples.audit().requirements] + ["controls"]
    for suite in root:
        assert suite.get("tests") == str(len(suite.findall("testcase")))


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_junit_is_legal_xml_for_any_text(text: str) -> None:
    ElementTree.fromstring(junit(examples.hostile(examples.one("fail"), text)))


def test_metrics_has_a_row_for_every_point_and_criterion() -> None:
    audit = examples.audit()
    rows = list(csv.DictReader(StringIO(metrics(audit))))
    verdicts = [*audit.verdicts, *(control.verdict for control in audit.controls)]
    assert sum(row["row"] == "point" for row in rows) == sum(len(verdict.curve) for verdict in verdicts)
    assert sum(row["row"] == "criterion" for row in rows) == sum(len(verdict.criteria) for verdict in verdicts)
    assert not any(row["row"] == "quantile" for row in rows)
    assert {(row["requirement"], row["method"]) for row in rows} == {(v.requirement, v.method) for v in verdicts}


def test_metrics_has_the_quantiles_over_inputs() -> None:
    verdict = replace(examples.audit().verdicts[0], per_input=(0.0, None, 0.5, 1.0))
    rows = csv.DictReader(StringIO(metrics(examples.audit(verdicts=(verdict,), controls=()))))
    found = {row["name"]: float(row["excess"]) for row in rows if row["row"] == "quantile"}
    assert found["50% of inputs"] == 0.5 and found["25% of inputs"] == 0.25 and len(found) == 5


def test_metrics_keeps_every_digit_and_leaves_the_missing_empty() -> None:
    verdict = examples.audit().verdicts[0]
    odd = replace(verdict.curve[0], similarity=1 / 3, null=None, excess=float("nan"), interval=None)
    audit = examples.audit(verdicts=(replace(verdict, curve=(odd,), criteria=()),), controls=())
    (row,) = csv.DictReader(StringIO(metrics(audit)))
    assert float(row["similarity"]) == 1 / 3
    assert (row["null"], row["excess"], row["low"], row["high"]) == ("", "", "", "")


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_a_formula(start: str) -> None:
    verdict = replace(examples.audit().verdicts[0], method=start, requirement=start, waived=start)
    audit = examples.audit(verdicts=(verdict,), controls=())
    for row in csv.DictReader(StringIO(metrics(audit))):
        texts = [row[name] for name in COLUMNS[:10]]
        assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]


def test_summary_tells_every_verdict_that_is_not_a_pass() -> None:
    audit = examples.audit()
    text = summary(audit)
    for verdict in audit.verdicts:
        assert (escaped(verdict.reason, 400) in text) == (verdict.outcome != "pass")
    assert escaped(audit.sentence, 1000) in text
    assert "invalid: a control misbehaved" in summary(examples.invalid())


def test_summary_shows_hostile_text_as_text() -> None:
    text = summary(
        examples.hostile(examples.audit(), "<img src=x>\n# h1 |a|b| [l](http://evil.test) @all `c` ::error::")
    )
    assert "<img" not in text and "](http" not in text and "@all" not in text
    assert not re.search(r"^# h1", text, re.MULTILINE) and not re.search(r"^::", text, re.MULTILINE)
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1


def test_summary_stays_short_and_counts_what_it_leaves_out() -> None:
    many = examples.audit().verdicts * 300
    text = summary(examples.audit(verdicts=many))
    assert len(text.encode()) <= LONGEST < 64_000
    assert "more lines; the report holds them all" in text


def test_gating_needs_an_error_severity_and_no_waiver() -> None:
    verdict = examples.audit().verdicts[0]
    assert gates(verdict)
    assert not gates(replace(verdict, severity="warning")) and not gates(replace(verdict, waived="until 2027"))


def test_a_control_without_a_decision_is_not_said_to_behave():
    whole = examples.audit()
    silent = replace(whole.controls[1], verdict=replace(whole.controls[1].verdict, outcome="inconclusive"))
    shown = examples.audit(controls=(whole.controls[0], silent, *whole.controls[2:]))
    count = len(shown.controls)
    assert f"All {count} controls" in page(whole) and f"{count} of {count} controls" in summary(whole)
    for text in (page(shown), summary(shown)):
        assert f"All {count} controls" not in text and f"{count} of {count} controls" not in text
        assert f"{count - 1} of {count}" in text and "no decision" in text
