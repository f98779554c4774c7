"""The in-toto statement lists each test once and fails with the audit."""

import json
from dataclasses import replace

from audit.record import Audit
from audit.report.formats.in_toto import PREDICATE, STATEMENT, statement
from tests.report import examples
from tests.report.ended import PLACE, cases


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


def test_a_model_whose_file_is_pinned_is_named_by_it_too() -> None:
    audit = replace(examples.audit(), spec={"model": {"path": "m.keras", "sha256": "ab" * 32}})
    assert json.loads(statement(audit))["subject"][0]["digest"]["sha256"] == "ab" * 32
