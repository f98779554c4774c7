"""The schema that editors read says what the reader of specs accepts."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from audit.registry import find, places
from audit.spec.describe import field_docs
from audit.spec.entries import CONTROL_METHODS
from audit.spec.schema import json_schema, schema_text
from audit.spec.spec import load_spec
from audit.spec.yaml_nodes import read
from tests.reference.json_schema import UNDERSTOOD, accepts, walk


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema()


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
        assert set(by_name["properties"]) == set(places(family)) - set(CONTROL_METHODS)  # type: ignore[arg-type]
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
        "all_methods.yaml",
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
