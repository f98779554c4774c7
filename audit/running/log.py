"""log.jsonl: what a run did, unit by unit, and the warnings of libraries meanwhile.

The file only grows, and holds times and seconds. A report shows ``report_lines``: they do not depend on when the
planned units were measured or in how many runs, so an interrupted run and an uninterrupted one give the same page. The
only exceptions are a library whose warnings depend on what its process did before, and units that were measured again:
a line says why.
"""

import datetime
import logging
import re
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from audit.planning.outline import counted
from audit.planning.units import Plan
from audit.record import Doubt, Evidence, LogLine, record
from audit.report.words import shorten
from audit.store import jsonl

FILE = "log.jsonl"
MOST = 200
"""The most lines that a report shows; warnings, failures and missing units are always shown."""

_READ = 2**28  # bytes
_LONGEST = 400  # characters of a text
_ALWAYS = ("warning", "failure", "missing")

# Differs between machines or runs and carries no information: folders, addresses, generated file names.
_FOLDERS = re.compile(r"(?:file://|(?<![\w:/.]))~?(?:/[^\s/:'\"<>|,()]+)+(?=/)")
_CHANCE = re.compile(r"(?<=\b0x)[0-9a-f]{6,}|(?<=_generated_file)\w{8}")


@record
class Event:
    """One line of the file. ``unit`` is the key of its unit, empty for a line about the whole run.

    ``why`` is the reason why the unit was measured again, empty for the first time.
    """

    event: Literal["begun", "counted", "measured", "failed", "reused", "warning", "stopped", "ended"]
    time: str  # UTC
    unit: str = ""
    of: str = ""
    text: str = ""
    why: str = ""
    seconds: float | None = None


@record
class Log:
    """The log of a run; ``captured`` fills with the libraries' warnings, see ``captured_warnings``."""

    path: Path
    captured: list[tuple[str, str]]

    def entries(self) -> tuple[Event, ...]:
        """Return the entries of the file, the oldest first."""
        return read(self.path.parent)

    def add_unit(self, of: str, evidence: Evidence, *, reused: bool = False, why: str = "") -> None:
        """Add the outcome of a unit and why it was measured again, after the warnings raised meanwhile."""
        event = "failed" if evidence.status == "failed" else "reused" if reused else "measured"
        text = tidy(evidence.error or evidence.note or "")
        self.add(event, unit=evidence.unit.key, of=of, text=text, why=tidy(why), seconds=round(evidence.seconds, 3))

    def add(self, event: Any, *, unit: str = "", **fields: Any) -> None:
        """Add a line, and one for each captured warning: after the line when the run begins, otherwise before it.

        Raises:
            OSError: the file cannot be written.
        """
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        entry = Event(event=event, time=now, unit=unit, **fields)
        raised = [Event(event="warning", time=now, unit=unit, of=source, text=text) for source, text in self.captured]
        self.captured.clear()
        with jsonl.adding(self.path) as add:
            for each in [entry, *raised] if event == "begun" else [*raised, entry]:
                add(each)


@contextmanager
def opened(folder: Path, captured: list[tuple[str, str]]) -> Generator[Log]:
    """Give the log of a run, with a line when the run begins and one when it ends or why it stops."""
    log = Log(path=folder / FILE, captured=captured)
    log.add("begun")
    try:
        yield log
    except BaseException as stop:
        with suppress(OSError):  # a full disk may be why the run stops
            log.add("stopped", text=tidy(f"{type(stop).__name__}: {stop}"))
        raise
    log.add("ended")


def read(folder: Path) -> tuple[Event, ...]:
    """Return the log of a run, the oldest entry first; empty if there is no log."""
    return jsonl.read(folder / FILE, Event, _READ)


@contextmanager
def captured_warnings() -> Generator[list[tuple[str, str]]]:
    """Give a list that fills with the warnings of Python and the libraries: (source, text)."""
    captured: list[tuple[str, str]] = []
    handler, root, show = _Capture(captured), logging.getLogger(), warnings.showwarning

    def shown(message: Warning | str, category: type[Warning], filename: str, *rest: Any, **named: Any) -> None:
        captured.append((category.__name__, tidy(message)))
        show(message, category, filename, *rest, **named)

    root.addHandler(handler)
    warnings.showwarning = shown
    try:
        yield captured
    finally:
        warnings.showwarning = show
        root.removeHandler(handler)


