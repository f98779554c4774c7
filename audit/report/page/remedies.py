"""What follows from a finding, in words that its reader can act on: the check's where it fails, else the outcome's."""

from collections.abc import Mapping

from audit.record import FOLLOWS, Audit, Verdict

_OTHERWISE: Mapping[str, str] = {
    "inconclusive": "Nothing was shown either way, so do not rely on it. The finding says what is missing; "
    "more inputs or seeds narrow an interval.",
    "error": "Fix the cause and run again: finished units are reused.",
    "void": "First fix what makes the audit invalid: see the section Validity of the audit.",
    "skipped": "Nothing, unless the intended use needs this requirement: then use a method that it applies to.",
}


def follows(audit: Audit, verdict: Verdict, kind: str) -> str:
    """Return what follows from a verdict that counts as ``kind`` and is not a pass."""
    if kind != "fail":
        return _OTHERWISE[kind]
    return next((each.follows for each in audit.requirements if each.id == verdict.requirement), FOLLOWS)


def severity(verdict: Verdict) -> str:
    """Return how much a finding weighs, in a word or two."""
    if verdict.waived is not None:
        return "⚑ waived"
    if verdict.outcome == "skipped":
        return "no finding"
    return "▲ warning only" if verdict.severity == "warning" else "gates"
