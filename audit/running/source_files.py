"""The files behind a module, and their digest, which comments, docstrings and layout do not change."""

import ast
import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from audit.record import digest

_SITES = ("site-packages", "dist-packages")
_NO_SOURCE = (".pyc", ".pyo", ".dist-info", ".egg-info", ".egg-link")


def files_of(top: str, listed: Mapping[str, Path]) -> dict[str, Path]:
    """Return the files that a top-level module may use, by their names below the folder that it stands in.

    All of its package, or every module beside one that stands alone; with that, what they import from the same folder.
    Of an installed distribution all that it lists. Nothing where there are no files.
    """
    starts = _starts(top)
    installed = bool({*starts, *(folder for start in starts for folder in start.rglob("*.py"))} & {*listed.values()})
    found = {**listed} if installed else {}
    for start in starts:
        beside = [start] if installed or start.is_dir() else [start, *start.parent.glob("*.py")]
        held = _named(beside, start.parent)
        found |= held if installed or start.parent.name in _SITES else _with_imported(held, start.parent)
    return {name: path for name, path in found.items() if _is_source(name) and path.is_file()}


def digest_of(files: Mapping[str, Path]) -> str:
    """Return the digest of files under their names."""
    return digest({name: _content_digest(path.read_bytes(), path.suffix == ".py") for name, path in files.items()})


def _starts(top: str) -> list[Path]:
    """Return the folders of a package, or the file of a module."""
    try:
        found = find_spec(top)
    except ValueError:  # a module that was made and not imported
        return []
    if found is None:
        return []
    return [Path(each) for each in found.submodule_search_locations or (found.origin or "",)]


def _named(places: Iterable[Path], root: Path) -> dict[str, Path]:
    paths = (path for place in places for path in (place.rglob("*") if place.is_dir() else [place]))
    return {path.relative_to(root).as_posix(): path for path in paths}


def _with_imported(held: Mapping[str, Path], root: Path) -> dict[str, Path]:
    """Add what modules import from their own folder, and what that imports."""
    found, waiting = dict(held), [*held.values()]
    while waiting:
        names = _imported(waiting.pop())
        beside = _named([place for name in names for place in (root / name, root / f"{name}.py")], root)
        new = {name: path for name, path in beside.items() if name not in found and path.is_file()}
        found |= new
        waiting += new.values()
    return found


def _imported(path: Path) -> set[str]:
    """Return the top-level modules that a file imports, the audit's own aside."""
    tree = _parsed(path.read_bytes()) if path.suffix == ".py" and path.is_file() else None
    nodes = [] if tree is None else [*ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in names} - {"", "audit"}


def _is_source(name: str) -> bool:
    parts = Path(name).parts
    hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)  # ".." leads out of the folder
    return not hidden and not any(part.endswith(_NO_SOURCE) for part in parts)


@cache
def _content_digest(content: bytes, python: bool) -> str:
    """Return the digest of what a parser sees in Python; of other files, and of what cannot be parsed, of the bytes."""
    tree = _parsed(content) if python else None
    return hashlib.sha256(content if tree is None else ast.dump(tree).encode()).hexdigest()


def _parsed(content: bytes) -> ast.Module | None:
    try:
        return _WithoutDocstrings().visit(ast.parse(content))
    except (SyntaxError, ValueError, RecursionError):
        return None


class _WithoutDocstrings(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        alone = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if alone else node
