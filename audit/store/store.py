"""A run's folder: one folder per finished unit, published by a rename, read back and verified.

    runs/<audit id>/
      run.json           resolved spec, facts and provenance
      evidence/<key>/    record.json and one .npy per array
      images.npy         the gallery's inputs
      results.json       canonical; its SHA-256 is the audit's identity
      context.json       what the report shows besides the results: the spec's path, earlier runs, the log without times
      log.jsonl          what each run did, unit by unit, with times; it only grows
      report.html ...    reports for people and for other programs
      MANIFEST.json      written last: digests of all files; its presence means complete

A kill at any moment loses at most the current unit. Files on disk are used only if their digests match.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import fields, is_dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import numpy as np
from pydantic import TypeAdapter

from audit.errors import InputError
from audit.record import Evidence, Unit, record
from audit.store import disk

R = TypeVar("R")
_ARRAYS = ("scores", "maps", "params")


@record
class Store:
    """The evidence and files of one run. Only the holder of ``lock`` may write."""

    folder: Path

    def get(self, unit: Unit) -> Evidence | None:
        """Return a unit's evidence; None if it is absent or damaged, so that the unit is measured again."""
        return _read_evidence(self._place(unit.key), unit)

    def units(self) -> tuple[Unit, ...]:
        """Return the units of all evidence that is there, of this spec or another; what cannot be read is left out."""
        found = (_read_unit(path) for path in sorted(self.folder.glob("evidence/*/record.json")))
        return tuple(unit for unit in found if unit is not None)

    def put(self, evidence: Evidence) -> None:
        """Publish a unit's evidence, replacing earlier evidence."""
        disk.publish(self._place(evidence.unit.key), _files(evidence))

    def write(self, name: str, content: bytes) -> Path:
        """Write one file of the run, flushed and renamed into place."""
        return disk.write(self.folder / name, content)

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
                f"the folder has no {name}",
                where=str(self.folder),
                expected="the folder of a run",
                received=error.strerror,
                fix="use the folder that `run` printed",
            ) from error
        except ValueError as error:
            raise InputError(
                "R002",
                f"cannot read {name}",
                where=str(path),
                expected=f"a {kind.__name__} record",
                received="JSON of another structure",
                fix="run the audit again with this version",
            ) from error

    def seal(self) -> Path:
        """Write MANIFEST.json: the digest of every file of the run."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file() and not _passing(path, self.folder))
        digests = {path.relative_to(self.folder).as_posix(): _digest(path.read_bytes()) for path in paths}
        return self.write("MANIFEST.json", to_json({"files": digests}))

    def check(self, names: Iterable[str]) -> None:
        """Refuse files that changed since the run; without a MANIFEST.json this cannot be checked.

        Raises:
            InputError: a file was changed or removed since the run.
        """
        if not (self.folder / "MANIFEST.json").is_file():
            return
        left = self.read_record("MANIFEST.json", dict[str, dict[str, str]])["files"]
        for name in names:
            path = self.folder / name
            if name in left and not (path.is_file() and file_digest(path) == left[name]):
                raise InputError(
                    "R007",
                    f"{name} changed since the run",
                    where=str(path),
                    expected="the digest in MANIFEST.json",
                    received="a different digest" if path.is_file() else "no file",
                    fix="run the audit again: undamaged units are reused",
                )

    def unseal(self) -> None:
        """Remove MANIFEST.json: from here on the run is incomplete."""
        (self.folder / "MANIFEST.json").unlink(missing_ok=True)

    def lock(self) -> AbstractContextManager[None]:
        """Lock the run; the operating system releases the lock when the process ends.

        Raises:
            EnvironmentStop: another process holds the lock, or the folder cannot be written.
        """
        return disk.hold(self.folder, "run.lock")

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
    """Return the adapter that reads and writes a record; creating one takes as long as fifty uses."""
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
    plain["unit"] = _plain_unit(evidence.unit)
    digests = {name: _digest(content) for name, content in arrays.items()}
    return {**arrays, "record.json": to_json({**plain, "files": digests})}


def _group(evidence: Evidence, group: str) -> Iterator[tuple[str, Any]]:
    yield from getattr(evidence, group).items()


def _read_evidence(place: Path, unit: Unit) -> Evidence | None:
    try:
        plain = json.loads((place / "record.json").read_bytes())
        contents = {name: (place / name).read_bytes() for name in plain["files"]}
        whole = all(_digest(content) == plain["files"][name] for name, content in contents.items())
        if not whole or plain["unit"] != _plain_unit(unit) or plain["status"] not in ("done", "failed"):
            return None
        arrays = {name: np.load(BytesIO(content), allow_pickle=False) for name, content in contents.items()}
        grouped = {group: _named(arrays, group) for group in _ARRAYS}
        return Evidence(
            unit=unit,
            status=plain["status"],
            seconds=plain["seconds"],
            error=plain["error"],
            note=plain.get("note"),
            **grouped,  # type: ignore[arg-type]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read_unit(path: Path) -> Unit | None:
    try:
        return _adapter(Unit).validate_python(json.loads(path.read_bytes())["unit"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _plain_unit(unit: Unit) -> Any:
    return _adapter(Unit).dump_python(unit, mode="json")


def _named(arrays: Mapping[str, np.ndarray], group: str) -> dict[str, np.ndarray]:
    prefix = f"{group}."
    return {
        unquote(name[len(prefix) : -len(".npy")]): array for name, array in arrays.items() if name.startswith(prefix)
    }


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _passing(path: Path, folder: Path) -> bool:
    """Return whether a file is not part of the run: the lock, the manifest itself, drafts."""
    parts = path.relative_to(folder).parts
    return parts[-1] in ("run.lock", "MANIFEST.json") or any(part.startswith(".") for part in parts)
