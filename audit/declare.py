"""``declared``: a frozen dataclass whose fields are its YAML; and fields that hold another declared value by its name.

Methods, checks and dataset sources are declared values: hyper-parameters only, keyword-only, immutable, hashable and
validated when built (unknown names, wrong types and values out of range are faults), from a spec and from Python alike.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar, cast, dataclass_transform

from pydantic import BeforeValidator, ConfigDict, PlainSerializer, TypeAdapter, ValidationError, WithJsonSchema
from pydantic.dataclasses import dataclass, is_pydantic_dataclass

from audit.errors import PluginError
from audit.registry import Family, building, complete, find, named_at, places

T = TypeVar("T")

_CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)

KINDS: Mapping[Family, str] = {
    "methods": "method",
    "checks": "check",
    "datasets": "data source",
    "similarities": "similarity",
}
"""The name of one member of a family, in messages."""

FAMILY = "x-family"
"""The JSON schema key that holds the family of a named value."""


class _JudgedOnly:
    """The kind of ``JUDGED``."""


JUDGED = _JudgedOnly()
"""Marks a field that no measurement depends on, as in ``Annotated[float, JUDGED]``: `judge` takes another value of it.

A field without the mark is measured: another value of it needs a new run.
"""


@dataclass_transform(kw_only_default=True, frozen_default=True)
def declared(cls: type[T]) -> type[T]:
    """Turn a class with annotated fields into a declared value."""
    return dataclass(cls, frozen=True, kw_only=True, config=_CONFIG)  # type: ignore[return-value]


def as_json(value: Any) -> dict[str, Any]:
    """Return the fields of a declared value or record as JSON-compatible values."""
    return TypeAdapter(type(value)).dump_python(value, mode="json")


def judged_fields(kind: type) -> frozenset[str]:
    """Return the fields of a declared class that are marked ``JUDGED``."""
    found = kind.__pydantic_fields__ if is_pydantic_dataclass(kind) else {}
    return frozenset(name for name, field in found.items() if JUDGED in field.metadata)


def without_judged(value: Any, plain: Any) -> Any:
    """Return JSON without the fields that are marked ``JUDGED`` in a declared value, or in those that it holds.

    Args:
        value: whose class marks its fields.
        plain: the JSON of this value, or of another one in its place.
    """
    if not is_dataclass(value) or not isinstance(plain, Mapping):
        return plain
    held = {each.name: getattr(value, each.name) for each in fields(value)}
    measured = {name: each for name, each in plain.items() if name not in judged_fields(type(value))}
    return {name: without_judged(held.get(name), each) for name, each in measured.items()}


def foreign_classes(value: Any) -> tuple[str, ...]:
    """Return the classes from outside the audit that a declared value is made of, as ``module:Class``.

    Those of the values that it holds and those that they inherit from are among them; with a class, the place where an
    entry point names it, which may be in another package than the class itself.
    """
    classes = dict.fromkeys(kind for each in _values_in(value) for kind in type(each).__mro__)
    return tuple(dict.fromkeys(place for kind in classes for place in _places_of(kind)))


def _places_of(kind: type) -> Iterator[str]:
    own = kind.__module__.partition(".")[0]
    if own not in {*sys.stdlib_module_names, "audit"}:
        yield f"{kind.__module__}:{kind.__qualname__}"
    if own != "audit":
        yield from (place for place in named_at(kind) if re.split("[.:]", place)[0] != own)


def _values_in(value: Any) -> Iterator[Any]:
    """Yield a value and everything that it holds."""
    yield value
    if is_dataclass(value):
        held = [getattr(value, each.name) for each in fields(value)]
    elif isinstance(value, Mapping):
        held = list(cast("Mapping[Any, Any]", value).values())
    else:
        held = list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple | list | set | frozenset) else []
    for each in held:
        yield from _values_in(each)


class FieldFaults(ValueError):
    """A named value has invalid fields; the cause is pydantic's error."""

    def __init__(self, family: Family, text: str) -> None:
        """Store the message and the family of the value."""
        super().__init__(text)
        self.family: Family = family


def named_value(family: Family, value: Any, default: str) -> Any:
    """Return the declared value that a spec names (``gradient``, ``{smoothgrad: {samples: 20}}``), or the value itself.

    Args:
        family: where the name is registered.
        value: what the spec says.
        default: a name of the family without required fields, for the message.

    Raises:
        ValueError: the name is unknown or a field is invalid; lists all invalid fields.
        PluginError: the class of a plug-in does not match its protocol, or cannot be imported or built.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return complete(family, value)
    name, fields = _name_and_fields(family, value, default)
    if name not in places(family):
        raise ValueError(f"unknown {KINDS[family]} `{name}`{_suggestion(family, name)}")
    try:
        with building(family, name):
            return find(family, name)(**fields)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, (name, *each['loc'])))}: {each['msg']}" for each in error.errors()]
        raise FieldFaults(family, "; ".join(faults)) from error


def name_of(family: Family, value: Any) -> str:
    """Return a declared value's name in a spec; the name of its class if it is not registered."""
    return next((name for name in places(family) if _stands_for(family, name, type(value))), type(value).__name__)


def as_named(family: Family, value: Any) -> dict[str, Any]:
    """Return a declared value as a spec would write it: ``{name: fields}``, every field filled in."""
    return {name_of(family, value): as_json(value)}


def named_type(family: Family, read: Any, write: Any) -> Any:
    """Return the type of a field that holds a value of a family, ``read`` from a spec and written by ``write``."""
    nested = {"type": "object", "minProperties": 1, "maxProperties": 1}
    schema = WithJsonSchema({"anyOf": [{"type": "string"}, nested], FAMILY: family})
    return Annotated[Any, BeforeValidator(read), PlainSerializer(write), schema]


def _stands_for(family: Family, name: str, kind: type) -> bool:
    try:
        return find(family, name) is kind
    except PluginError:
        return False  # some other plug-in that is broken


def _name_and_fields(family: Family, value: Any, default: str) -> tuple[str, dict[str, Any]]:
    if isinstance(value, str):
        return value, {}
    if isinstance(value, Mapping) and len(value) == 1:
        name, fields = next(iter(cast("Mapping[Any, Any]", value).items()))
        if fields is None or isinstance(fields, Mapping):
            return str(name), {str(key): each for key, each in (fields or {}).items()}
    raise ValueError(f"expected the name of a {KINDS[family]}, or one name with its fields, as in {{{default}: {{}}}}")


def _suggestion(family: Family, name: str) -> str:
    known = sorted(places(family))
    near = get_close_matches(name, known, n=1)
    plural = KINDS[family] + "s" if family != "similarities" else family
    return f"; did you mean `{near[0]}`?" if near else f"; the {plural} are {', '.join(known)}"
