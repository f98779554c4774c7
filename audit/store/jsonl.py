"""Append-only files with one JSON record per line: each line is added as a whole, and damaged lines are skipped."""

import fcntl
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from audit.record import canonical

R = TypeVar("R")


def read(path: Path, kind: type[R], most: int) -> tuple[R, ...]:
    """Return the records in the last ``most`` bytes of a file; empty if there is no file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - most))
            content = file.read()
    except OSError:
        return ()
    adapter = TypeAdapter(kind)
    return tuple(found for line in content.splitlines() if (found := _parsed(adapter, line)) is not None)


@contextmanager
def adding(path: Path) -> Generator[Callable[[Any], None]]:
    """Give a function that adds a record to a file, and lock the file meanwhile.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield lambda value: _add(handle, value)
        os.fsync(handle)
    finally:
        os.close(handle)


def _add(handle: int, value: Any) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(cast(type[Any], type(value)))
    text = canonical(adapter.dump_python(value, mode="json"))
    os.write(handle, _start(handle) + f"{text}\n".encode())


def _start(handle: int) -> bytes:
    """Return the line break that a crash left out."""
    size = os.fstat(handle).st_size
    return b"\n" if size and os.pread(handle, 1, size - 1) != b"\n" else b""


def _parsed(adapter: TypeAdapter[R], line: bytes) -> R | None:
    try:
        return adapter.validate_json(line)
    except ValueError:
        return None
