"""The JSON schemas (draft 7, as editors read it) of a spec, with everything that is registered, and of results.json."""

import json
from typing import Any, Literal, cast

from pydantic import TypeAdapter

from audit import recipe
from audit.declare import FAMILY
from audit.record import SCHEMA_VERSION, Audit
from audit.registry import Family, find, places
from audit.spec import sections
from audit.spec.describe import field_docs, summary, unusable
from audit.spec.entries import CONTROL_METHODS
from audit.spec.sections import Document, Inputs, MethodOptions, RequirementOptions

Schema = dict[str, Any]
_DRAFT = "http://json-schema.org/draft-07/schema#"

_BY_NAME = {"methods": "base_method", "similarities": "similarity"}
"""The schema definition that a field with a named value refers to, by family."""


def json_schema() -> Schema:
    """Return the schema of a whole spec."""
    definitions: Schema = {}
    spec = _of(Document, definitions)
    properties = spec["properties"]
    properties["dataset"] = {**_said(properties["dataset"]), "anyOf": _datasets(definitions)}
    properties["methods"] |= {"items": _ref("method")}
    properties["require"] |= {"items": _ref("requirement")}
    properties["$schema"] = {"type": "string"}
    spec["anyOf"] = [{"required": spec.pop("required")}, {"required": ["extends"]}]  # a preset may set the rest
    definitions["method"] = _named("methods", MethodOptions, definitions)
    definitions["base_method"] = _named("methods", None, definitions)
    definitions["similarity"] = _named("similarities", None, definitions)
    definitions["requirement"] = _named("checks", RequirementOptions, definitions)
    head = {"$schema": _DRAFT, "title": "Saliency Audit spec, version 1"}
    return {**head, **spec, "definitions": dict(sorted(definitions.items()))}


def results_schema() -> Schema:
    """Return the schema of results.json. Keys that it does not name are allowed: see ``SCHEMA_VERSION``."""
    schema = _draft7(TypeAdapter(Audit).json_schema(mode="serialization"))
    schema["properties"]["schema_version"] = {"const": SCHEMA_VERSION}
    return {"$schema": _DRAFT, "title": f"Saliency Audit results, version {SCHEMA_VERSION}", **schema}


def schema_text(kind: Literal["spec", "results"] = "spec") -> str:
    """Return a schema as the text of a file."""
    return json.dumps(json_schema() if kind == "spec" else results_schema(), indent=2) + "\n"


def _named(family: Family, options: type | None, definitions: Schema) -> Schema:
    """Return the schema of an entry: a name, or one name with its fields."""
    known = sorted(name for name in places(family) if name not in CONTROL_METHODS)
    entries = {name: _fields(family, name, options, definitions) for name in known}
    short = [name for name in known if "anyOf" in entries[name] and "required" not in entries[name]["anyOf"][0]]
    by_name = {"type": "object", "properties": entries, "additionalProperties": False}
    return {"anyOf": [{"enum": short}, {**by_name, "minProperties": 1, "maxProperties": 1}]}


def _fields(family: Family, name: str, options: type | None, definitions: Schema) -> Schema:
    if reason := unusable(family, name):
        return {"description": reason, "not": {}}
    own = _of(find(family, name), definitions)
    common: Schema = _of(options, definitions)["properties"] if options else {}
    own["properties"] = {**own["properties"], **common}
    return {"description": summary(family, name), "anyOf": [own, {"type": "null"}]}


def _datasets(definitions: Schema) -> list[Schema]:
    inputs = _of(Inputs, definitions)["properties"]
    inputs["preprocess"] = {**_said(inputs["preprocess"]), "anyOf": [*_steps(definitions), {"type": "null"}]}
    found: list[Schema] = []
    for name in sorted(name for name in places("datasets") if not unusable("datasets", name)):
        own = _of(find("datasets", name), definitions)
        source = {**inputs["source"], "const": name}
        own["properties"] = {**inputs, "source": source, **own["properties"]}
        own["required"] = ["source", *own.get("required", [])]
        found.append({**own, "description": summary("datasets", name)})
    return found


def _steps(definitions: Schema) -> list[Schema]:
    from audit.datasets.preprocess import Application, Rescale

    return [_of(Rescale, definitions), _of(Application, definitions)]


def _of(kind: type, definitions: Schema) -> Schema:
    """Return the schema of a declared class with its fields' texts; what it refers to goes to ``definitions``."""
    schema = _draft7(TypeAdapter(kind).json_schema())
    for name, inner in schema.pop("definitions", {}).items():
        definitions[name] = inner
        _describe(getattr(sections, name, None) or getattr(recipe, name, type(None)), inner)
    _describe(kind, schema)
    return {"type": "object", "properties": {}, **schema, "additionalProperties": False}


def _describe(kind: type, schema: Schema) -> None:
    for name, text in field_docs(kind).items():
        if name in schema.get("properties", {}):
            schema["properties"][name] = _draft7({**schema["properties"][name], "description": text})


def _draft7(value: Any) -> Any:
    """Rewrite pydantic's schema for draft 7: ``definitions``, and no words beside a reference."""
    if isinstance(value, list):
        return [_draft7(each) for each in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    found = {
        _KEYS.get(key, key): _draft7(each)
        for key, each in cast(Schema, value).items()
        if key != "title" or not isinstance(each, str)
    }
    if "$ref" in found:
        reference = {
            "$ref": found.pop("$ref").replace("#/$defs/", "#/definitions/")
        }  # beside a reference, draft 7 ignores
        return {**found, "allOf": [reference]} if found else reference
    if FAMILY in found:
        reference = _ref(_BY_NAME[found.pop(FAMILY)])
        return {**{key: each for key, each in found.items() if key != "anyOf"}, "allOf": [reference]}
    return found


_KEYS = {"$defs": "definitions", "prefixItems": "items"}


def _said(schema: Schema) -> Schema:
    return {key: schema[key] for key in ("description", "default") if key in schema}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}
