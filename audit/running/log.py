"""log.jsonl: what a run did, unit by unit, and what libraries warned of while it did.

The file only grows, and holds times and seconds. A report shows ``told``: what holds of the planned units whenever and
in however many pieces they were measured, so a run that was stopped and one that was not give the same page. Only a
library that warns by what its process did before can make a difference.
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
from audit.record import Evidence, Told, record
from audit.report.words import shorten
from audit.store import jsonl

FILE = "log.jsonl"
MOST = 200
"""How many lines a report shows; warnings, failures and what is missing are never left out."""

_READ = 2**28  # bytes
_LONGEST = 400  # characters of a text
_ALWAYS = ("warning", "failure", "missing")

# What differs from machine to machine, or each time, and says nothing: folders, addresses, invented file names.
_FOLDERS = re.compile(r"(?:file://|(?<![\w:/.]))~?(?:/[^\s/:'\"<>|,()]+)+(?=/)")
_CHANCE = re.compile(r"(?<=\b0x)[0-9a-f]{6,}|(?<=_generated_file)\w{8}")


@record
class Entry:
    """One line of the file. ``unit`` is the key of the unit that it is about, empty where it is about the run."""

    event: Literal["begun", "counted", "measured", "failed", "reused", "warning", "stopped", "ended"]
    time: str  # UTC
    unit: str = ""
    of: str = ""
    text: str = ""
    seconds: float | None = None


@record
class Log:
    """What adds to a run's log; ``heard`` fills with the libraries' warnings, as ``listening`` gives it."""

    path: Path
    heard: list[tuple[str, str]]

    def entries(self) -> tuple[Entry, ...]:
        """Return what stands in the file, the oldest first."""
        return read(self.path.parent)

    def unit(self, of: str, evidence: Evidence, *, reused: bool = False) -> None:
        """Tell how a unit ended, after what was warned of meanwhile."""
        event = "failed" if evidence.status == "failed" else "reused" if reused else "measured"
        text = tidy(evidence.error or evidence.note or "")
        self.tell(event, unit=evidence.unit.key, of=of, text=text, seconds=round(evidence.seconds, 3))

    def tell(self, event: Any, *, unit: str = "", **fields: Any) -> None:
        """Add a line, and one for each warning that was heard: where the run begins after it, later before it.

        Raises:
            OSError: the file cannot be written.
        """
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        entry = Entry(event=event, time=now, unit=unit, **fields)
        heard = [Entry(event="warning", time=now, unit=unit, of=source, text=text) for source, text in self.heard]
        self.heard.clear()
        with jsonl.adding(self.path) as add:
            for each in [entry, *heard] if event == "begun" else [*heard, entry]:
                add(each)


@contextmanager
def opened(folder: Path, heard: list[tuple[str, str]]) -> Generator[Log]:
    """Give the log of a run, which tells when the run begins, and ends or why it stops."""
    log = Log(path=folder / FILE, heard=heard)
    log.tell("begun")
    try:
        yield log
    except BaseException as stop:
        with suppress(OSError):  # the disk that is full now may be why the run stops
            log.tell("stopped", text=tidy(f"{type(stop).__name__}: {stop}"))
        raise
    log.tell("ended")


def read(folder: Path) -> tuple[Entry, ...]:
    """Return the log of a run, the oldest entry first; none where no log was kept."""
    return jsonl.read(folder / FILE, Entry, _READ)


@contextmanager
def listening() -> Generator[list[tuple[str, str]]]:
    """Give a list that fills with what Python and the libraries warn of: by whom, and what."""
    heard: list[tuple[str, str]] = []
    ear, root, show = _Ear(heard), logging.getLogger(), warnings.showwarning

    def shown(message: Warning | str, category: type[Warning], filename: str, *rest: Any, **named: Any) -> None:
        heard.append((category.__name__, tidy(message)))
        show(message, category, filename, *rest, **named)

    root.addHandler(ear)
    warnings.showwarning = shown
    try:
        yield heard
    finally:
        warnings.showwarning = show
        root.removeHandler(ear)


class _Ear(logging.Handler):
    """Hears what libraries log."""

    def __init__(self, heard: list[tuple[str, str]]) -> None:
        super().__init__(logging.WARNING)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.append((record.name, tidy(record.getMessage())))


def tidy(text: object) -> str:
    """Return a foreign text on one line, without the machine's folders and what is another at each run."""
    return _CHANCE.sub("…", _FOLDERS.sub("…", shorten(text, _LONGEST)))


def told(entries: Sequence[Entry], plan: Plan, skipped: Mapping[tuple[str, str], str]) -> tuple[tuple[Told, ...], int]:
    """Return the lines that a report shows, and how many more there are; nothing where no log was kept."""
    if not entries:
        return (), 0
    units = dict.fromkeys(unit.key for _, unit in plan.units())
    found = [*_warned(entries, units), *_units(entries, plan), *_skipped(skipped)]
    found.sort(key=lambda each: each.kind not in _ALWAYS)
    kept = max(MOST, sum(each.kind in _ALWAYS for each in found))
    return tuple(found[:kept]), len(found[kept:])


def _warned(entries: Sequence[Entry], units: Mapping[str, None]) -> list[Told]:
    """Return each warning once: those heard while planned units were measured, and before any unit of the last run."""
    begun = max((place for place, entry in enumerate(entries) if entry.event == "begun"), default=-1)
    heard = [
        entry
        for place, entry in enumerate(entries)
        if entry.event == "warning" and (entry.unit in units or (not entry.unit and place > begun))
    ]
    return list(dict.fromkeys(Told(kind="warning", of=entry.of, text=entry.text) for entry in heard))


def _units(entries: Sequence[Entry], plan: Plan) -> list[Told]:
    last = {entry.unit: entry for entry in entries if entry.event in ("measured", "failed", "reused")}
    rows: dict[tuple[str, Any, str], list[str]] = {}
    for method, unit in plan.units():
        entry = last.get(unit.key)
        kind = "missing" if entry is None else "failure" if entry.event == "failed" else "measured"
        text = entry.text if entry else ""
        rows.setdefault((unit.check, "note" if kind == "measured" and text else kind, text), []).append(method)
    return [Told(kind=kind, of=check, text=_counted(methods, text)) for (check, kind, text), methods in rows.items()]


def _counted(methods: Sequence[str], text: str) -> str:
    """Return how many units of which methods, and what is said of them."""
    names = [name for name in dict.fromkeys(methods) if name]
    whose = f" of {', '.join(names)}" if 0 < len(names) <= 3 else f" of {len(names)} methods" if names else ""
    return f"{counted(len(methods), 'unit')}{whose}{': ' if text else ''}{text}"


def _skipped(skipped: Mapping[tuple[str, str], str]) -> list[Told]:
    by_reason: dict[tuple[str, str], list[str]] = {}
    for (requirement, method), reason in skipped.items():
        by_reason.setdefault((requirement, reason), []).append(method)
    return [
        Told(kind="skipped", of=requirement, text=f"{', '.join(methods)}: {reason}")
        for (requirement, reason), methods in by_reason.items()
    ]
