"""Every format, every verdict: what keeps an audit from passing is seen, and nothing else is red."""

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml

from audit.judging import gate
from audit.record import Audit, Context
from audit.report.formats.github_annotations import MOST, annotations
from audit.report.formats.in_toto import PREDICATE, STATEMENT, statement
from audit.report.formats.junit import junit
from audit.report.formats.metrics_csv import metrics
from audit.report.formats.model_card import card
from audit.report.formats.sarif import sarif
from audit.report.formats.summary import LONGEST, summary
from audit.report.markdown import escaped
from audit.report.page.page import pages
from audit.spec.schema import results_schema
from audit.store.store import to_json
from tests.reference import sarif as rules
from tests.reference.json_schema import accepts
from tests.report import examples

PLACE = ("cascading_randomization", "gradient")
CONTEXT = Context(file="specs/a b.yaml", lines={PLACE[0]: 41})
WAIVER = "until 2027-01-31 by A: soon."


def ended(audit: Audit) -> Audit:
    """Return an audit that ends as its verdicts and its gate say."""
    broken = [control for control in audit.controls if not control.behaves]
    ending = gate.close(audit.verdicts, broken, (audit.spec.get("gate") or {}).get("inconclusive", "fail"))
    return replace(audit, valid=not broken, **vars(ending))


def accepting(audit: Audit) -> Audit:
    return replace(audit, spec={**audit.spec, "gate": {"inconclusive": "pass"}})


def void() -> Audit:
    return replace(examples.passing(), controls=examples.invalid().controls)


# The audit, whether its first verdict keeps it from passing, and the word that says what it is.
CASES: dict[str, tuple[Callable[[], Audit], bool, str]] = {
    "pass": (lambda: examples.one("pass"), False, "pass"),
    "fail": (lambda: examples.one("fail"), True, "fail"),
    "inconclusive": (lambda: examples.one("inconclusive"), True, "inconclusive"),
    "error": (lambda: examples.one("error"), True, "error"),
    "skipped": (lambda: examples.one("skipped"), False, "skipped"),
    "accepted": (lambda: accepting(examples.one("inconclusive")), False, "inconclusive"),
    "waived failure": (lambda: examples.one("fail", waived=WAIVER), False, "fail"),
    "waived error": (lambda: examples.one("error", waived=WAIVER), False, "error"),
    "warning": (lambda: examples.one("fail", severity="warning"), False, "fail"),
    "void": (void, True, "void"),
}


def cases(*columns: int) -> Any:
    chosen = {name: (ended(case[0]()), *(case[column] for column in columns)) for name, case in CASES.items()}
    return pytest.mark.parametrize(
        ("audit", *("red word".split()[column - 1] for column in columns)), chosen.values(), ids=chosen
    )


def sarif_run(audit: Audit, context: Context = CONTEXT) -> dict[str, Any]:
    log = json.loads(sarif(audit, context))
    rules.check(log)
    return log["runs"][0]


# --- Each verdict in each format --------------------------------------------------------------------------------------


@cases(1)
def test_junitparser_sees_what_is_red(audit: Audit, red: bool) -> None:
    suites = JUnitXml.fromstring(junit(audit))
    bad = [case for suite in suites for case in suite for mark in case.result if isinstance(mark, Failure | Error)]
    assert bool(bad) == red == (audit.exit_code != 0)
    assert suites.failures + suites.errors == len(bad)
    if audit.valid:
        kind = Error if audit.verdicts[0].outcome == "error" else Failure
        assert [(case.classname, case.name, type(case.result[0])) for case in bad] == [(*PLACE, kind)] * red


@cases(1, 2)
def test_sarif_has_an_error_where_the_audit_must_not_pass(audit: Audit, red: bool, word: str) -> None:
    run = sarif_run(audit)
    counted = [each for each in run["results"] if each["level"] == "error" and not each.get("suppressions")]
    assert bool(counted) == red
    shown = [each for each in run["results"] if each.get("properties", {}).get("method") == PLACE[1]]
    assert bool(shown) == (word not in ("pass", "skipped"))
    for each in shown:
        assert word.upper() in each["message"]["text"] and audit.verdicts[0].reason in each["message"]["text"]
    for each in shown[:1]:
        assert each["ruleId"] == PLACE[0]
        assert each["locations"][0]["physicalLocation"]["region"]["startLine"] == 41
    (invocation,) = run["invocations"]
    assert invocation["exitCode"] == audit.exit_code
    assert invocation["executionSuccessful"] == (audit.exit_code != 3)
    errors = [each["message"]["text"] for each in invocation["toolExecutionNotifications"]]
    assert len(errors) == sum(verdict.outcome == "error" for verdict in audit.verdicts)


