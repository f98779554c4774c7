"""test-result.intoto.json: an unsigned in-toto Statement that these tests were run on this model, and how they ended.

Whoever attests it signs it, in an envelope of their choice. The subject is named by the SHA-256 of its parameters
(``kerasParametersSha256``: names, shapes and bytes of every variable, hexadecimal), for a model may be no file; and by
its file's where the spec pins it.

Source: in-toto Attestation Framework, Statement v1 and predicate test-result v0.1.
"""

import json
from typing import Any

from audit.record import Audit, Verdict
from audit.report.words import about, clean, kind_of, of_no_control, stops

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"

Json = dict[str, Any]


def statement(audit: Audit) -> bytes:
    """Return the statement as JSON."""
    found = {
        "_type": STATEMENT,
        "subject": [_subject(audit)],
        "predicateType": PREDICATE,
        "predicate": _predicate(audit),
    }
    return (json.dumps(found, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def _subject(audit: Audit) -> Json:
    network, pinned = audit.facts.network, (audit.spec.get("model") or {}).get("sha256")
    digests = {"kerasParametersSha256": clean(network.digest)}
    return {"name": clean(network.name), "digest": {**digests, "sha256": pinned} if pinned else digests}


def _predicate(audit: Audit) -> Json:
    tests: dict[str, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for verdict in audit.verdicts:
        group = _group(audit, verdict)
        if group:
            tests[group].append(clean(f"{verdict.requirement}/{verdict.method}"))
    for control in audit.controls:
        name = clean(f"control/{control.requirement}/{control.method}")
        tests["passedTests" if control.behaves else "failedTests"].append(name)
    tests["failedTests"] += [clean(f"validity/{reason.kind}: {reason.sentence}") for reason in of_no_control(audit)]
    return {"result": _result(audit, bool(tests["warnedTests"])), "configuration": _configuration(audit), **tests}


def _group(audit: Audit, verdict: Verdict) -> str | None:
    """Return the list that a verdict belongs to, none where it was skipped."""
    kind = kind_of(audit, verdict)
    if kind == "skipped":
        return None
    if kind == "pass":
        return "passedTests"
    return "failedTests" if stops(audit, verdict) else "warnedTests"


def _result(audit: Audit, warned: bool) -> str:
    if audit.exit_code != 0:
        return "FAILED"
    return "WARNED" if warned else "PASSED"


def _configuration(audit: Audit) -> list[Json]:
    """Return what the tests were configured by: the resolved spec, and the explained inputs."""
    spec = {"name": f"resolved spec of {clean(about(audit).get('id') or 'the audit')}"}
    data = {"name": clean(audit.facts.data.source)}
    return [
        {**spec, "digest": {"resolvedSpecSha256": clean(audit.provenance.spec_digest)}},
        {**data, "digest": {"explainedInputsSha256": clean(audit.facts.data.digest)}},
    ]
