"""Every format, every verdict: what keeps an audit from passing is seen, and nothing else is red."""

import csv
import json
import re
from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from junitparser import JUnitXml

from audit.record import Audit, Context
from audit.report.formats.github_annotations import annotations
from audit.report.formats.in_toto import statement
from audit.report.formats.junit import junit
from audit.report.formats.metrics_csv import metrics
from audit.report.formats.model_card import card
from audit.report.formats.sarif import sarif
from audit.report.formats.summary import LONGEST, summary
from audit.report.markdown import escaped
from audit.report.page.page import page, pages
from tests.reference import sarif as rules
from tests.report import examples
from tests.report.ended import PLACE, WAIVER, cases
from tests.report.formats.test_junit import marks
from tests.report.formats.test_sarif import sarif_run


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


@pytest.mark.parametrize("audit", [examples.nothing(), replace(examples.one("fail", waived=WAIVER), exit_code=5)])
def test_an_audit_that_must_not_pass_although_no_verdict_is_red_is_red_as_a_whole(audit: Audit) -> None:
    (result,) = [each for each in sarif_run(audit)["results"] if not each.get("suppressions")]
    assert (result["ruleId"], result["level"]) == ("audit", "error") and audit.sentence in result["message"]["text"]
    assert [line for line in annotations(audit, Context()) if line.startswith("::error title=Exit code 5::")]
    assert json.loads(statement(audit))["predicate"]["result"] == "FAILED"


def test_without_a_spec_file_nothing_is_located() -> None:
    assert all(each["locations"] == [] for each in sarif_run(examples.audit(), Context())["results"])
    assert not [line for line in annotations(examples.audit(), Context()) if "file=" in line or "line=" in line]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text())
def test_no_text_breaks_a_format(text: str) -> None:
    audit = examples.hostile(examples.invalid(), text)
    rules.check(json.loads(sarif(audit, Context(file=f"a{text}", lines={text: 3}))))
    json.loads(statement(audit))
    assert len(JUnitXml.fromstring(junit(audit))) == len(audit.requirements) + 2
    for line in annotations(audit, Context(file=f"a{text}")):
        assert line.startswith("::") and len(line.splitlines()) == 1
    yaml, section = card(audit).split("\n```\n\n")
    assert len(yaml.splitlines()) == 4 and json.loads(yaml.splitlines()[3].removeprefix("model-index: "))
    assert not re.search(r"<|\]\(http|^(?!## Explanations$)#|@", section.replace("<br>", ""), re.MULTILINE)
    assert len(summary(audit).encode()) <= LONGEST < 64 * 1024


def test_a_gating_failure_is_visible_in_every_format() -> None:
    audit = examples.one("fail")
    html, text, table = page(audit), summary(audit), metrics(audit)
    assert marks(audit)["cascading_randomization", "gradient"] == ("failure", "threshold")
    assert 'class="badge fail"' in html and "This one is fail." in html
    assert "✗ **Fail**" in text and escaped("This one is fail.", 100) in text
    assert any(row["outcome"] == "fail" for row in csv.DictReader(StringIO(table)))


def test_a_control_without_a_decision_is_not_said_to_behave():
    whole = examples.audit()
    silent = replace(whole.controls[1], verdict=replace(whole.controls[1].verdict, outcome="inconclusive"))
    shown = examples.audit(controls=(whole.controls[0], silent, *whole.controls[2:]))
    count = len(shown.controls)
    assert f"All {count} controls" in page(whole) and f"{count} of {count} controls" in summary(whole)
    for text in (page(shown), summary(shown)):
        assert f"All {count} controls" not in text and f"{count} of {count} controls" not in text
        assert f"{count - 1} of {count}" in text and "no decision" in text
