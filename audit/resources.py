"""Finds ``templates/`` and ``specs/``: beside the package in a checkout, inside it in an installed wheel."""

from pathlib import Path
from typing import Literal


def folder(name: Literal["templates", "specs"]) -> Path:
    """Return the folder of templates or of ready specs."""
    installed = Path(__file__).parent / name
    return installed if installed.is_dir() else Path(__file__).parent.parent / name
