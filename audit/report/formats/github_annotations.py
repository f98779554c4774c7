"""Annotations of a GitHub Actions job: workflow commands that put each verdict at the spec's line.

Source: GitHub Docs, "Workflow commands for GitHub Actions", the messages ``error``, ``warning`` and ``notice``.
"""

from collections.abc import Iterator
from typing import Literal

from audit.record import Audit, Context, Verdict
from audit.report.words import attention, clean, kind_of, note, shorten, stops

Level = Literal["error", "warning", "notice"]

MOST = 9
"""Of each level: a step shows ten, and the tenth says how many more there are."""

_LONGEST = 1000


def annotations(audit: Audit, context: Context) -> list[str]:
    """Return the commands, a line each, errors first; an audit that must not pass has at least one error."""
    found = list(_found(audit, context))
    lines: list[str] = []
    for level in ("error", "warning", "notice"):
        same = [line for name, line in found if name == level]
        lines += same[:MOST]
        if len(same) > MOST:
            lines.append(f"::{level}::and {len(same) - MOST} more; the report shows all of them")
    return lines


def _found(audit: Audit, context: Context) -> Iterator[tuple[Level, str]]:
    for reason in audit.invalid:
        text = f"{reason.sentence} {reason.fix}"
        yield "error", _command("error", reason.requirement, "The audit is invalid", text, context)
    for verdict in attention(audit):
        level = _level(audit, verdict)
        title = f"{kind_of(audit, verdict).capitalize()}: {verdict.method}, {verdict.requirement}"
        remark = f" ({note(verdict)})" if note(verdict) else ""
        yield level, _command(level, verdict.requirement, title, f"{verdict.reason}{remark}", context)
    if audit.exit_code != 0:
        yield "error", _command("error", "", f"Exit code {audit.exit_code}", audit.sentence, context)


def _level(audit: Audit, verdict: Verdict) -> Level:
    if verdict.outcome == "skipped" or verdict.waived is not None:
        return "notice"
    return "error" if stops(audit, verdict) else "warning"


def _command(level: Level, requirement: str, title: str, text: str, context: Context) -> str:
    place = {"file": clean(context.file), "line": str(context.lines.get(requirement, 1))} if context.file else {}
    named = {**place, "title": shorten(title, 200)}
    values = ",".join(f"{name}={_property(value)}" for name, value in named.items())
    return f"::{level} {values}::{_data(shorten(text, _LONGEST))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
