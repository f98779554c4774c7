"""Data files: found before they are opened, and a misspelt name answered with the nearest there is."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from audit.errors import InputError


def existing(path: Path) -> Path:
    """Return the path of a file that exists.

    Raises:
        InputError: there is no such file; the message names the nearest of the same kind.
    """
    try:
        found = path.is_file()
    except (OSError, ValueError):  # longer than a path may be, or with a null character in it
        found = False
    if not found:
        what = "the data's path is a folder" if _is_folder(path) else "the data file does not exist"
        raise InputError(
            "D020", what, where=str(path), fix=_nearest_file(path) or "use the path of a file on this machine"
        )
    return path


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def nearest(name: str, names: Sequence[str]) -> str | None:
    """Return a hint at the nearest of some names, None where none is near."""
    near = get_close_matches(name, names, n=1)
    return f"did you mean `{near[0]}`?" if near else None


def _nearest_file(path: Path) -> str | None:
    try:
        siblings = [each.name for each in path.parent.iterdir() if each.suffix == path.suffix]
    except (OSError, ValueError):
        return None
    return nearest(path.name, siblings)
