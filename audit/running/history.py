"""history.jsonl: one line for each run that ended otherwise than the last, so that a trend can be drawn."""

from collections.abc import Sequence
from pathlib import Path

from audit.errors import EnvironmentStop
from audit.record import Audit, PastRun
from audit.report.words import about, counts
from audit.store import jsonl

MOST = 30
"""How many earlier runs a report shows."""

_READ = 2**22  # bytes: what lies further back than the last four megabytes is not looked at


def line_of(audit: Audit, digest: str, date: str) -> PastRun:
    """Return what history.jsonl keeps of a run. ``digest`` is that of its results.json."""
    return PastRun(
        date=date,
        audit=str(about(audit).get("id") or ""),
        digest=digest,
        model=audit.facts.network.digest,
        outcome=audit.outcome,
        exit_code=audit.exit_code,
        counts=counts(audit),
    )


def earlier(runs: Sequence[PastRun], line: PastRun) -> tuple[PastRun, ...]:
    """Return the runs of the same audit that came before, the newest ``MOST`` of them, the oldest first.

    Runs with the same results at the end are this one: repeating a run changes no report.
    """
    same = [each for each in runs if each.audit == line.audit]
    while same and same[-1].digest == line.digest:
        same.pop()
    return tuple(same[-MOST:])


def read(path: Path) -> tuple[PastRun, ...]:
    """Return the lines of a history; none where there is no file. A line that is damaged is passed over."""
    return jsonl.read(path, PastRun, _READ)


def append(path: Path, line: PastRun) -> None:
    """Add a run, unless it is the last one of its audit again.

    Raises:
        EnvironmentStop: the file cannot be written (R083).
    """
    try:
        with jsonl.adding(path) as add:
            same = [each for each in read(path) if each.audit == line.audit]
            if not same or same[-1].digest != line.digest:
                add(line)
    except OSError as error:
        fix = "name another file with --history; the run itself is complete"
        raise EnvironmentStop(
            "R083", "the history cannot be written", where=str(path), received=error.strerror, fix=fix
        ) from error
