"""JUnit: each outcome has its mark, and an audit that must not pass is never green."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml

from audit.record import Audit, Outcome
from audit.report.formats.junit import junit
from tests.report import examples
from tests.report.ended import PLACE, cases


@cases(1)
def test_junitparser_sees_what_is_red(audit: Audit, red: bool) -> None:
    suites = JUnitXml.fromstring(junit(audit))
    bad = [case for suite in suites for case in suite for mark in case.result if isinstance(mark, Failure | Error)]
    assert bool(bad) == red == (audit.exit_code != 0)
    assert suites.failures + suites.errors == len(bad)
    if audit.valid:
        kind = Error if audit.verdicts[0].outcome == "error" else Failure
        assert [(case.classname, case.name, type(case.result[0])) for case in bad] == [(*PLACE, kind)] * red


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
    assert (root.get("failures"), root.get("errors"), root.get("tests")) == ("0", "0", str(18 + 6 + 1))
    assert [suite.get("name") for suite in root] == [r.id for r in examples.audit().requirements] + [
        "controls",
        "audit",
    ]
    for suite in root:
        assert suite.get("tests") == str(len(suite.findall("testcase")))


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_junit_is_legal_xml_for_any_text(text: str) -> None:
    ElementTree.fromstring(junit(examples.hostile(examples.one("fail"), text)))


def test_the_code_of_a_reason_is_a_property() -> None:
    root = ElementTree.fromstring(junit(examples.one("inconclusive", code="head-room")))
    assert root.find(".//property[@name='code']").get("value") == "head-room"  # pyright: ignore
    assert ElementTree.fromstring(junit(examples.one("pass"))).find(".//property[@name='code']") is None
