"""A spec: the audit a user asks for, validated, with every default filled in. All faults are reported at once."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from audit.declare import as_json, judged_fields, without_judged
from audit.errors import Fault, SpecError, did_you_mean
from audit.recipe import Recipe
from audit.record import digest, record
from audit.spec.clashes import clashes
from audit.spec.diagnostics import spec_error
from audit.spec.entries import DatasetEntry, MethodEntry, Requirement, read_dataset, read_methods, read_requirements
from audit.spec.frameworks import dated, faults_of
from audit.spec.presets import Preset, extended
from audit.spec.sections import Document, Gate, Header, Maps, Model, ReportOptions, Runtime, Waiver
from audit.spec.validation import FieldOwner, build, fault_at
from audit.spec.yaml_nodes import LARGEST, Span, YamlNode, read

__all__ = ["DatasetEntry", "MethodEntry", "Model", "Requirement", "Spec", "Waiver", "load_spec", "spec_from_resolved"]

_TOP = Span(line=1, column=1)


@record
class Spec:
    """A valid spec. Relative paths start at ``source_folder``; ``text`` is the content of ``file``."""

    version: int
    extends: str | None
    audit: Header
    model: Model
    dataset: DatasetEntry
    target: Literal["predicted", "label"] | int
    seed: int
    methods: tuple[MethodEntry, ...]
    inapplicable: Literal["refuse", "skip"]
    maps: Maps
    requirements: tuple[Requirement, ...]
    controls: Literal["default"]
    training: Recipe | None
    waivers: tuple[Waiver, ...]
    gate: Gate
    baseline: str | None
    report: ReportOptions
    runtime: Runtime
    source_folder: Path
    text: str
    file: str = ""

    def resolved(self) -> dict[str, Any]:
        """Return the spec as JSON values with every default filled in; ``spec_from_resolved`` reads it back."""
        plain = {name: as_json(getattr(self, name)) for name in ("audit", "model", "maps", "gate", "report", "runtime")}
        return {
            **plain,
            "version": self.version,
            "extends": self.extends,  # by name only: the preset's values are filled in
            "dataset": _dataset_json(self.dataset),
            "target": self.target,
            "seed": self.seed,
            "methods": [{each.name: {**as_json(each.method), "id": each.id}} for each in self.methods],
            "inapplicable": self.inapplicable,
            "require": [_requirement_json(each) for each in self.requirements],
            "controls": self.controls,
            "training": None if self.training is None else as_json(self.training),
            "waivers": [as_json(each) for each in self.waivers],
            "baseline": self.baseline,
        }

    def measured(self, resolved: Mapping[str, Any]) -> dict[str, Any]:
        """Return what measurements depend on in a resolved spec, this or another: all that is not marked ``JUDGED``."""
        values = {**vars(self), "dataset": self.dataset.source}
        kept = {name: plain for name, plain in resolved.items() if name not in judged_fields(Document)}
        return {name: without_judged(values.get(name), plain) for name, plain in kept.items()}

    def lines(self) -> dict[str, int]:
        """Return the line of each requirement that is written in this file and not in a preset."""
        return {each.id: each.span.line for each in self.requirements if self.file and not each.span.file}

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the resolved spec."""
        return digest(self.resolved())


def load_spec(path: Path | str) -> Spec:
    """Read a spec from a YAML file.

    Raises:
        SpecError: the file cannot be read or the spec is invalid; lists every fault with its line and column.
    """
    path = Path(path)
    return replace(_parse(_text(path), str(path), path.parent, path.stem), file=_within_reach(path))


def _within_reach(path: Path) -> str:
    """Return a path relative to the working folder, or only the file's name if it lies outside."""
    whole, here = path.resolve(), Path.cwd()
    return whole.relative_to(here).as_posix() if whole.is_relative_to(here) else path.name


def spec_from_resolved(resolved: Mapping[str, Any], folder: Path | str = ".") -> Spec:
    """Return the spec that ``Spec.resolved`` returned as JSON; relative paths start at ``folder``.

    Raises:
        SpecError: it is not a resolved spec of this version.
    """
    # JSON is YAML: one reader for both, and faults still have places. A preset was merged before it was resolved.
    return _parse(json.dumps(resolved, indent=1), "resolved spec", Path(folder), "audit", merge=False)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(4 * LARGEST + 1)  # a character of UTF-8 has at most four bytes
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before, text = data[: error.start].decode("utf-8"), data.decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        fault = Fault("S003", "the file is not UTF-8", line=line, column=column, hint="save the file as UTF-8")
        raise spec_error([fault], text, str(path)) from error


def _unreadable(path: Path, error: Exception) -> SpecError:
    reason = getattr(error, "strerror", None) or str(error)
    siblings = [each.name for each in path.parent.glob("*.y*ml") if each.is_file()] if path.parent.is_dir() else []
    near = did_you_mean(path.name, siblings)
    hint = near if near.startswith("did") else ""
    return spec_error([Fault("S001", f"cannot read the spec: {reason}", line=0, column=0, hint=hint)], "", str(path))