@cases(1, 2)
def test_annotations_are_errors_where_the_audit_must_not_pass(audit: Audit, red: bool, word: str) -> None:
    lines = annotations(audit, CONTEXT)
    assert any(line.startswith("::error ") for line in lines) == red
    about = [line for line in lines if f"title={word.capitalize()}%3A gradient%2C cascading_randomization::" in line]
    assert bool(about) == (word != "pass")
    assert all(" file=specs/a b.yaml,line=41," in line for line in about)


@cases(1, 2)
def test_the_statement_lists_each_test_once_and_fails_with_the_audit(audit: Audit, red: bool, word: str) -> None:
    found = json.loads(statement(audit))
    assert (found["_type"], found["predicateType"]) == (STATEMENT, PREDICATE)
    (subject,) = found["subject"]
    assert subject == {"name": "digits_cnn.keras", "digest": {"kerasParametersSha256": "3f5a" * 16}}
    predicate = found["predicate"]
    assert set(predicate) == {"result", "configuration", "passedTests", "warnedTests", "failedTests"}
    assert all(each["name"] and all(each["digest"].values()) for each in predicate["configuration"])
    assert bool(predicate["failedTests"]) == red == (predicate["result"] == "FAILED")
    assert (predicate["result"] == "WARNED") == (not red and bool(predicate["warnedTests"]))
    listed = [name for group in ("passedTests", "warnedTests", "failedTests") for name in predicate[group]]
    expected = [f"{v.requirement}/{v.method}" for v in audit.verdicts if v.outcome != "skipped"]
    expected += [f"control/{c.requirement}/{c.method}" for c in audit.controls]
    assert sorted(listed) == sorted(expected)
    group = "passedTests" if word == "pass" else "failedTests" if red else "warnedTests"
    assert ("/".join(PLACE) in predicate[group]) == (word != "skipped")


@cases(1, 2)
def test_people_and_tables_are_told(audit: Audit, red: bool, word: str) -> None:
    text = summary(audit)
    assert f"Exit code {audit.exit_code}." in text and (audit.exit_code != 0) == red
    assert f"**{word.capitalize()}**" in text
    assert f"**{word.capitalize()}**" in card(audit) and escaped(audit.sentence, 1000) in card(audit)
    row = next(row for row in csv.DictReader(StringIO(metrics(audit))) if (row["requirement"], row["method"]) == PLACE)
    assert row["outcome"] == word and row["waived"] == (audit.verdicts[0].waived or "")


@cases(1, 2)
def test_the_page_and_its_print_are_told(audit: Audit, red: bool, word: str) -> None:
    made = pages(replace(audit, verdicts=audit.verdicts[:1], requirements=audit.requirements[:1]))
    for text in (made.screen, made.paper):
        assert f'class="badge {word}"' in text and audit.verdicts[0].reason[:40] in text
        assert not (red and '<div class="verdict pass">' in text), "the cover says pass"


def test_a_model_whose_file_is_pinned_is_named_by_it_too() -> None:
    audit = replace(examples.audit(), spec={"model": {"path": "m.keras", "sha256": "ab" * 32}})
    assert json.loads(statement(audit))["subject"][0]["digest"]["sha256"] == "ab" * 32


# --- What the formats promise beside that -----------------------------------------------------------------------------


@pytest.mark.parametrize("audit", [examples.nothing(), replace(examples.one("fail", waived=WAIVER), exit_code=5)])
def test_an_audit_that_must_not_pass_although_no_verdict_is_red_is_red_as_a_whole(audit: Audit) -> None:
    (result,) = [each for each in sarif_run(audit)["results"] if not each.get("suppressions")]
    assert (result["ruleId"], result["level"]) == ("audit", "error") and audit.sentence in result["message"]["text"]
    assert [line for line in annotations(audit, Context()) if line.startswith("::error title=Exit code 5::")]
    assert json.loads(statement(audit))["predicate"]["result"] == "FAILED"


def test_sarif_declares_a_rule_for_every_check_whether_or_not_it_fired() -> None:
    audit = examples.passing()
    run = sarif_run(audit)
    assert run["results"] == []
    checks = [requirement.check for requirement in audit.requirements]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [*checks, "control", "audit"]


def test_sarif_fingerprints_follow_the_verdict_and_nothing_else() -> None:
    marks = [
        each["partialFingerprints"]["auditRequirementMethod/v1"] for each in sarif_run(examples.audit())["results"]
    ]
    assert len(set(marks)) == len(marks)
    one, other = (sarif_run(examples.one(outcome))["results"][0] for outcome in ("fail", "error"))
    assert one["partialFingerprints"] == other["partialFingerprints"]
    spec = {**examples.audit().spec, "audit": {"id": "another"}}
    moved = sarif_run(replace(examples.one("fail"), spec=spec), Context(file="b.yaml"))["results"][0]
    assert moved["partialFingerprints"] != one["partialFingerprints"]


