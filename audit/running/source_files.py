"""The files behind a module, and their digest, which comments, docstrings and layout do not change."""

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from audit.record import digest, record

_SITES = ("site-packages", "dist-packages")
_NO_SOURCE = (".pyc", ".pyo", ".dist-info", ".egg-info", ".egg-link")
_ASIDE = (
    ".yaml",
    ".yml",
    ".log",
    ".out",
    ".md",
    ".html",
    ".xml",
    ".sarif",
)  # specs, reports and notes: they change on the way
_LARGEST = 64 * 2**20  # bytes: more is data to audit


def files_of(top: str, listed: Mapping[str, Path]) -> dict[str, Path]:
    """Return the files that a top-level module may use, by their names below the folder that it stands in.

    All of its package, or of a module that stands alone every file beside it, Python or not, in the same folder and not
    below: specs, reports and notes where a module holds their name in a string, data up to 64 MiB a file. With that,
    what they import from the same folder. Of an installed distribution all that it lists. Folders that are links are
    followed; bytecode, caches and hidden files are left out. Nothing where there are no files.
    """
    starts = _starts(top)
    held = {start: _held(start) for start in starts}
    installed = bool({*starts, *(path for each in held.values() for path in each.values())} & {*listed.values()})
    found = {**listed} if installed else {}
    for start in starts:
        found |= held[start] if installed else _with_beside(start, held[start])
    return {name: path for name, path in found.items() if _is_source(name) and path.is_file()}


def digest_of(files: Mapping[str, Path]) -> str:
    """Return the digest of files under their names."""
    return digest({name: _content_digest(path) for name, path in files.items()})


def imported(files: Iterable[Path]) -> set[str]:
    """Return the top-level modules that Python files import, anywhere in them, the audit's own aside."""
    return {name for path in files for name in _source(path).imports} - {"audit"}


def _starts(top: str) -> list[Path]:
    """Return the folders of a package, or the file of a module."""
    try:
        found = find_spec(top)
    except ValueError:  # a module that was made and not imported
        return []
    if found is None:
        return []
    places = found.submodule_search_locations or ([found.origin] if found.has_location and found.origin else [])
    return [Path(each) for each in places]


def _held(start: Path) -> dict[str, Path]:
    """Return a module's file, or the files of a package, by their names below the folder that it stands in."""
    return {path.relative_to(start.parent).as_posix(): path for path in _below(start, set())}


def _below(place: Path, seen: set[Path]) -> Iterator[Path]:
    """Yield a file, or those of a folder and of all below it; each folder once, so that links in a circle end."""
    if not place.is_dir():
        yield place
    elif place.resolve() not in seen:
        seen.add(place.resolve())
        for each in sorted(place.iterdir()):
            yield from _below(each, seen) if _is_source(each.name) else ()


def _with_beside(start: Path, held: Mapping[str, Path]) -> dict[str, Path]:
    """Add what stands beside a module that stands alone, and what is imported from there."""
    root = start.parent
    modules = {**held, **({} if start.is_dir() else {path.name: path for path in root.glob("*.py")})}
    if root.name in _SITES:
        return modules
    return _with_imported(modules if start.is_dir() else {**modules, **_data_beside(modules, root)}, root)


def _data_beside(modules: Mapping[str, Path], root: Path) -> dict[str, Path]:
    """Return the files beside modules that are no Python: specs, reports and notes only where a module names them."""
    files = [path for path in root.iterdir() if path.suffix != ".py" and path.is_file()]
    texts = [_source(path).texts for path in modules.values()]
    wanted = (path for path in files if path.suffix not in _ASIDE or any(path.name in each for each in texts))
    return {path.name: path for path in wanted if path.stat().st_size <= _LARGEST}


def _with_imported(held: Mapping[str, Path], root: Path) -> dict[str, Path]:
    """Add what modules import from their own folder, and what that imports."""
    found, waiting = dict(held), [*held.values()]
    while waiting:
        names = imported([waiting.pop()])
        places = [place for name in names for place in (root / name, root / f"{name}.py")]
        beside = {name: path for place in places for name, path in _held(place).items()}
        new = {name: path for name, path in beside.items() if name not in found and path.is_file()}
        found |= new
        waiting += new.values()
    return found


def _is_source(name: str) -> bool:
    parts = Path(name).parts
    hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)  # ".." leads out of the folder
    return not hidden and not any(part.endswith(_NO_SOURCE) for part in parts)


@record
class _ReadFile:
    """What a parser sees in Python."""

    digest: str = ""
    imports: frozenset[str] = frozenset()  # top-level modules
    texts: str = ""  # every string in it


def _content_digest(path: Path) -> str:
    """Return the digest of what a parser sees in Python; of other files, and of what cannot be parsed, of the bytes."""
    found = _source(path)
    if found.digest:
        return found.digest
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _source(path: Path) -> _ReadFile:
    python = path.suffix == ".py" and path.is_file()
    return _parsed(path.read_bytes()) if python else _ReadFile()


@cache
def _parsed(content: bytes) -> _ReadFile:
    """Return what a parser sees in Python; nothing in what it cannot parse."""
    try:
        tree = _WithoutDocstrings().visit(ast.parse(content))
        dump = ast.dump(tree).encode()
        return _ReadFile(digest=hashlib.sha256(dump).hexdigest(), imports=_imports(tree), texts=_texts(tree))
    except (SyntaxError, ValueError, RecursionError):
        return _ReadFile()


def _imports(tree: ast.Module) -> frozenset[str]:
    nodes = [*ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return frozenset(name.partition(".")[0] for name in names) - {""}


def _texts(tree: ast.Module) -> str:
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return "\n".join(value for value in constants if isinstance(value, str))


class _WithoutDocstrings(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        alone = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if alone else node
