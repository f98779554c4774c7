"""history.jsonl: one line for each run that ended otherwise than the last, so that a trend can be drawn."""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from audit.errors import EnvironmentStop
from audit.record import Audit, Past, canonical
from audit.report.words import about, counts

MOST = 30
"""How many earlier runs a report shows."""

_READ = 2**22  # bytes: what lies further back than the last four megabytes is not looked at


def line_of(audit: Audit, digest: str, date: str) -> Past:
    """Return what history.jsonl keeps of a run. ``digest`` is that of its results.json."""
    return Past(
        date=date, audit=str(about(audit).get("id") or ""), digest=digest, model=audit.facts.network.digest,
        outcome=audit.outcome, exit_code=audit.exit_code, counts=counts(audit),
    )  # fmt: skip


def earlier(lines: Sequence[Past], line: Past) -> tuple[Past, ...]:
    """Return the runs of the same audit that came before, the newest ``MOST`` of them, the oldest first.

    Runs with the same results at the end are this one: repeating a run changes no report.
    """
    same = [each for each in lines if each.audit == line.audit]
    while same and same[-1].digest == line.digest:
        same.pop()
    return tuple(same[-MOST:])


def read(path: Path) -> tuple[Past, ...]:
    """Return the lines of a history; none where there is no file. A line that is damaged is passed over."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _READ))
            content = file.read()
    except OSError:
        return ()
    return tuple(found for line in content.splitlines() if (found := _parsed(line)) is not None)


def append(path: Path, line: Past) -> None:
    """Add a run, unless it is the last one of its audit again.

    Raises:
        EnvironmentStop: the file cannot be written (R083).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            same = [each for each in read(path) if each.audit == line.audit]
            if not same or same[-1].digest != line.digest:
                os.write(handle, _start(handle) + _text(line))
                os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        fix = "name another file with --history; the run itself is complete"
        raise EnvironmentStop(
            "R083", "the history cannot be written", where=str(path), received=error.strerror, fix=fix
        ) from error


def _start(handle: int) -> bytes:
    """Return what ends a line that a crash left open."""
    size = os.fstat(handle).st_size
    return b"\n" if size and os.pread(handle, 1, size - 1) != b"\n" else b""


def _text(line: Past) -> bytes:
    return (canonical(TypeAdapter(Past).dump_python(line, mode="json")) + "\n").encode()


def _parsed(line: bytes) -> Past | None:
    try:
        return TypeAdapter(Past).validate_json(line)
    except ValueError:
        return None
