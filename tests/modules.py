"""The modules of ``audit/`` and what they import, read from their syntax trees: nothing is run."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "audit"


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported name. ``late``: inside a function. ``typing``: seen by the type checker only."""

    name: str
    line: int
    late: bool
    typing: bool


def files() -> list[Path]:
    """Return every source file of the package."""
    return sorted((ROOT / PACKAGE).rglob("*.py"))


def sources() -> dict[str, str]:
    """Return the text of every module, by its dotted name."""
    return {module_name(path): path.read_text(encoding="utf-8") for path in files()}


def module_name(path: Path) -> str:
    """Return the dotted name of a file below the root; a package's own file has the package's name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def within(name: str, place: str) -> bool:
    """Whether a dotted name is this place or lies below it."""
    return name == place or name.startswith(f"{place}.")


def imports(tree: ast.AST) -> Iterator[Import]:
    """Yield every import of a module, those spelled ``import_module("...")`` included."""
    yield from _imports(tree, late=False, typing=False)


def module_imported(imported: str, known: Mapping[str, object]) -> str | None:
    """Return the module of the package that an imported name is or stands in."""
    while imported not in known and "." in imported:
        imported = imported.rpartition(".")[0]
    return imported if imported in known else None


def _imports(node: ast.AST, *, late: bool, typing: bool) -> Iterator[Import]:
    for name in _names(node):
        yield Import(name=name, line=getattr(node, "lineno", 0), late=late, typing=typing)
    late = late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    guarded = node.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) else []
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, late=late, typing=typing or child in guarded)


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        origin = "." * node.level + (node.module or "")  # a name that starts with a point is relative
        return [f"{origin}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        return [str(each.value) for each in node.args[:1] if isinstance(each, ast.Constant)]
    return []
