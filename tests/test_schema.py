"""The schema that editors read says what the reader of specs accepts."""

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.describe import field_docs
from audit.entries import CONTROLS
from audit.registry import find, places
from audit.schema import json_schema, schema_text
from audit.spec import load_spec
from audit.yaml_source import read

KINDS: dict[str, Any] = {"string": str, "boolean": bool, "null": type(None), "object": dict, "array": list}
UNDERSTOOD = {
    *(
        "$schema",
        "$ref",
        "title",
        "description",
        "default",
        "examples",
        "format",
        "definitions",
        "type",
        "enum",
        "const",
    ),
    *("anyOf", "allOf", "properties", "required", "additionalProperties", "minProperties", "maxProperties", "items"),
    *("minItems", "maxItems", "minLength", "maxLength", "pattern", "minimum", "maximum"),
    *("exclusiveMinimum", "exclusiveMaximum"),
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema()


def accepts(schema: dict[str, Any], root: dict[str, Any], value: Any) -> bool:
    """Draft 7, slowly, for the keywords that the schema uses."""
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


def _is(kind: str, value: Any) -> bool:
    if kind in ("integer", "number"):
        return isinstance(value, int if kind == "integer" else int | float) and not isinstance(value, bool)
    return isinstance(value, KINDS[kind])


def _within(schema: dict[str, Any], value: float) -> bool:
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    above = "exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"]
    below = "exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"]
    return low <= value <= high and above and below


def _keys_fit(schema: dict[str, Any], root: dict[str, Any], value: dict[str, Any]) -> bool:
    properties = schema.get("properties", {})
    known = all(accepts(properties[key], root, each) for key, each in value.items() if key in properties)
    closed = schema.get("additionalProperties", True) is not False or set(value) <= set(properties)
    count = schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value))
    return known and closed and count and set(schema.get("required", [])) <= set(value)


def _items_fit(schema: dict[str, Any], root: dict[str, Any], value: list[Any]) -> bool:
    count = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
    return count and all(accepts(schema.get("items", {}), root, each) for each in value)


def walk(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema within a schema."""
    if not isinstance(schema, dict):
        return
    yield schema
    for key in ("properties", "definitions"):
        for each in schema.get(key, {}).values():
            yield from walk(each)
    for each in [*schema.get("anyOf", []), *schema.get("allOf", []), schema.get("items")]:
        yield from walk(each)


def test_the_kept_schema_is_the_generated_one(specs: Path) -> None:
    kept = (specs / "spec.v1.schema.json").read_text(encoding="utf-8")
    assert kept == schema_text(), "write it anew: saliency-audit schema > specs/spec.v1.schema.json"


def test_it_is_draft_7_and_complete(schema: dict[str, Any]) -> None:
    for each in walk(schema):
        assert set(each) <= UNDERSTOOD, set(each) - UNDERSTOOD
        if "$ref" in each:
            assert set(each) == {"$ref"}
            assert each["$ref"].removeprefix("#/definitions/") in schema["definitions"]


def test_every_registered_name_and_field_is_there(schema: dict[str, Any]) -> None:
    for family, definition in (("methods", "method"), ("checks", "requirement")):
        _, by_name = schema["definitions"][definition]["anyOf"]
        assert set(by_name["properties"]) == set(places(family)) - set(CONTROLS)  # type: ignore[arg-type]
        for name, entry in by_name["properties"].items():
            kind = find(family, name)  # type: ignore[arg-type]
            fields = entry["anyOf"][0]["properties"]
            assert set(fields) > {each.name for each in dataclasses.fields(kind)}
            assert entry["description"] == (kind.__doc__ or "").strip().splitlines()[0]
    sources = {each["properties"]["source"]["const"] for each in schema["properties"]["dataset"]["anyOf"]}
    assert sources == set(places("datasets"))


def test_fields_carry_the_texts_written_below_them(schema: dict[str, Any]) -> None:
    smoothgrad = schema["definitions"]["method"]["anyOf"][1]["properties"]["smoothgrad"]["anyOf"][0]["properties"]
    docs = field_docs(find("methods", "smoothgrad"))
    assert docs["samples"].startswith("n, noisy copies per input.")
    assert {name: smoothgrad[name]["description"] for name in docs} == docs
    assert smoothgrad["samples"]["default"] == find("methods", "smoothgrad")().samples


@pytest.mark.parametrize(
    "name",
    [
        "digits.yaml",
        "mnist_cnn.yaml",
        "mnist_label_permutation.yaml",
        "mnist_roar.yaml",
        "roar_toy.yaml",
        "two_objects.yaml",
        "planted_shortcut.yaml",
    ],
)
def test_ready_specs_and_their_resolved_form_fit(specs: Path, schema: dict[str, Any], name: str) -> None:
    path = specs / name
    root, faults = read(path.read_text(encoding="utf-8"))
    assert faults == []
    assert root is not None
    assert accepts(schema, schema, root.value)
    assert accepts(schema, schema, json.loads(json.dumps(load_spec(path).resolved())))
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=spec.v1.schema.json\n")


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"sede": 1},
        {"seed": "1"},
        {"methods": []},
        {"methods": ["gradeint"]},
        {"methods": ["edge_detector"]},
        {"methods": [{"smoothgrad": {"sample": 3}}]},
        {"methods": [{"smoothgrad": {"base": {"integrated_gradients": {"steps": 0}}}}]},
        {"methods": [{"smoothgrad": None, "gradient": None}]},
        {"dataset": {"source": "npz"}},
        {"dataset": {"source": "digits", "path": "x"}},
        {"require": [{"repeatability": {"at_leats": 1}}]},
        {"waivers": [{"check": "repeatability"}]},
    ],
)
def test_what_the_reader_refuses_the_schema_refuses(specs: Path, schema: dict[str, Any], change: Any) -> None:
    document = load_spec(specs / "digits.yaml").resolved()
    assert accepts(schema, schema, document)
    assert not accepts(schema, schema, {**document, **change})
