"""results.sarif: SARIF 2.1.0, so that a code host shows each verdict that is not a pass at the spec's line.

A rule for each check that was required, whether or not it found anything: a host then closes what is resolved. Passes
and skipped verdicts are no results: hosts show every result as something to fix.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, sections 3.14 to 3.58.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from audit.record import Audit, Context, Invalidity, Verdict, digest, record
from audit.report.words import about, clean, finite, gates, kind_of, note, stops

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VALIDITY, WHOLE = "validity", "audit"
"""The rules that are no check: what makes an audit invalid, and an audit that must not pass as a whole."""

Json = dict[str, Any]


@record
class SarifResult:
    """What a host is shown as one result: the rule it breaks, and the requirement and method that it speaks of."""

    rule: str
    level: str
    text: str
    place: tuple[str, str]  # what names it from run to run
    requirement: str  # where it stands in the spec; empty: nowhere in particular


def sarif(audit: Audit, context: Context) -> bytes:
    """Return the log as JSON; ``context`` says where the requirements stand."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(audit, context)]}
    return (json.dumps(log, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def _run(audit: Audit, context: Context) -> Json:
    rules = _rules(audit)
    order = {rule["id"]: place for place, rule in enumerate(rules)}
    results = [{**each, "ruleIndex": order[each["ruleId"]]} for each in _results(audit, context)]
    driver = {"name": "saliency-audit", "rules": rules}
    version = audit.provenance.versions.get("saliency-audit")
    return {
        "tool": {"driver": {**driver, "version": clean(version)} if version else driver},
        "automationDetails": {"id": f"saliency-audit/{clean(_id(audit))}/"},
        "invocations": [_invocation(audit, context)],
        "results": results,
        "columnKind": "unicodeCodePoints",
    }


def _rules(audit: Audit) -> list[Json]:
    docs = {each.check: each.doc for each in audit.requirements}
    rules = [_rule(check, doc.get("In short") or check, doc) for check, doc in docs.items()]
    own = {VALIDITY: "The audit is invalid.", WHOLE: "The audit must not pass."}
    return rules + [_rule(name, text, {}) for name, text in own.items()]


def _rule(name: str, short: str, doc: Any) -> Json:
    full = " ".join(f"{title} {text}" for title, text in sorted(doc.items())) or short
    return {
        "id": clean(name),
        "shortDescription": {"text": clean(short)},
        "fullDescription": {"text": clean(full)},
        "defaultConfiguration": {"level": "error"},
    }


def _results(audit: Audit, context: Context) -> Iterator[Json]:
    found = [_result(audit, verdict, context) for verdict in audit.verdicts if _shown(audit, verdict)]
    found += [_invalid(audit, reason, context) for reason in audit.invalid]
    yield from found
    red = any(each["level"] == "error" and not each.get("suppressions") for each in found)
    if audit.exit_code != 0 and not red:
        whole = SarifResult(rule=WHOLE, level="error", text=audit.sentence, place=(WHOLE, WHOLE), requirement="")
        yield _shown_as(whole, audit, context)


def _shown(audit: Audit, verdict: Verdict) -> bool:
    return kind_of(audit, verdict) not in ("pass", "skipped")


def _result(audit: Audit, verdict: Verdict, context: Context) -> Json:
    kind = kind_of(audit, verdict)
    remark = f" ({note(verdict)})" if note(verdict) else ""
    text = f"{kind.upper()}{remark} {verdict.method}, {verdict.requirement}: {verdict.reason}"
    finding = SarifResult(
        rule=verdict.check,
        level=_level(audit, verdict),
        text=text,
        place=(verdict.requirement, verdict.method),
        requirement=verdict.requirement,
    )
    result = _shown_as(finding, audit, context)
    numbers = {each.name: each.statistic for each in verdict.criteria if finite(each.statistic)}
    result["properties"] = {"outcome": kind, "method": clean(verdict.method), "severity": verdict.severity} | {
        **({"code": verdict.code} if verdict.code else {}),
        "statistics": {clean(name): value for name, value in numbers.items()},
    }
    if verdict.waived is not None:
        waiver = {"kind": "external", "status": "accepted", "justification": clean(verdict.waived)}
        result["suppressions"] = [waiver]
    return result


def _level(audit: Audit, verdict: Verdict) -> str:
    """Return ``error`` for what stops the gate or would without its waiver, ``warning`` for the rest."""
    return "error" if stops(audit, replace(verdict, waived=None)) else "warning"


def _invalid(audit: Audit, reason: Invalidity, context: Context) -> Json:
    place = (reason.requirement or reason.kind, reason.method)
    text = f"INVALID: {reason.sentence} {reason.fix}"
    finding = SarifResult(rule=VALIDITY, level="error", text=text, place=place, requirement=reason.requirement)
    return _shown_as(finding, audit, context)


def _shown_as(finding: SarifResult, audit: Audit, context: Context) -> Json:
    mark = digest([_id(audit), finding.rule == VALIDITY, *finding.place])
    return {
        "ruleId": clean(finding.rule),
        "kind": "fail",
        "level": finding.level,
        "message": {"text": clean(finding.text)},
        "locations": _places(finding.requirement, context),
        "partialFingerprints": {"auditRequirementMethod/v1": mark},
    }


def _places(requirement: str, context: Context) -> list[Json]:
    """Return where a requirement stands; the spec's first line where it comes from a preset, nowhere without a file."""
    if not context.file:
        return []
    physical = {
        "artifactLocation": {"uri": quote(clean(context.file))},
        "region": {"startLine": context.lines.get(requirement, 1)},
    }
    return [{"physicalLocation": physical}]


def _invocation(audit: Audit, context: Context) -> Json:
    """Return how the run went; a verdict that could not be reached is a notification as well as a result."""
    errors = [verdict for verdict in audit.verdicts if verdict.outcome == "error"]
    return {
        "executionSuccessful": audit.valid and not any(map(gates, errors)),
        "exitCode": audit.exit_code,
        "exitCodeDescription": clean(audit.sentence),
        "toolExecutionNotifications": [
            {
                "level": "error",
                "message": {"text": clean(f"{each.method}, {each.requirement}: {each.reason}")},
                "locations": _places(each.requirement, context),
                "associatedRule": {"id": clean(each.check)},
            }
            for each in errors
        ],
    }


def _id(audit: Audit) -> str:
    return str(about(audit).get("id") or audit.facts.network.name)
