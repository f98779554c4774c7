"""Records do not repeat one another's fields: what two have in common stands in one of them."""

import ast
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import combinations
from pathlib import Path
from typing import get_args

import audit.record
from audit.record import Judgement, Undecided, Verdict

SHARED = 4  # fields that two records may have in common by chance


def declared(kind: type) -> set[str]:
    """Return the fields that a record declares itself, without those of the record it extends."""
    return set(vars(kind).get("__annotations__", {}))


def test_no_two_records_declare_the_same_fields() -> None:
    records = [kind for name in audit.record.__all__ if is_dataclass(kind := getattr(audit.record, name))]
    pairs = {(a.__name__, b.__name__): declared(a) & declared(b) for a, b in combinations(records, 2)}
    assert {pair: common for pair, common in pairs.items() if len(common) > SHARED} == {}


def test_a_verdict_is_a_judgement_of_one_requirement_about_one_method() -> None:
    judged = {field.name for field in fields(Judgement)}
    own = {field.name for field in fields(Verdict)} - judged
    assert own == {"requirement", "check", "method", "severity", "waived"}


def keywords(source: str) -> Iterator[dict[str, ast.expr]]:
    """Yield the keywords of each call of a module."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return ({each.arg: each.value for each in call.keywords if each.arg} for call in calls)


def uncoded(source: str) -> list[dict[str, ast.expr]]:
    """Return the calls of a module that make a judgement inconclusive without saying which kind of reason it is."""
    found = (each for each in keywords(source) if "outcome" in each and "reason" in each)
    return [each for each in found if ast.unparse(each["outcome"]) == "'inconclusive'" and "code" not in each]


def test_each_reason_for_being_inconclusive_has_a_code(repository: Path) -> None:
    assert uncoded('Judgement(outcome="inconclusive", reason="why")')
    sources = {path: path.read_text(encoding="utf-8") for path in (repository / "audit").rglob("*.py")}
    assert {str(path) for path, source in sources.items() if uncoded(source)} == set()


def test_each_code_is_given_somewhere_and_explained(repository: Path) -> None:
    folder = repository / "audit"
    modules = (path for path in folder.rglob("*.py") if path != folder / "record" / "vocabulary.py")
    given = "".join(path.read_text(encoding="utf-8") for path in modules)
    page = (repository / "docs/formats.md").read_text(encoding="utf-8")
    assert [code for code in get_args(Undecided) if f'"{code}"' not in given or f"| `{code}` |" not in page] == []
