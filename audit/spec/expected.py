"""A JSON schema in words: what a spec expects at a place, and what it received."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

Schema = Mapping[str, Any]

_LONGEST = 40  # characters shown of a received text


def received(value: Any) -> str:
    """Return a value from a spec as an error message shows it."""
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return f"a list of length {len(cast(list[Any], value))}" if value else "an empty list"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= _LONGEST else f'"{value[:_LONGEST]}..." ({len(value)} characters)'
    return str(value)


def expected(schema: Schema, root: Schema) -> str:
    """Return what a schema accepts, in a few words: "an integer >= 1", "`sum`, `absolute_sum` or `absolute_max`"."""
    words = list(_words(schema, root))
    # Null stands for an absent value: show it only if nothing else is accepted.
    return _either([word for word in words if word != "null"] or words)


def choices(schema: Schema, root: Schema) -> list[str]:
    """Return the fixed words that a schema accepts, if any."""
    words = list(_words(schema, root))
    return [word.strip("`") for word in words if word.startswith("`")]


def at(schema: Schema, root: Schema, path: Sequence[str | int]) -> Schema:
    """Return the schema of the value at a path; an empty one if the schema does not describe it."""
    schema = resolve(schema, root)
    if not path:
        return schema
    for branch in [schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())]:
        inner = _step(resolve(branch, root), path[0])
        if inner is not None:
            return at(inner, root, path[1:])
    return {}


def keys(schema: Schema, root: Schema) -> set[str]:
    """Return the keys that a schema knows, of an optional mapping too."""
    branches = [resolve(each, root) for each in (schema, *schema.get("anyOf", ()), *schema.get("oneOf", ()))]
    return {key for branch in branches for key in branch.get("properties", {})}


def resolve(schema: Schema, root: Schema) -> Schema:
    """Follow references within the root schema."""
    while "$ref" in schema:
        schema = root.get("$defs", {}).get(schema["$ref"].rpartition("/")[2], {})
    return schema


def _step(schema: Schema, key: str | int) -> Schema | None:
    if isinstance(key, str):
        return schema.get("properties", {}).get(key)
    first = schema.get("prefixItems", ())
    return first[key] if key < len(first) else schema.get("items")


def _words(schema: Schema, root: Schema) -> Iterator[str]:
    schema = resolve(schema, root)
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        for branch in branches:
            yield from _words(branch, root)
    elif "const" in schema:
        yield f"`{schema['const']}`"
    elif "enum" in schema:
        yield from (f"`{each}`" for each in schema["enum"])
    else:
        yield _of_type(schema, root)


def _of_type(schema: Schema, root: Schema) -> str:
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return ("an integer" if kind == "integer" else "a number") + _range(schema)
    if kind == "array":
        items = schema.get("items")
        return f"a list{_entries(schema)}" + (f", each {expected(items, root)}" if items else "")
    if kind == "object":
        names = ", ".join(f"`{name}`" for name in schema.get("properties", {}))
        least = " with at least one key" if schema.get("minProperties") else ""
        return f"a mapping with the keys {names}" if names else f"a mapping{least}"
    if kind == "string":
        return _text(schema)
    return {"boolean": "true or false", "null": "null"}.get(str(kind), "another value")


def _entries(schema: Schema) -> str:
    least = "at least one entry" if schema.get("minItems") else ""
    most = f"at most {schema['maxItems']}" if "maxItems" in schema else ""
    bounds = " and ".join(filter(None, (least, most)))
    return f" with {bounds}{'' if least else ' entries'}" if bounds else ""


def _text(schema: Schema) -> str:
    if schema.get("format") == "date":
        return "a date such as 2027-01-31"
    if schema.get("examples"):
        return f"text such as {_either([str(each) for each in schema['examples']])}"
    longest = f" of at most {schema['maxLength']} characters" if "maxLength" in schema else ""
    return ("non-empty text" if schema.get("minLength") else "text") + longest


def _range(schema: Schema) -> str:
    words = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {schema[name]}" for name, sign in words.items() if name in schema]
    return f" {' and '.join(bounds)}" if bounds else ""


def _either(words: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(words))
    return distinct[0] if len(distinct) == 1 else f"{', '.join(distinct[:-1])} or {distinct[-1]}"
