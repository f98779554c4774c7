"""Build a declared value from a part of a spec, or list every fault at its exact place.

Pydantic finds the faults; what is expected is read from the class's JSON schema, so pydantic's own messages are not
shown. Text is never read as a number, nor a number as text.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from audit.declare import KINDS, FieldFaults
from audit.errors import AuditError, Fault, PluginError, did_you_mean
from audit.record import record
from audit.registry import Family, find, places
from audit.spec.expected import Schema, at, choices, expected, keys, received
from audit.spec.yaml_nodes import Span, YamlNode

T = TypeVar("T")
Path = tuple[str | int, ...]


@record
class FieldOwner:
    """The owner of the fields: its name in messages (empty: the spec itself), its place, and other allowed keys."""

    label: str
    span: Span
    also: frozenset[str] = frozenset()


def build(kind: type[T], node: YamlNode, owner: FieldOwner) -> tuple[T | None, list[Fault]]:
    """Return the declared value that a mapping describes, or None and all its faults."""
    try:
        return TypeAdapter(kind).validate_json(json.dumps(node.value), strict=True), []
    except ValidationError as error:
        return None, _distinct(_translate(error, kind, node, owner))
    except PluginError as error:
        return None, of_plugin(error, node.span)
    except AuditError as error:
        return None, [fault_at(error.code, error.what, node.span, hint=error.fix or "")]


def fault_at(code: str, what: str, span: Span, hint: str = "") -> Fault:
    """Return a fault at a place."""
    return Fault(code, what, line=span.line, column=span.column, width=span.width, hint=hint, file=span.file)


def of_plugin(error: PluginError, span: Span) -> list[Fault]:
    """Return what is wrong with the class of a plug-in, all of it at the place that names the plug-in."""
    return [fault_at(each.code, _said(each), span, hint=each.fix or "") for each in error.faults]


def _said(error: AuditError) -> str:
    wanted = f": expected {error.expected}, received {error.received}" if error.expected else ""
    return f"{error.what}{wanted}"


def without(node: YamlNode, names: Collection[str]) -> YamlNode:
    """Return a mapping without some of its keys."""
    return _filtered(node, [key for key in node.value if key not in names])


def only(node: YamlNode, names: Collection[str]) -> YamlNode:
    """Return a mapping with these keys only."""
    return _filtered(node, [key for key in node.value if key in names])


def _filtered(node: YamlNode, names: Collection[str]) -> YamlNode:
    return replace(
        node,
        value={name: node.value[name] for name in names},
        keys={name: node.keys[name] for name in names},
        children={name: node.children[name] for name in names},
    )


def _distinct(faults: Iterator[Fault]) -> list[Fault]:
    """Keep the first fault of each place: a union has one error per branch."""
    places = {(each.file, each.line, each.column, each.code): each for each in reversed(list(faults))}
    return list(places.values())[::-1]


def _translate(error: ValidationError, kind: type, node: YamlNode, owner: FieldOwner) -> Iterator[Fault]:
    adapter = TypeAdapter(kind)
    schema = adapter.json_schema()
    for each in error.errors(include_url=False):
        path, value = _walk(node, each["loc"])
        reason = each.get("ctx", {}).get("error")
        cause = getattr(reason, "__cause__", None)
        if isinstance(reason, FieldFaults) and isinstance(cause, ValidationError):
            yield from _inner(cause, value, reason.family)
        elif each["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            yield _unknown(str(each["loc"][-1]), path, node, owner, schema)
        elif each["type"] in ("missing", "missing_argument", "missing_keyword_only_argument"):
            what = f"missing key `{each['loc'][-1]}` in {_of(path, owner)}"
            yield fault_at("S022", what, value.span if path else owner.span)
        elif each["type"] in ("value_error", "assertion_error"):
            yield fault_at("S024", f"{_of(path, owner)}: {reason}", value.span if path else owner.span)
        else:
            yield _mismatch(path, value, owner, schema)


def _inner(cause: ValidationError, value: YamlNode, family: Family) -> Iterator[Fault]:
    """Translate the faults of a value within another, such as a method within a method: ``{name: {fields}}``."""
    name, fields = next(iter(value.children.items()))
    if str(name) in places(family):
        owner = FieldOwner(label=f"{KINDS[family]} `{name}`", span=value.keys[str(name)])
        yield from _translate(cause, find(family, str(name)), fields, owner)


def _walk(node: YamlNode, loc: Sequence[str | int]) -> tuple[Path, YamlNode]:
    """Follow an error's location as far as the source goes, skipping the names of a union's branches."""
    path: list[str | int] = []
    for part in loc:
        if part in node.children:
            path.append(part)
            node = node.children[part]
    return tuple(path), node


def _mismatch(path: Path, value: YamlNode, owner: FieldOwner, schema: Schema) -> Fault:
    place = at(schema, schema, path)
    what = f"{_of(path, owner)}: expected {expected(place, schema)}, received {received(value.value)}"
    hint = did_you_mean(value.value, choices(place, schema)) if isinstance(value.value, str) else ""
    return fault_at("S023", what, value.span, hint if hint.startswith("did") else "")


def _unknown(key: str, path: Path, node: YamlNode, owner: FieldOwner, schema: Schema) -> Fault:
    # The last step of the path is the unknown key itself.
    above = path[:-1]
    _, parent = _walk(node, above)
    known = keys(at(schema, schema, above), schema) | (set[str]() if above else owner.also)
    place = _of(above, owner)
    span = parent.keys.get(key, parent.span)
    return fault_at("S021", f"unknown key `{key}` in {place}", span, did_you_mean(key, known - {*parent.keys}))


def _of(path: Path, owner: FieldOwner) -> str:
    if not path:
        return owner.label or "the spec"
    return f"`{_dotted(path)}` of {owner.label}" if owner.label else f"`{_dotted(path)}`"


def _dotted(path: Path) -> str:
    return "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path).removeprefix(".")
