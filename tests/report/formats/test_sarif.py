"""SARIF: an error where the audit must not pass, located, with rules, fingerprints and suppressions."""

import json
from dataclasses import replace
from typing import Any

from audit.record import Audit, Context
from audit.report.formats.sarif import sarif
from tests.reference import sarif as rules
from tests.report import examples
from tests.report.ended import CONTEXT, PLACE, WAIVER, cases, ended


def sarif_run(audit: Audit, context: Context = CONTEXT) -> dict[str, Any]:
    log = json.loads(sarif(audit, context))
    rules.check(log)
    return log["runs"][0]


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


def test_sarif_declares_a_rule_for_every_check_whether_or_not_it_fired() -> None:
    audit = examples.passing()
    run = sarif_run(audit)
    assert run["results"] == []
    checks = [requirement.check for requirement in audit.requirements]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [*checks, "validity", "audit"]


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


def test_the_code_of_a_reason_is_a_property() -> None:
    (found,) = (each for each in sarif_run(examples.one("inconclusive", code="head-room"))["results"])
    assert found["properties"]["code"] == "head-room"
