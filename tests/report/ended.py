"""Audits that end as their verdicts and their gate say: one for each kind of verdict."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from audit.judging import gate
from audit.judging.validity import invalidities
from audit.record import Audit, Context
from tests.report import examples

PLACE = ("cascading_randomization", "gradient")
CONTEXT = Context(file="specs/a b.yaml", lines={PLACE[0]: 41})
WAIVER = "until 2027-01-31 by A: soon."


def ended(audit: Audit) -> Audit:
    """Return an audit that ends as its verdicts and its gate say."""
    invalid = invalidities(audit.spec, audit.facts, audit.controls)
    ending = gate.close(audit.verdicts, invalid, (audit.spec.get("gate") or {}).get("inconclusive", "fail"))
    return replace(audit, invalid=invalid, **vars(ending))


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
