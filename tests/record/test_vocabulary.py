"""Words that specs, conditions, checks and verdicts share are written down once."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from audit.record import vocabulary

VOCABULARIES = {name: frozenset(get_args(value)) for name, value in vars(vocabulary).items() if get_args(value)}


def literals(source: str) -> Iterator[frozenset[object]]:
    """Yield the words of each ``Literal[...]`` of a module that spells them all out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
            words = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            yield frozenset(word.value for word in words if isinstance(word, ast.Constant))


def copies(source: str) -> set[str]:
    """Return the names of the vocabularies that a module spells out."""
    found = set(literals(source))
    return {name for name, words in VOCABULARIES.items() if words in found}


def test_no_other_module_spells_a_vocabulary_out(repository: Path) -> None:
    modules = set((repository / "audit").rglob("*.py")) - {repository / "audit/record/vocabulary.py"}
    found = {str(path): copies(path.read_text(encoding="utf-8")) for path in modules}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize("source", ['x: Literal["signed", "absolute"]', 'Way = Literal["at_least", "at_most"] | None'])
def test_a_copy_is_found_in_any_order(source: str) -> None:
    assert copies(source)


def test_a_vocabulary_contains_what_it_is_built_from() -> None:
    assert VOCABULARIES["Compared"] == VOCABULARIES["Channels"] | {"keep"}
    assert VOCABULARIES["Fill"] == VOCABULARIES["PlainFill"] | {"noisy_linear"}
