"""history.jsonl: one line for each run whose results differ from the run before, for the report's trend."""

from collections.abc import Sequence
from pathlib import Path

from audit.errors import EnvironmentStop
from audit.record import Audit, PastRun
from audit.report.words import about, counts
from audit.store import jsonl

MOST = 30
"""The most earlier runs that a report shows."""

_READ = 2**22  # bytes: only the last four megabytes are read


def line_of(audit: Audit, digest: str, date: str) -> PastRun:
    """Return a run's line in history.jsonl. ``digest`` is that of its results.json."""
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
    """Return at most ``MOST`` earlier runs of the same audit, the oldest first.

    The last runs with the same results count as this one: repeating a run changes no report.
    """
    same = [each for each in runs if each.audit == line.audit]
    while same and same[-1].digest == line.digest:
        same.pop()
    return tuple(same[-MOST:])


def read(path: Path) -> tuple[PastRun, ...]:
    """Return the lines of a history; empty if there is no file. Damaged lines are skipped."""
    return jsonl.read(path, PastRun, _READ)


def append(path: Path, line: PastRun) -> None:
    """Add a run, unless its results equal those of the audit's last run.

    Raises:
        EnvironmentStop: the file cannot be written (R083).
    """
    try:
        with jsonl.adding(path) as add:
            same = [each for each in read(path) if each.audit == line.audit]
            if not same or same[-1].digest != line.digest:
                add(line)
    except OSError as error:
        fix = "choose another file with --history; the run itself is complete"
        raise EnvironmentStop(
            "R083", "cannot write the history", where=str(path), received=error.strerror, fix=fix
        ) from error
