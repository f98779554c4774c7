"""Read another run's results.json, which may come from another version or an unknown source."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter

from audit.errors import InputError
from audit.record import SCHEMA_VERSION, Audit, Invalidity, record

LARGEST = 2**26  # bytes


@record
class Results:
    """An audit and the digest of the file that holds it."""

    digest: str
    audit: Audit


def read_results(path: Path) -> Results:
    """Read a results.json, given its path or the folder of its run.

    Raises:
        InputError: it is missing (R080), it is not a results.json (R081), or a newer version wrote it (R082).
    """
    file = path / "results.json" if path.is_dir() else path
    content = _content(file)
    try:
        found = json.loads(content)
        _check_version(found, file)
        audit = _with_reasons(TypeAdapter(Audit).validate_json(content), stated_valid=found.get("valid", True))
    except (ValueError, RecursionError) as error:
        raise InputError(
            "R081",
            "cannot read the results",
            where=str(file),
            expected="the results.json of a run",
            received="JSON of another structure" if content[:1] == b"{" else "not a JSON object",
            fix="use the folder of a run, or run that audit again with this version",
        ) from error
    return Results(digest=hashlib.sha256(content).hexdigest(), audit=audit)


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        fix = (
            "use the folder that `run` printed, or its results.json; a path in a spec is relative to the spec's folder"
        )
        raise InputError(
            "R080",
            "no results found",
            where=str(file),
            expected="the results.json of a run",
            received=error.strerror,
            fix=fix,
        ) from error
    if len(content) > LARGEST:
        raise InputError("R081", "cannot read the results", where=str(file), received=f"more than {LARGEST:,} bytes")
    return content


def _with_reasons(audit: Audit, *, stated_valid: bool) -> Audit:
    """Keep an audit invalid that an earlier version wrote: it stated no reasons beside its sentence."""
    if stated_valid or audit.invalid:
        return audit
    reason = Invalidity(kind="control", sentence=audit.sentence, fix="Run the audit again with this version.")
    return replace(audit, invalid=(reason,))


def _check_version(found: object, file: Path) -> None:
    version = cast(dict[str, Any], found).get("schema_version") if isinstance(found, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise InputError(
            "R082",
            "the results were written by a newer version",
            where=str(file),
            expected=f"schema_version {SCHEMA_VERSION} or lower",
            received=str(version),
            fix="update saliency-audit, or use the version that wrote them",
        )
