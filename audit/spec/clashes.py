"""Names that a spec writes and that both the audit and an installed package have: none is picked silently."""

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from audit.declare import FAMILY, KINDS
from audit.errors import Fault, PluginError
from audit.registry import Family, find, places, taken
from audit.spec.entries import Entry, entry_of
from audit.spec.validation import of_plugin
from audit.spec.yaml_nodes import YamlNode


def clashes(root: YamlNode) -> list[Fault]:
    """Return a fault for each built-in name of a spec that a plug-in has too, at the place that says it."""
    if not any(taken(family, name) for family in KINDS for name in places(family)):
        return []
    return [fault for family, entry in _written(root) for fault in _of_entry(family, entry)]


def _written(root: YamlNode) -> Iterator[tuple[Family, Entry]]:
    sections: tuple[tuple[str, Family], ...] = (("methods", "methods"), ("require", "checks"))
    for section, family in sections:
        for item in root.children[section].children.values() if section in root.children else ():
            if entry := entry_of(item):
                yield family, entry
    dataset = root.children.get("dataset")
    source = dataset.children.get("source") if dataset else None
    if dataset and source and isinstance(source.value, str):
        yield "datasets", Entry(name=source.value, fields=dataset, span=source.span)


def _of_entry(family: Family, entry: Entry) -> Iterator[Fault]:
    """Yield the faults of a name, and those of the names in its fields."""
    if error := taken(family, entry.name):
        yield from of_plugin(error, entry.span)
    for key, inner in _families(family, entry.name).items():
        held = entry_of(entry.fields.children[key]) if key in entry.fields.children else None
        if held:
            yield from _of_entry(inner, held)


def _families(family: Family, name: str) -> dict[str, Family]:
    """Return the family of each field of a class that holds a named value; none if the class cannot be had."""
    if name not in places(family):
        return {}
    try:
        properties = TypeAdapter(find(family, name)).json_schema().get("properties", {})
    except PluginError:
        return {}
    return {key: found for key, schema in properties.items() if (found := _family(schema))}


def _family(schema: dict[str, Any]) -> Family | None:
    branches = (schema, *schema.get("anyOf", ()))  # the latter: a value or nothing
    return next((each[FAMILY] for each in branches if FAMILY in each), None)
