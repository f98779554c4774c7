"""A run's folder: one folder per finished unit, published by a rename, read back and verified.

    runs/<audit id>/
      run.json           what was asked and what the world was: resolved spec, facts, provenance, skipped
      evidence/<key>/    record.json and one .npy per array
      images.npy         the gallery's inputs
      results.json       canonical; its SHA-256 is the audit's identity
      context.json       what the report shows beside the results: the spec's place, earlier runs
      report.html ...    what people and machines read
      MANIFEST.json      written last: digests of all files; its presence means complete

A unit's folder is written beside, flushed, and renamed into place: that rename is the commit, so a kill at any moment
loses at most the unit in flight. Anything found on disk counts only if its digests match.
"""

import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import numpy as np
from pydantic import TypeAdapter

from audit.errors import EnvironmentStop, InputError
from audit.record import Evidence, Unit, record

R = TypeVar("R")
_ARRAYS = ("scores", "maps", "params")


@record
class Store:
    """The evidence and files of one run. Only the holder of ``lock`` may write."""

    folder: Path

    def get(self, unit: Unit) -> Evidence | None:
        """Return a unit's evidence; None if it is absent, or damaged and thus to be measured again."""
        return _read_evidence(self._place(unit.key), unit)

    def put(self, evidence: Evidence) -> None:
        """Publish a unit's evidence, replacing what stood there."""
        place = self._place(evidence.unit.key)
        draft = place.with_name(f".{place.name}")
        with _disk(draft):
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            for name, content in _files(evidence).items():
                _write_flushed(draft / name, content)
            _flush_folder(draft)
            if place.exists():
                shutil.rmtree(place)
            draft.rename(place)
            _flush_folder(place.parent)

    def write(self, name: str, content: bytes) -> Path:
        """Write one file of the run, flushed and renamed into place."""
        path = self.folder / name
        with _disk(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f".{path.name}")
            _write_flushed(draft, content)
            draft.replace(path)
            _flush_folder(path.parent)
        return path

    def write_record(self, name: str, value: Any) -> Path:
        """Write a record as canonical, indented JSON: the same record gives the same bytes."""
        return self.write(name, to_json(value))

    def read_record(self, name: str, kind: type[R]) -> R:
        """Read a record back.

        Raises:
            InputError: the file is absent or does not hold such a record.
        """
        path = self.folder / name
        try:
            return _adapter(kind).validate_json(path.read_bytes())
        except OSError as error:
            raise InputError(
                "R001",
                f"no {name} in this folder",
                where=str(self.folder),
                expected="the folder of a run",
                received=error.strerror,
                fix="name the folder that `run` printed",
            ) from error
        except ValueError as error:
            raise InputError(
                "R002",
                f"{name} cannot be read",
                where=str(path),
                expected=f"a {kind.__name__} record",
                received="another shape of JSON",
                fix="run the audit again with this version",
            ) from error

    def seal(self) -> Path:
        """Write MANIFEST.json: the digest of every file of the run."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file() and not _passing(path, self.folder))
        digests = {path.relative_to(self.folder).as_posix(): _digest(path.read_bytes()) for path in paths}
        return self.write("MANIFEST.json", to_json({"files": digests}))

    def unseal(self) -> None:
        """Remove MANIFEST.json: from here on the run is incomplete."""
        (self.folder / "MANIFEST.json").unlink(missing_ok=True)

    @contextmanager
    def lock(self) -> Generator[None]:
        """Hold the run; the kernel lets go of it when the process ends, however it ends.

        Raises:
            EnvironmentStop: another process holds it, or the folder cannot be written.
        """
        with _disk(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _take(handle, self.folder)
            yield
        finally:
            os.close(handle)

    def _place(self, key: str) -> Path:
        return self.folder / "evidence" / key


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return _digest(path.read_bytes())


def to_json(value: Any) -> bytes:
    """Return a record, or mapping, as sorted and indented JSON; NaN and infinities are refused."""
    plain = _adapter(type(value)).dump_python(value, mode="json") if is_dataclass(value) else value
    return (json.dumps(plain, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=True) + "\n").encode()


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Return what reads and writes a record; making one takes as long as fifty uses."""
    return TypeAdapter(kind)


def npy(array: np.ndarray) -> bytes:
    """Return an array as the bytes of an .npy file, without pickles."""
    buffer = BytesIO()
    np.save(buffer, np.asarray(array, order="C"), allow_pickle=False)
    return buffer.getvalue()


def _files(evidence: Evidence) -> dict[str, bytes]:
    arrays = {
        f"{group}.{quote(name, safe='')}.npy": npy(np.asarray(array))
        for group in _ARRAYS
        for name, array in _group(evidence, group)
    }
    plain = {each.name: getattr(evidence, each.name) for each in fields(evidence) if each.name not in _ARRAYS}
    plain["unit"] = TypeAdapter(Unit).dump_python(evidence.unit, mode="json")
    digests = {name: _digest(content) for name, content in arrays.items()}
    return {**arrays, "record.json": to_json({**plain, "files": digests})}


def _group(evidence: Evidence, group: str) -> Iterator[tuple[str, Any]]:
    yield from getattr(evidence, group).items()


def _read_evidence(place: Path, unit: Unit) -> Evidence | None:
    try:
        plain = json.loads((place / "record.json").read_bytes())
        contents = {name: (place / name).read_bytes() for name in plain["files"]}
        if any(_digest(content) != plain["files"][name] for name, content in contents.items()):
            return None
        arrays = {name: np.load(BytesIO(content), allow_pickle=False) for name, content in contents.items()}
    except (OSError, ValueError, KeyError):
        return None
    grouped = {group: _named(arrays, group) for group in _ARRAYS}
    return Evidence(
        unit=unit,
        status=plain["status"],
        seconds=plain["seconds"],
        error=plain["error"],
        note=plain.get("note"),
        **grouped,  # type: ignore[arg-type]
    )


def _named(arrays: Mapping[str, np.ndarray], group: str) -> dict[str, np.ndarray]:
    prefix = f"{group}."
    return {
        unquote(name[len(prefix) : -len(".npy")]): array for name, array in arrays.items() if name.startswith(prefix)
    }


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _passing(path: Path, folder: Path) -> bool:
    """Whether a file is no part of the run: the lock, the manifest itself, drafts."""
    parts = path.relative_to(folder).parts
    return parts[-1] in ("run.lock", "MANIFEST.json") or any(part.startswith(".") for part in parts)


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
            "this run's folder is in use",
            where=str(folder),
            received=f"held by {holder}",
            fix="wait for the other run, or name another folder with --out",
        ) from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"process {os.getpid()}".encode(), 0)


@contextmanager
def _disk(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise EnvironmentStop(
            "R004" if full else "R005",
            "the disk is full" if full else "the run's folder cannot be written",
            where=str(path),
            received=error.strerror,
            fix="free some space and run again: finished units are kept" if full else "name another folder with --out",
        ) from error
