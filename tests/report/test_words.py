"""Which verdicts gate."""

from dataclasses import replace

from audit.report.words import gates
from tests.report import examples


def test_gating_needs_an_error_severity_and_no_waiver() -> None:
    verdict = examples.audit().verdicts[0]
    assert gates(verdict)
    assert not gates(replace(verdict, severity="warning")) and not gates(replace(verdict, waived="until 2027"))
