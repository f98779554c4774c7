"""results.json fits its schema, and holds all that the exit code needs."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.record import Audit
from audit.spec.schema import results_schema
from audit.store.store import to_json
from tests.reference.json_schema import accepts
from tests.report import examples
from tests.report.ended import WAIVER, accepting, ended


def exit_code(found: dict[str, Any]) -> int:
    """Return the exit code, from the file alone."""
    if found["invalid"]:
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
