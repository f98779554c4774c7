"""JSON schema of draft 7, slowly, for the keywords that our schemas use."""

import re
from collections.abc import Iterator
from typing import Any

KINDS: dict[str, Any] = {"string": str, "boolean": bool, "null": type(None), "object": dict, "array": list}
UNDERSTOOD = {
    *("$schema", "$ref", "title", "description", "default", "examples", "format", "definitions", "type", "enum"),
    *("const", "anyOf", "allOf", "properties", "required", "additionalProperties", "minProperties", "maxProperties"),
    *("items", "uniqueItems", "minItems", "maxItems", "minLength", "maxLength", "pattern", "minimum", "maximum"),
    *("exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


def accepts(schema: dict[str, Any], root: dict[str, Any], value: Any) -> bool:
    """Whether a value fits a schema whose references lead into ``root``."""
    if "$ref" in schema:
        return accepts(root["definitions"][schema["$ref"].removeprefix("#/definitions/")], root, value)
    checks = [
        all(accepts(each, root, value) for each in schema.get("allOf", [])),
        "anyOf" not in schema or any(accepts(each, root, value) for each in schema["anyOf"]),
        "type" not in schema or _is(schema["type"], value),
        "enum" not in schema or value in schema["enum"],
        "const" not in schema or value == schema["const"],
        not isinstance(value, str) or re.search(schema.get("pattern", ""), value) is not None,
        not isinstance(value, str) or schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)),
        not _is("number", value) or _within(schema, value),
        not isinstance(value, dict) or _keys_fit(schema, root, value),
        not isinstance(value, list) or _items_fit(schema, root, value),
    ]
    return all(checks)


def walk(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema within a schema."""
    if not isinstance(schema, dict):
        return
    yield schema
    for key in ("properties", "definitions"):
        for each in schema.get(key, {}).values():
            yield from walk(each)
    items = schema.get("items")
    for each in [*schema.get("anyOf", []), *schema.get("allOf", []), *(items if isinstance(items, list) else [items])]:
        yield from walk(each)
    yield from walk(schema.get("additionalProperties"))


def _is(kind: str, value: Any) -> bool:
    if kind in ("integer", "number"):
        return isinstance(value, int if kind == "integer" else int | float) and not isinstance(value, bool)
    return isinstance(value, KINDS[kind])


def _within(schema: dict[str, Any], value: float) -> bool:
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    above = "exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"]
    below = "exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"]
    divides = "multipleOf" not in schema or value % schema["multipleOf"] == 0
    return low <= value <= high and above and below and divides


def _keys_fit(schema: dict[str, Any], root: dict[str, Any], value: dict[str, Any]) -> bool:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    known = all(accepts(properties[key], root, each) for key, each in value.items() if key in properties)
    unknown = [each for key, each in value.items() if key not in properties]
    fits = all(accepts(others, root, each) for each in unknown) if isinstance(others, dict) else others or not unknown
    count = schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value))
    return known and fits and count and set(schema.get("required", [])) <= set(value)


def _items_fit(schema: dict[str, Any], root: dict[str, Any], value: list[Any]) -> bool:
    count = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
    items = schema.get("items", {})
    pairs = zip(items, value, strict=False) if isinstance(items, list) else ((items, each) for each in value)
    alike = schema.get("uniqueItems") and any(each in value[:place] for place, each in enumerate(value))
    return count and not alike and all(accepts(item, root, each) for item, each in pairs)
