"""The packages around a plug-in: the distribution that it comes from, and those elsewhere that its files import."""

import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib.metadata import (
    Distribution,
    EntryPoint,
    PackageNotFoundError,
    distribution,
    entry_points,
    packages_distributions,
    requires,
)
from pathlib import Path

from audit.declare import KINDS
from audit.record import digest
from audit.running.source_files import digest_of, files_of, imported

RECORDED = (
    "saliency-audit",
    "keras",
    "tensorflow",
    "jax",
    "numpy",
    "scipy",
    "scikit-image",
    "scikit-learn",
    "tf-explain",
    "tf-keras-vis",
)
"""The distributions whose versions every key holds."""

_FILES = 1000  # of all followed packages together: parsing one takes milliseconds


def imported_packages(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the digests of the packages elsewhere that files import, and that those import, by name and version.

    None is imported. The standard library and what the audit itself requires are left out. Past a thousand files in all
    a package counts by the names and sizes of its files, and what it imports is not followed.
    """
    known, found, read = {"audit", *sys.stdlib_module_names}, dict[str, str](), {*files.values()}
    left, waiting = _FILES, [*files.values()]
    while waiting:
        names = sorted(imported(waiting) - known)
        known |= {*names}
        waiting = list[Path]()
        for package, held in _outside(names, read):
            small = len(held) <= left
            found[package] = digest_of(held) if small else _sizes(held)
            left -= len(held) if small else 0
            waiting += held.values() if small else ()
    return found


def _outside(names: Iterable[str], read: Collection[Path]) -> Iterator[tuple[str, dict[str, Path]]]:
    """Yield each package with its files, those that are read aside; none that is required or has no other files."""
    required = _required()
    other = [name for name in names if _normal(name) not in required]
    distributions = packages_distributions() if other else {}  # reads the metadata of all that is installed
    for name in other:
        owners = distributions.get(name, ())
        if required.isdisjoint(map(_normal, owners)):
            owner = distribution(owners[0]) if owners else None
            held = {each: path for each, path in files_of(name, listed(owner)).items() if path not in read}
            if held:
                yield f"{name} {owner.version if owner else ''}".strip(), held


def _required() -> set[str]:
    """Return the distributions that the audit itself requires, and those whose versions every key holds."""
    try:
        lines = requires("saliency-audit") or ()
    except PackageNotFoundError:
        lines = ()
    plain = (line for line in lines if "extra ==" not in line)
    return {_normal(re.split(r"[^\w.-]", line)[0]) for line in (*RECORDED, *plain)}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _sizes(files: Mapping[str, Path]) -> str:
    return digest({name: path.stat().st_size for name, path in files.items()})


def distribution_of(top: str) -> Distribution | None:
    """Return the distribution of a top-level module; one that is installed to be edited lists no module of its own."""
    by_point = next((point.dist for point in points(top) if point.dist is not None), None)
    names = packages_distributions().get(top) if by_point is None else None
    return distribution(names[0]) if names else by_point


def points(top: str) -> Iterator[EntryPoint]:
    """Yield the entry points of plug-ins that name something in a top-level module."""
    for family in KINDS:
        yield from (point for point in entry_points(group=f"audit.{family}") if first(point.value) == top)


def first(place: str) -> str:
    """Return the top-level module of ``module:attribute``."""
    return place.partition(":")[0].partition(".")[0]


def listed(found: Distribution | None) -> dict[str, Path]:
    """Return the files that an installed distribution lists; none where its files stay where they are edited."""
    return {str(each): Path(str(each.locate())) for each in (found.files if found else None) or ()}
