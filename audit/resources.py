"""Finds the package's own files: its sources, and ``templates/`` and ``specs/`` beside or inside it."""

from pathlib import Path
from typing import Literal

from audit.errors import EnvironmentStop

PACKAGE = Path(__file__).parent
"""The folder of the package's sources."""


def folder(name: Literal["templates", "specs"]) -> Path:
    """Return the folder of templates or of ready specs: beside the package in a checkout, inside it in a wheel."""
    installed = PACKAGE / name
    return installed if installed.is_dir() else PACKAGE.parent / name


def sources(*places: str) -> tuple[Path, ...]:
    """Return the Python files at places below the package: folders, with all below them, or single files.

    Raises:
        EnvironmentStop: a place holds no source, as after a move that a list did not follow.
    """
    found = {place: _python_files(PACKAGE / place) for place in places}
    missing = [place for place, files in found.items() if not files]
    if missing:
        raise EnvironmentStop(
            "E007",
            "sources of the audit itself are missing",
            where=str(PACKAGE),
            expected=f"Python files at {', '.join(missing)}",
            received="none",
            fix="install saliency-audit again",
        )
    return tuple(sorted({path for files in found.values() for path in files}))


def _python_files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return sorted(place.rglob("*.py")) if place.is_dir() else []
