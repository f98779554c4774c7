"""Faults as text: the line of the spec, with carets under the exact place."""

from collections.abc import Mapping, Sequence
from unicodedata import category, east_asian_width

from audit.errors import Fault, SpecError

_MOST = 50  # faults shown
_WIDEST = 110  # characters of a source line shown around a fault


def printable(text: object) -> str:
    """Return text on one line, without characters that control a terminal or reorder a line."""
    blanks = str(text).translate({9: " ", 10: " ", 13: " "})
    return "".join(each for each in blanks if category(each) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def spec_error(faults: Sequence[Fault], text: str, file: str, presets: Mapping[str, str] | None = None) -> SpecError:
    """Return one error with every fault, in the order of the source; ``presets`` are texts by file."""
    ordered = sorted(faults, key=lambda fault: (fault.file, fault.line, fault.column))
    lines = {"": text.splitlines(), **{name: each.splitlines() for name, each in (presets or {}).items()}}
    parts = [_render(each, lines[each.file], printable(each.file or file)) for each in ordered[:_MOST]]
    if len(ordered) > _MOST:
        parts.append(f"... and {len(ordered) - _MOST} more faults")
    return SpecError(ordered, "\n".join(parts))


def _render(fault: Fault, lines: Sequence[str], file: str) -> str:
    head = f"error[{fault.code}]: {printable(fault.what)}"
    if fault.line < 1:
        return f"{head}\n  --> {file}" + (f"\n   = {printable(fault.hint)}" if fault.hint else "")
    line = lines[fault.line - 1] if fault.line <= len(lines) else ""
    shown, before, width = _window(line, fault.column - 1, fault.width)
    carets = f"{' ' * before}{'^' * width} {printable(fault.hint)}".rstrip()
    return f"{head}\n  --> {file}:{fault.line}:{fault.column}\n   | {shown}\n   | {carets}"


def _window(line: str, start: int, width: int) -> tuple[str, int, int]:
    """Return the part of a line around a fault, and its offset and width in terminal cells."""
    first = max(0, start - _WIDEST // 2) if len(line) > _WIDEST else 0
    last = first + _WIDEST
    before, inside, after = line[first:start], line[start : min(start + width, last)], line[start + width : last]
    shown = "".join(map(printable, (before, inside, after))).rstrip()
    left, right = ("..." if first else ""), ("..." if last < len(line) else "")
    return f"{left}{shown}{right}", len(left) + _cells(before), max(1, _cells(inside))


def _cells(text: str) -> int:
    """Return the width of a text in terminal columns; East Asian wide characters take two."""
    return sum(0 if category(each) == "Mn" else 2 if east_asian_width(each) in "WF" else 1 for each in printable(text))