def test_a_waiver_is_an_accepted_suppression() -> None:
    run = sarif_run(ended(examples.one("fail", waived=WAIVER)))
    (result,) = run["results"]
    assert result["suppressions"] == [{"kind": "external", "status": "accepted", "justification": WAIVER}]


def test_without_a_spec_file_nothing_is_located() -> None:
    assert all(each["locations"] == [] for each in sarif_run(examples.audit(), Context())["results"])
    assert not [line for line in annotations(examples.audit(), Context()) if "file=" in line or "line=" in line]


def test_annotations_are_few_and_count_what_they_leave_out() -> None:
    first = examples.one("fail").verdicts[0]
    many = tuple(replace(first, method=f"m{place}") for place in range(30))
    warned = tuple(replace(verdict, severity="warning") for verdict in many)
    lines = annotations(ended(replace(examples.audit(), verdicts=many + warned)), CONTEXT)
    for level, total in (("error", 31), ("warning", 30)):
        same = [line for line in lines if line.startswith(f"::{level}")]
        assert len(same) == MOST + 1 == 10
        assert same[-1] == f"::{level}::and {total - MOST} more; the report holds them all"


def test_annotations_escape_what_would_end_a_value_or_the_line() -> None:
    first = replace(examples.one("fail").verdicts[0], method="50%,a:b", reason="100% of\r\n::error::x, y: z")
    (line, _) = annotations(
        ended(replace(examples.audit(), verdicts=(first,), controls=())), Context(file="a,b:c%.yaml")
    )
    assert line.startswith(
        "::error file=a%2Cb%3Ac%25.yaml,line=1,title=Fail%3A 50%25%2Ca%3Ab%2C cascading_randomization::"
    )
    assert line.endswith("::100%25 of\\u000d ::error::x, y: z")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text())
def test_no_text_breaks_a_format(text: str) -> None:
    audit = examples.hostile(examples.invalid(), text)
    rules.check(json.loads(sarif(audit, Context(file=f"a{text}", lines={text: 3}))))
    json.loads(statement(audit))
    assert len(JUnitXml.fromstring(junit(audit))) == len(audit.requirements) + 1
    for line in annotations(audit, Context(file=f"a{text}")):
        assert line.startswith("::") and len(line.splitlines()) == 1
    yaml, section = card(audit).split("\n```\n\n")
    assert len(yaml.splitlines()) == 4 and json.loads(yaml.splitlines()[3].removeprefix("model-index: "))
    assert not re.search(r"<|\]\(http|^(?!## Explanations$)#|@", section.replace("<br>", ""), re.MULTILINE)
    assert len(summary(audit).encode()) <= LONGEST < 64 * 1024


# --- results.json -----------------------------------------------------------------------------------------------------


def exit_code(found: dict[str, Any]) -> int:
    """Return the exit code, from the file alone."""
    if not all(control["behaves"] for control in found["controls"]):
        return 3
    gating = {
        verdict["outcome"]
        for verdict in found["verdicts"]
        if verdict["severity"] == "error" and verdict["waived"] is None and verdict["outcome"] != "skipped"
    }
    if (found["spec"].get("gate") or {}).get("inconclusive") == "pass":
        gating -= {"inconclusive"}
    codes = {"fail": 1, "error": 3, "inconclusive": 4, "pass": 0}
    return next((code for outcome, code in codes.items() if outcome in gating), 5)


_VERDICT = st.builds(
    lambda outcome, severity, waived: replace(
        examples.passing().verdicts[0], outcome=outcome, severity=severity, waived=waived
    ),
    st.sampled_from(["pass", "fail", "inconclusive", "error", "skipped"]),
    st.sampled_from(["error", "warning"]),
    st.sampled_from([None, WAIVER]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(_VERDICT, max_size=4), st.booleans(), st.booleans())
def test_the_exit_code_is_a_function_of_results_json(verdicts: list[Any], broken: bool, accepts_doubt: bool) -> None:
    controls = examples.invalid().controls if broken else examples.passing().controls
    audit = replace(examples.audit(), verdicts=tuple(verdicts), controls=controls)
    audit = ended(accepting(audit) if accepts_doubt else audit)
    found = json.loads(to_json(audit))
    assert exit_code(found) == found["exit_code"] == audit.exit_code


@pytest.mark.parametrize("make", [examples.audit, examples.invalid, examples.passing, examples.nothing])
def test_results_fit_their_schema(make: Callable[[], Audit]) -> None:
    schema, found = results_schema(), json.loads(to_json(make()))
    assert accepts(schema, schema, found)
    assert not accepts(schema, schema, {**found, "schema_version": 2})
    assert not accepts(schema, schema, {**found, "outcome": "good"})
    assert not accepts(schema, schema, {key: value for key, value in found.items() if key != "verdicts"})
