"""House measures: short files, short functions, one meaning for each class name, no look-alikes in a room."""

import ast
from collections.abc import Iterator, Mapping
from itertools import combinations
from statistics import median, quantiles

import pytest

from audit.registry import Family, places
from tests.modules import sources

SOURCES = sources()
TREES = {module: ast.parse(text) for module, text in SOURCES.items()}
FAMILIES: tuple[Family, ...] = ("methods", "checks", "similarities", "datasets")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def lines(function: Function) -> int:
    """Return a function's length in lines, from its first decorator, without its docstring."""
    first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
    said = function.body[0] if ast.get_docstring(function) is not None else None
    words = 0 if said is None else (said.end_lineno or said.lineno) - said.lineno + 1
    return (function.end_lineno or function.lineno) - first + 1 - words


def classes(trees: Mapping[str, ast.Module]) -> Iterator[tuple[str, str]]:
    """Yield the name of each class with its module."""
    for module, tree in trees.items():
        yield from ((node.name, module) for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def twice(trees: Mapping[str, ast.Module]) -> list[str]:
    """Return the class names that two classes of the package have."""
    found: dict[str, list[str]] = {}
    for name, module in classes(trees):
        found.setdefault(name.lstrip("_"), []).append(module)
    return [f"{name}: {', '.join(modules)}" for name, modules in found.items() if len(modules) > 1]


def a_letter_apart(one: str, other: str) -> bool:
    """Whether two names differ by one letter: another, one more or one less."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1 or one == other:
        return False
    if len(long) == len(short):
        return sum(a != b for a, b in zip(one, other, strict=True)) == 1
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


def look_alikes(modules: list[str], papers: frozenset[str]) -> list[tuple[str, str]]:
    """Return the pairs of names in one room that differ by a letter; those that papers gave are left alone."""
    inside = [module for module in modules if module.count(".") > 1]
    names = [(module.split(".")[1], module.rpartition(".")[2]) for module in inside]
    return [
        (one, other)
        for (room, one), (elsewhere, other) in combinations(names, 2)
        if room == elsewhere and a_letter_apart(one, other) and not {one, other} <= papers
    ]


def test_files_are_short() -> None:
    counts = {module: len(text.splitlines()) for module, text in SOURCES.items()}
    assert median(count for count in counts.values() if count > 1) <= 150
    assert [module for module, count in counts.items() if count > 300] == []


def test_nine_functions_of_ten_are_short() -> None:
    lengths = [lines(node) for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, Function)]
    assert quantiles(lengths, n=10)[-1] <= 15


def test_no_class_name_stands_for_two_things() -> None:
    assert twice(TREES) == []


def test_no_two_modules_of_a_room_differ_by_a_letter() -> None:
    papers = frozenset(name for family in FAMILIES for name in places(family))
    assert look_alikes(list(SOURCES), papers) == []


@pytest.mark.parametrize("module", SOURCES)
def test_the_formatter_writes_every_line(module: str) -> None:
    assert "fmt: " + "skip" not in SOURCES[module] and "fmt: " + "off" not in SOURCES[module]


def test_a_long_function_a_shared_name_and_a_look_alike_are_seen() -> None:
    (made,) = ast.parse('@a\ndef f():\n    """One.\n\n    Two."""\n    x = 1\n    return x').body
    assert isinstance(made, ast.FunctionDef) and lines(made) == 4
    assert twice({"a": ast.parse("class X: ..."), "b": ast.parse("class _X: ...")}) == ["X: a, b"]
    assert look_alikes(["audit.a.fit", "audit.a.b.fits", "audit.c.fit"], frozenset()) == [("fit", "fits")]
    assert look_alikes(["audit.a.road", "audit.a.roar"], frozenset({"road", "roar"})) == []
    assert not a_letter_apart("removal", "removals_of") and a_letter_apart("store", "stone")
