"""What a registered name is, from its own docstrings: for ``list``, the JSON schema and the documentation."""

import ast
import inspect
from dataclasses import fields, is_dataclass
from functools import cache
from textwrap import dedent
from typing import Any

from pydantic import TypeAdapter

from audit.errors import PluginError
from audit.record import CLAIMS, record
from audit.registry import Family, find, places, taken


@record
class Field:
    """A field as a user sees it; ``default`` is JSON, None where the field must be given."""

    name: str
    default: str | None
    doc: str


def unusable(family: Family, name: str) -> str:
    """Return why a spec cannot say a name, on one line; empty if it can."""
    error = taken(family, name)
    try:
        find(family, name)
    except PluginError as broken:
        error = broken
    return "; ".join(each.what for each in error.faults) if error else ""


def summary(family: Family, name: str) -> str:
    """Return the first line of a name's docstring, or why it cannot be used."""
    return document(family, name).partition("\n")[0]


def document(family: Family, name: str) -> str:
    """Return a name's whole docstring, or why it cannot be used."""
    return unusable(family, name) or inspect.getdoc(find(family, name)) or ""


def names(family: Family) -> tuple[str, ...]:
    """Return the names of a family, built-in ones first."""
    return tuple(places(family))


def claims(name: str) -> str:
    """Return the axioms that a method claims, or what they depend on; nothing if it cannot be used."""
    if unusable("methods", name):
        return ""
    found: object = inspect.getattr_static(find("methods", name), "claims", None)
    if isinstance(found, property):
        return (inspect.getdoc(found) or "").partition("\n\n")[0]
    if found == CLAIMS:
        return "none of its own; it is judged on all axioms."
    known = sorted(each for each in CLAIMS if isinstance(found, frozenset) and each in found)
    return f"{', '.join(known) or 'none'}."


def fields_named(family: Family, name: str) -> tuple[Field, ...]:
    """Return the fields of the class that a name stands for; none if it cannot be used."""
    return () if unusable(family, name) else fields_of(find(family, name))


def fields_of(kind: Any) -> tuple[Field, ...]:
    """Return the fields of a declared class; none for a function."""
    if not (isinstance(kind, type) and is_dataclass(kind)):
        return ()
    schema = TypeAdapter(kind).json_schema()
    docs = field_docs(kind)
    return tuple(
        Field(name=each.name, default=_default(schema["properties"].get(each.name, {})), doc=docs.get(each.name, ""))
        for each in fields(kind)
    )


@cache
def field_docs(kind: type) -> dict[str, str]:
    """Return the text below each field of a class, or the field's ``description``, on one line."""
    if not is_dataclass(kind):
        return {}
    properties = TypeAdapter(kind).json_schema().get("properties", {})
    described = {name: str(each["description"]) for name, each in properties.items() if "description" in each}
    try:
        tree = ast.parse(dedent(inspect.getsource(kind))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return described  # no source, as in a plug-in shipped as bytecode
    return {**described, **_below_fields(tree)} if isinstance(tree, ast.ClassDef) else described


def _below_fields(tree: ast.ClassDef) -> dict[str, str]:
    found: dict[str, str] = {}
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str):
            found[field.target.id] = " ".join(text.value.value.split())
    return found


def _default(schema: dict[str, Any]) -> str | None:
    import json

    return json.dumps(schema["default"]) if "default" in schema else None


def listing(family: Family, *, long: bool) -> list[str]:
    """Return a family as lines of text: one per name, or each name's full documentation with its fields."""
    known = names(family)
    if not long:
        width = max(map(len, known), default=0)
        return [f"{name:<{width}}  {summary(family, name)}" for name in known]
    return [line.replace("``", "`") for name in known for line in (*_long(family, name), "")]


def _long(family: Family, name: str) -> list[str]:
    body = [f"  {line}".rstrip() for line in document(family, name).splitlines()]
    found = fields_named(family, name)
    return [name, *body, *(["", "  Fields:"] if found else []), *(line for each in found for line in _field(each))]


def _field(field: Field) -> list[str]:
    default = "required" if field.default is None else f"default {field.default}"
    return [f"    {field.name} ({default})", *([f"      {field.doc}"] if field.doc else [])]
