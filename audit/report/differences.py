"""What changed between two audits, in words: for ``diff``, the summary and the report."""

from collections.abc import Iterator

from audit.judging.changes import counted, regressed
from audit.record import Change, Comparison, Criterion, Shift, Side
from audit.report.markdown import escaped
from audit.report.words import DASH, limit, measured

KINDS = {
    "regression": ("▼", "Regression"),
    "fix": ("▲", "Fix"),
    "new": ("+", "New"),
    "gone": (DASH, "Gone"),
    "changed": ("◆", "Changed"),
    "numbers": ("≈", "Numbers"),
}
"""The symbol and the word of each kind of change."""

_COUNTED = {
    "regression": ("regression", "regressions"),
    "fix": ("fix", "fixes"),
    "new": ("new", "new"),
    "gone": ("gone", "gone"),
    "changed": ("otherwise changed", "otherwise changed"),
    "numbers": ("with other numbers", "with other numbers"),
}


def sentence(comparison: Comparison) -> str:
    """Return a comparison in one sentence."""
    found = counted(comparison)
    parts = [f"{count} {_COUNTED[kind][count != 1]}" for kind, count in found.items()]
    listed = ", ".join(parts) or "nothing changed"
    worse = "" if regressed(comparison) == bool(found.get("regression")) else " The audit itself became invalid."
    return f"{listed[:1].upper()}{listed[1:]}; {comparison.same} unchanged.{worse}"


def outcomes(comparison: Comparison) -> str:
    """Return how both audits ended."""
    text = f"{_ending(comparison.before)} before, {_ending(comparison.after)} now"
    return text[:1].upper() + text[1:]


def shifted(shift: Shift) -> str:
    """Return a criterion before and after, its limit too where that is another."""
    was, now = shift.before, shift.after
    text = f"{measured(was)} → {_number(now)}"
    return text if limit(was) == limit(now) else f"{text} (limit {limit(was)} → {limit(now)})"


def became(change: Change) -> str:
    """Return an outcome before and after, as ``pass → fail``."""
    return (
        change.after or DASH if change.before == change.after else f"{change.before or DASH} → {change.after or DASH}"
    )


def markdown(comparison: Comparison) -> str:
    """Return a comparison as a table in Markdown."""
    return "\n".join(_lines(comparison)) + "\n"


def _lines(comparison: Comparison) -> Iterator[str]:
    yield f"**{escaped(sentence(comparison), 400)}** {escaped(outcomes(comparison), 400)}.\n"
    for text in comparison.notes:
        yield f"- {escaped(text, 400)}"
    if comparison.notes:
        yield ""
    if comparison.changes:
        yield "| Change | Requirement | Method | Outcome | Numbers |\n| --- | --- | --- | --- | --- |"
    for change in comparison.changes:
        symbol, word = KINDS[change.kind]
        numbers = "<br>".join(escaped(shifted(each), 120) for each in change.shifts)
        place = f"{escaped(change.requirement, 60)} | {escaped(change.method, 60)}"
        yield f"| {symbol} {word} | {place} | {escaped(became(change), 80)} | {numbers} |"


def _ending(side: Side) -> str:
    return f"{side.outcome} (exit code {side.exit_code})"


def _number(criterion: Criterion) -> str:
    return measured(criterion).removeprefix(f"{criterion.name} ")
