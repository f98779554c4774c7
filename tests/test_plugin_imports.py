"""What a plug-in may import is what docs/plugins.md lists: the names exist, and the examples need no others."""

import ast
import re
from pathlib import Path

import pytest

from audit.registry import Family, places
from tests.modules import ROOT, imports, sources

FAMILIES: tuple[Family, ...] = ("methods", "checks", "similarities", "datasets")
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("my_*/**/*.py") if "build" not in path.parts)
SOURCES = sources()


def listed() -> dict[str, list[str]]:
    """Return the names of each module in the page's table."""
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(audit[\w.]*)` \| (`.*?`) \|", text, flags=re.MULTILINE)
    return {module: re.findall(r"`(\w+)`", names) for module, names in rows}


def members() -> set[str]:
    """Return the full name of each class that a spec can name."""
    return {place.replace(":", ".") for family in FAMILIES for place in places(family).values()}


def private(source: str) -> list[str]:
    """Return what a plug-in imports of the audit that is not promised to stay."""
    promised = {f"{module}.{name}" for module, names in listed().items() for name in names} | members()
    names = [each.name for each in imports(ast.parse(source))]
    return [name for name in names if name.partition(".")[0] == "audit" and name not in promised]


def offered(module: str) -> set[str]:
    """Return the names that a module defines or gives on."""
    tree = ast.parse(SOURCES[module])
    defined = {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    assigned = {name.id for node in tree.body for name in ast.walk(node) if isinstance(name, ast.Name)}
    return defined | assigned | {each.name.rpartition(".")[2] for each in imports(tree)}


@pytest.mark.parametrize("module", listed())
def test_every_listed_name_exists(module: str) -> None:
    assert set(listed()[module]) <= offered(module)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_imports_what_is_listed_and_nothing_else(path: Path) -> None:
    assert private(path.read_text(encoding="utf-8")) == []


def test_the_page_lists_the_protocol_of_each_family_and_another_import_is_seen() -> None:
    protocols = (
        "audit.methods.method",
        "audit.checks.check",
        "audit.similarities.similarity",
        "audit.datasets.dataset",
    )
    assert EXAMPLES and set(protocols) <= set(listed())
    assert private("from audit.methods.gradient import Gradient\nfrom audit.declare import declared") == []
    for source in ("from audit.engine.bench import NetworkBench", "def f():\n    import audit.store.store"):
        assert private(source) != []
