"""What CONTRIBUTING's table promises is what a member costs: its file, its line in the registry, its test."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.registry import places

FAMILIES = {"a method": "methods", "a check": "checks", "a similarity": "similarities", "a data set": "datasets"}
MEMBERS = [(family, name) for family in FAMILIES.values() for name in places(family)]

NAMED_ELSEWHERE = {
    "edge_detector": "a control: checks say which verdict it must get",
    "random_map": "a control: checks say which verdict it must get",
    "input": "a control; and an English word",
    "blurred_random": "a ranking without a network, with which removal by a method is compared",
    "gradient": "the default base of methods that average; and an English word",
    "spearman": "the default similarity of checks, and the rank correlation of the report's agreement",
    "ssim": "the example in the message about a wrong similarity",
    "two_objects": "the source that the check of the same task needs",
    "planted_shortcut": "a check and the source that it needs",
    "constant": "an English word",
    "python": "an English word",
    "table": "an English word",
    "rise": "an English word",
    **dict.fromkeys(
        ("completeness", "sensitivity_a", "sensitivity_b", "linearity", "symmetry"),
        "an axiom that methods claim, by the name of the check that tests it",
    ),
}


def rows(page: str) -> dict[str, tuple[str, str, str]]:
    """Return the table's cells in code marks: by what is added its file, its line and its test."""
    found = re.findall(r"^\| (a .+?) \| `([^`]+)`.*? \| `([^`]+)` \| `([^`]+)` \|$", page, re.MULTILINE)
    return {what: (file, line, test) for what, file, line, test in found}


def naming(tree: ast.AST, family: str, name: str) -> Iterator[int]:
    """Yield the lines of code that import a member or hold its name as a text; docstrings are no code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == f"audit.{family}.{name}":
            yield node.lineno
        elif isinstance(node, ast.Constant) and node.value == name:
            yield node.lineno


@pytest.fixture(scope="module")
def table(repository: Path) -> dict[str, tuple[str, str, str]]:
    return rows((repository / "CONTRIBUTING.md").read_text("utf-8"))


def test_the_table_has_a_row_for_each_family(table):
    assert set(table) == set(FAMILIES)


@pytest.mark.parametrize(("family", "name"), MEMBERS)
def test_a_member_costs_the_three_files_of_its_row(repository, table, family, name):
    file, line, test = table[next(what for what, each in FAMILIES.items() if each == family)]
    module, _, kind = places(family)[name].partition(":")
    own, tested = (repository / re.sub(r"\bx\b|(?<=_)x(?=\.)", name, each) for each in (file, test))
    assert own.is_file() and tested.is_file()
    written = (repository / "audit" / "registry.py").read_text("utf-8")
    assert re.sub(r"\bx\b", name, line).replace(":X", f":{kind}") in written
    assert module == ".".join(own.relative_to(repository).with_suffix("").parts)


def test_no_other_module_names_a_member_without_a_stated_reason(repository):
    found: dict[str, list[str]] = {}
    for path in sorted((repository / "audit").rglob("*.py")):
        tree, place = ast.parse(path.read_text("utf-8")), path.relative_to(repository).as_posix()
        for family, name in MEMBERS:
            if place.startswith(f"audit/{family}/") or place == "audit/registry.py":
                continue  # a method may build on another
            found.setdefault(name, []).extend(f"{place}:{line}" for line in naming(tree, family, name))
    named = {name: where for name, where in found.items() if where}
    assert {name: where for name, where in named.items() if name not in NAMED_ELSEWHERE} == {}
    assert set(NAMED_ELSEWHERE) == set(named)  # a reason that is no longer needed goes


def test_a_name_and_an_import_are_found_and_a_docstring_is_not():
    assert list(naming(ast.parse("from audit.methods.lrp import Lrp"), "methods", "lrp")) == [1]
    assert list(naming(ast.parse("x = {'lrp': 1}"), "methods", "lrp")) == [1]
    assert list(naming(ast.parse('"""As lrp does."""'), "methods", "lrp")) == []