def _parse(text: str, name: str, folder: Path, stem: str, *, merge: bool = True) -> Spec:
    root, faults = read(text)
    preset = Preset(text="", file="")
    if merge and root is not None and root.mapping is not None:
        root, preset = extended(root, faults)
    if root is not None and root.mapping is None:
        faults.append(fault_at("S002", "expected a mapping with keys such as `model` and `methods`", root.span))
    if root is None and not faults:
        faults.append(
            Fault("S002", "the spec is empty", line=1, column=1, hint="start from an example such as specs/digits.yaml")
        )
    spec = None
    if root is not None and root.mapping is not None:
        spec = _spec(root, faults, text=text, folder=folder, stem=stem)
        faults.extend(clashes(root) if merge else ())  # a resolved spec's names were settled when it was written
    if spec is None or faults:
        raise spec_error(_first_per_place(faults), text, name, {preset.file: preset.text} if preset.file else {})
    return spec


def _spec(root: YamlNode, faults: list[Fault], *, text: str, folder: Path, stem: str) -> Spec | None:
    document, found = build(Document, root, FieldOwner(label="", span=_TOP))
    faults.extend(found)
    sections, keys = root.children, root.keys
    methods = read_methods(_section(sections, "methods", list), faults)
    maps = document.maps if document else Maps()
    requirements = read_requirements(_section(sections, "require", list), methods.ids, maps, faults)
    if root.value.get("training") is None:
        faults.extend(_untrained(each) for each in requirements if each.check.retrains)
    if document is not None and document.target != "predicted":
        faults.extend(_rechosen(each) for each in requirements if each.check.target == "rechosen")
    known = isinstance(root.value.get("dataset"), dict)
    dataset = read_dataset(sections["dataset"], keys["dataset"], faults) if known else None
    if document is None or dataset is None:
        return None
    _check_waivers(document, sections, methods.ids, requirements, faults)
    faults.extend(faults_of(document.audit.frameworks, root))
    as_written = ("version", "extends", "model", "target", "seed", "inapplicable", "maps", "controls", "training")
    return Spec(
        **{name: getattr(document, name) for name in (*as_written, "waivers", "gate", "baseline", "report", "runtime")},
        audit=_with_id(document.audit, stem),
        dataset=dataset,
        methods=methods.entries,
        requirements=requirements,
        source_folder=folder,
        text=text,
    )


def _section(sections: Mapping[str | int, YamlNode], name: str, kind: type) -> YamlNode:
    """Return a section, or an empty one if it is missing or not of the expected kind: that is a fault of its own."""
    node = sections.get(name)
    return node if node is not None and isinstance(node.value, kind) else YamlNode(span=_TOP, value=kind())


def _untrained(each: Requirement) -> Fault:
    what = f"requirement `{each.check_name}` retrains networks: missing `training:` section"
    return fault_at("S031", what, each.span, "add a section such as `training: {epochs: 20}`")


def _rechosen(each: Requirement) -> Fault:
    what = f"requirement `{each.check_name}` has `target: rechosen`, which needs the spec's `target: predicted`"
    return fault_at("S070", what, each.span, "set the spec's `target: predicted`, or `target: fixed` here")


def _first_per_place(faults: list[Fault]) -> list[Fault]:
    """Keep the first fault of each place, and others with its code: the rest follow from it."""
    first = {(each.file, each.line, each.column): each.code for each in reversed(faults)}
    return [each for each in faults if each.code == first[each.file, each.line, each.column]]


def _check_waivers(
    document: Document,
    sections: Mapping[str | int, YamlNode],
    methods: tuple[str, ...],
    requirements: tuple[Requirement, ...],
    faults: list[Fault],
) -> None:
    # A requirement that has a fault is still known by its name.
    written = sections["require"].children.values()
    named = {name for each in written for name in ([str(each.value)] if each.mapping is None else each.mapping)}
    checks = named | {name for each in requirements for name in (each.id, each.check_name)}
    for position, waiver in enumerate(document.waivers):
        places = sections["waivers"].children[position].children
        if waiver.check not in checks:
            what, hint = f"unknown requirement `{waiver.check}`", did_you_mean(waiver.check, checks)
            faults.append(fault_at("S026", what, places["check"].span, hint))
        if waiver.method not in methods:
            what, hint = f"unknown method `{waiver.method}`", did_you_mean(waiver.method, methods)
            faults.append(fault_at("S026", what, places["method"].span, hint))


def _with_id(header: Header, stem: str) -> Header:
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:64] or "audit"
    return replace(header, id=header.id or name, frameworks=dated(header.frameworks))


def _dataset_json(dataset: DatasetEntry) -> dict[str, Any]:
    preprocess = None if dataset.preprocess is None else as_json(dataset.preprocess)
    own = as_json(dataset.source)
    return {"source": dataset.name, **own, "inputs": dataset.inputs, "preprocess": preprocess}


def _requirement_json(each: Requirement) -> dict[str, Any]:
    options = {"id": each.id, "methods": list(each.methods), "severity": each.severity, "required_of": each.required_of}
    return {each.check_name: {**as_json(each.check), **options}}