class _Capture(logging.Handler):
    """Captures the warnings that libraries log."""

    def __init__(self, captured: list[tuple[str, str]]) -> None:
        super().__init__(logging.WARNING)
        self._captured = captured

    def emit(self, record: logging.LogRecord) -> None:
        self._captured.append((record.name, tidy(record.getMessage())))


def tidy(text: object) -> str:
    """Return text from outside on one line, without folders and without parts that differ in each run."""
    return _CHANCE.sub("…", _FOLDERS.sub("…", shorten(text, _LONGEST)))


def report_lines(
    entries: Sequence[Event], plan: Plan, skipped: Mapping[tuple[str, str], Doubt]
) -> tuple[tuple[LogLine, ...], int]:
    """Return the lines that a report shows, and how many more there are; nothing if there is no log."""
    if not entries:
        return (), 0
    units = dict.fromkeys(unit.key for _, unit in plan.units())
    found = [*_warned(entries, units), *_units(entries, plan), *_again(entries, plan), *_skipped(skipped)]
    found.sort(key=lambda each: each.kind not in _ALWAYS)
    kept = max(MOST, sum(each.kind in _ALWAYS for each in found))
    return tuple(found[:kept]), len(found[kept:])


def _warned(entries: Sequence[Event], units: Mapping[str, None]) -> list[LogLine]:
    """Return each warning once: those raised while planned units were measured, and before any unit of the last run."""
    begun = max((place for place, entry in enumerate(entries) if entry.event == "begun"), default=-1)
    raised = [
        entry
        for place, entry in enumerate(entries)
        if entry.event == "warning" and (entry.unit in units or (not entry.unit and place > begun))
    ]
    return list(dict.fromkeys(LogLine(kind="warning", of=entry.of, text=entry.text) for entry in raised))


def _units(entries: Sequence[Event], plan: Plan) -> list[LogLine]:
    last = {entry.unit: entry for entry in entries if entry.event in ("measured", "failed", "reused")}
    rows: dict[tuple[str, Any, str], list[str]] = {}
    for method, unit in plan.units():
        entry = last.get(unit.key)
        kind = "missing" if entry is None else "failure" if entry.event == "failed" else "measured"
        text = entry.text if entry else ""
        rows.setdefault((unit.check, "note" if kind == "measured" and text else kind, text), []).append(method)
    return [LogLine(kind=kind, of=check, text=_counted(methods, text)) for (check, kind, text), methods in rows.items()]


def _again(entries: Sequence[Event], plan: Plan) -> list[LogLine]:
    """Return, by check and reason, the planned units that were measured again."""
    why = {entry.unit: entry.why for entry in entries if entry.event in ("measured", "failed")}
    rows: dict[tuple[str, str], list[str]] = {}
    for method, unit in plan.units():
        if why.get(unit.key):
            rows.setdefault((unit.check, why[unit.key]), []).append(method)
    return [
        LogLine(kind="again", of=check, text=_counted(methods, f"measured again, because {reason}"))
        for (check, reason), methods in rows.items()
    ]


def _counted(methods: Sequence[str], text: str) -> str:
    """Return how many units of which methods there are, and the text about them."""
    names = [name for name in dict.fromkeys(methods) if name]
    whose = f" of {', '.join(names)}" if 0 < len(names) <= 3 else f" of {len(names)} methods" if names else ""
    return f"{counted(len(methods), 'unit')}{whose}{': ' if text else ''}{text}"


def _skipped(skipped: Mapping[tuple[str, str], Doubt]) -> list[LogLine]:
    by_reason: dict[tuple[str, str], list[str]] = {}
    for (requirement, method), reason in skipped.items():
        by_reason.setdefault((requirement, reason.text), []).append(method)
    return [
        LogLine(kind="skipped", of=requirement, text=f"{', '.join(methods)}: {reason}")
        for (requirement, reason), methods in by_reason.items()
    ]
