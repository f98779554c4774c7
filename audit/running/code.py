"""Whose code decides numbers: the audit's own, and that of every class, method function and model from outside."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from audit.declare import foreign_classes
from audit.errors import EnvironmentStop
from audit.record import Code, digest
from audit.resources import PACKAGE, sources
from audit.running.packages import distribution_of, first, imported_packages, listed, points
from audit.running.source_files import digest_of, files_of

_DECIDES_NUMBERS = ("backend", "network", "methods", "similarities", "checks", "datasets", "engine", "maps.py")


def own_code() -> dict[str, Code]:
    """Return the code of the audit itself: the sources that decide numbers.

    Raises:
        EnvironmentStop: a part of them cannot be found.
    """
    found = {path.relative_to(PACKAGE).as_posix(): path for path in sources(*_DECIDES_NUMBERS)}
    return {"audit": Code(name="audit", package=f"saliency-audit {_version()}".strip(), digest=digest_of(found))}


def code_of_classes(*values: Any) -> dict[str, Code]:
    """Return the code of the classes from outside the audit that declared values are made of, by ``module:Class``.

    Raises:
        EnvironmentStop: the source of one cannot be found.
    """
    return code_of(*(place for value in values for place in foreign_classes(value)))


def code_of(*places: str) -> dict[str, Code]:
    """Return the code behind each ``module:attribute``: its files, and the packages elsewhere that they import.

    Raises:
        EnvironmentStop: the source of one cannot be found.
    """
    return {place: _code_of(place) for place in places}


def _code_of(place: str) -> Code:
    top = first(place)
    found = distribution_of(top)
    files = files_of(top, listed(found))
    if not files:
        raise EnvironmentStop(
            "E006",
            f"the source of `{place}` cannot be found",
            expected="files, so that what other code measured is not used again",
            received="none",
            fix="install its package as files: not in an archive, not typed into an interactive session",
        )
    package = f"{found.name} {found.version}" if found else ""
    return Code(name=_name(place), package=package, digest=digest([digest_of(files), imported_packages(files)]))


def _name(place: str) -> str:
    """Return what a spec calls a class, whose entry point may name it by way of another module of its package."""
    return next((each.name for each in points(first(place)) if _class(each.value) == _class(place)), place)


def _class(place: str) -> str:
    """Return the attribute of ``module:attribute [extra]``."""
    return place.partition(":")[2].partition("[")[0].strip()


def _version() -> str:
    try:
        return version("saliency-audit")
    except PackageNotFoundError:
        return ""
