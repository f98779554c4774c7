"""The structural rules of SARIF 2.1.0 for the objects that a log of ours may hold, with their sections."""

import re
from typing import Any

Json = dict[str, Any]

PROPERTIES = {
    "log": {"$schema", "version", "runs"},
    "run": {"tool", "automationDetails", "invocations", "results", "columnKind"},
    "driver": {"name", "version", "rules"},
    "rule": {"id", "shortDescription", "fullDescription", "defaultConfiguration"},
    "invocation": {"executionSuccessful", "exitCode", "exitCodeDescription", "toolExecutionNotifications"},
    "notification": {"level", "message", "locations", "associatedRule"},
    "result": {
        *("ruleId", "ruleIndex", "kind", "level", "message", "locations", "partialFingerprints", "suppressions"),
        "properties",
    },
    "location": {"physicalLocation"},
    "physicalLocation": {"artifactLocation", "region"},
    "suppression": {"kind", "status", "justification"},
}
LEVELS = ("none", "note", "warning", "error")
KINDS = ("pass", "open", "informational", "notApplicable", "review", "fail")
REFERENCE = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})+")


def check(log: Json) -> None:
    """Fail where a log breaks a rule."""
    _known(log, "log")
    assert log["version"] == "2.1.0"  # 3.13.2
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    for run in log["runs"]:
        _run(run)


def _run(run: Json) -> None:
    _known(run, "run")
    driver = run["tool"]["driver"]
    _known(driver, "driver")
    assert driver["name"]  # 3.19.8
    rules = driver["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)  # 3.49.3
    for rule in rules:
        _known(rule, "rule")
        assert rule["defaultConfiguration"]["level"] in LEVELS
        _message(rule["shortDescription"])
        _message(rule["fullDescription"])
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")  # 3.14.17
    for invocation in run["invocations"]:
        _invocation(invocation, rules)
    for result in run["results"]:
        _result(result, rules)


def _invocation(invocation: Json, rules: list[Json]) -> None:
    _known(invocation, "invocation")
    assert isinstance(invocation["executionSuccessful"], bool)  # 3.20.14: required
    assert isinstance(invocation["exitCode"], int)
    for notification in invocation["toolExecutionNotifications"]:
        _known(notification, "notification")
        assert notification["level"] in LEVELS  # 3.58.6
        assert notification["associatedRule"]["id"] in {rule["id"] for rule in rules}  # 3.58.3
        _message(notification["message"])
        _locations(notification["locations"])


def _result(result: Json, rules: list[Json]) -> None:
    _known(result, "result")
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]  # 3.27.6
    assert result["kind"] in KINDS and result["level"] in LEVELS
    assert result["kind"] == "fail" or result["level"] == "none"  # 3.27.10
    _message(result["message"])
    _locations(result["locations"])
    assert all(isinstance(value, str) and value for value in result["partialFingerprints"].values())  # 3.27.17
    for suppression in result.get("suppressions", ()):
        _known(suppression, "suppression")
        assert suppression["kind"] in ("inSource", "external")  # 3.35.2
        assert suppression["status"] in ("accepted", "underReview", "rejected")  # 3.35.3


def _locations(locations: list[Json]) -> None:
    for location in locations:
        _known(location, "location")
        _known(location["physicalLocation"], "physicalLocation")
        assert REFERENCE.fullmatch(location["physicalLocation"]["artifactLocation"]["uri"])  # 3.4.3: RFC 3986
        assert location["physicalLocation"]["region"]["startLine"] >= 1  # 3.30.5


def _message(message: Json) -> None:
    assert set(message) == {"text"} and message["text"]  # 3.11.8


def _known(found: Json, name: str) -> None:
    assert set(found) <= PROPERTIES[name], set(found) - PROPERTIES[name]
