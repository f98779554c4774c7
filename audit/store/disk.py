"""Write files so that a kill at any moment leaves the old or the new content, never a part; and lock a run's folder.

Everything is written to a temporary name, flushed, and renamed into place: the rename is the commit.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from audit.errors import EnvironmentStop


def write(path: Path, content: bytes) -> Path:
    """Write one file.

    Raises:
        EnvironmentStop: the disk is full or the folder cannot be written.
    """
    with _faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}")
        _write_flushed(draft, content)
        draft.replace(path)
        _flush_folder(path.parent)
    return path


def publish(place: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder with these files, by name, replacing an earlier folder.

    Raises:
        EnvironmentStop: the disk is full or the folder cannot be written.
    """
    draft = place.with_name(f".{place.name}")
    with _faults(draft):
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for name, content in files.items():
            _write_flushed(draft / name, content)
        _flush_folder(draft)
        if place.exists():
            shutil.rmtree(place)
        draft.rename(place)
        _flush_folder(place.parent)


@contextmanager
def hold(folder: Path, name: str) -> Generator[None]:
    """Lock a folder by a file in it; the operating system releases the lock when the process ends.

    Raises:
        EnvironmentStop: another process holds the lock, or the folder cannot be written.
    """
    with _faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(handle, folder)
        yield
    finally:
        os.close(handle)


def _write_flushed(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _take(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(handle, 64, 0).decode(errors="replace").strip() or "another process"
        raise EnvironmentStop(
            "R003",
            "another process is using the run's folder",
            where=str(folder),
            received=f"locked by {holder}",
            fix="wait for the other run, or choose another folder with --out",
        ) from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"process {os.getpid()}".encode(), 0)


@contextmanager
def _faults(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise EnvironmentStop(
            "R004" if full else "R005",
            "the disk is full" if full else "cannot write to the run's folder",
            where=str(path),
            received=error.strerror,
            fix="free some disk space and run again: finished units are kept"
            if full
            else "choose another folder with --out",
        ) from error
