"""The named entries of a spec: methods, requirements and the data source, each a declared value looked up by name."""

from collections.abc import Iterable
from dataclasses import fields, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from audit.declare import KINDS
from audit.errors import Fault, InputError, PluginError, did_you_mean
from audit.record import REFERENCE_RANKINGS, RequiredOf, Severity, record
from audit.registry import Family, building, find, places
from audit.spec.sections import LISTED, Inputs, Maps, MethodOptions, RequirementOptions
from audit.spec.validation import FieldOwner, build, fault_at, of_plugin, only, without
from audit.spec.yaml_nodes import Span, YamlNode

if TYPE_CHECKING:
    from audit.checks.check import Check
    from audit.datasets.dataset import Dataset, Source
    from audit.datasets.preprocess import Preprocess
    from audit.methods.method import Method

T = TypeVar("T")

CONTROL_METHODS = ("edge_detector", "random_map", "input")
"""Methods that always run as controls; audited methods cannot use these names as ids."""

RESERVED = (*CONTROL_METHODS, *REFERENCE_RANKINGS)
"""Ids that audited methods cannot use: the controls and the reference rankings."""


@record
class MethodEntry:
    """A method to be audited; ``id`` is unique within the spec."""

    id: str
    name: str
    method: "Method"
    span: Span


@record
class Methods:
    """The methods of a spec; ``ids`` are those of faulty ones too, which a requirement may name."""

    entries: tuple[MethodEntry, ...]
    ids: tuple[str, ...]


@record
class Requirement:
    """A check with the methods (by id) that it applies to; ``span`` is the place of its name in the spec."""

    id: str
    check_name: str
    check: "Check"
    methods: tuple[str, ...]
    severity: Severity
    span: Span
    required_of: RequiredOf = "claiming"


@record
class DatasetEntry:
    """A data source with the number of explained inputs and their preprocessing."""

    name: str
    source: "Source"
    inputs: int
    preprocess: "Preprocess | None"

    def load(self, root: Path) -> "Dataset":
        """Load and preprocess the data; relative paths start at ``root``.

        Raises:
            InputError: the data are missing or do not match the fields.
            RefusedError: loading them would be unsafe.
        """
        return self._prepared(self.source.load(root))

    def load_training(self, root: Path) -> "Dataset | None":
        """Load the training data in the same way, with the same errors; None if the source has none."""
        data = self.source.training(root)
        return None if data is None else self._prepared(data)

    def _prepared(self, data: "Dataset") -> "Dataset":
        if self.preprocess is None:
            return data
        if data.columns is not None and data.columns.words:
            raise InputError(
                "D043",
                "`preprocess` would change the codes of words",
                where="dataset.preprocess",
                received=", ".join(data.columns.words),
                fix="remove `preprocess`, and scale numbers in the model or in the table",
            )
        counterparts = {name: self.preprocess.apply(each) for name, each in data.counterparts.items()}
        return replace(data, x=self.preprocess.apply(data.x), counterparts=counterparts)


@record
class Entry:
    """One name with its fields, as it stands in a list of the spec."""

    name: str
    fields: YamlNode
    span: Span


def read_methods(node: YamlNode, faults: list[Fault]) -> Methods:
    """Return the methods of a spec's list; faults are added to ``faults``."""
    found: list[MethodEntry] = []
    ids: list[str] = []
    for entry in _entries(node, "methods", faults):
        owner = FieldOwner(label=f"method `{entry.name}`", span=entry.span)
        options = _build(MethodOptions, only(entry.fields, _names(MethodOptions)), owner, faults)
        method: Method | None = _declared("methods", entry, owner, _names(MethodOptions), faults)
        given = options.id if options else None
        name = _id(given, entry, ids, faults)
        ids.append(name)
        if name in RESERVED:
            hint = "remove it: controls always run" if name in CONTROL_METHODS else "choose another id"
            faults.append(fault_at("S029", f"`{name}` is reserved for a control", entry.span, hint))
        if method is not None:
            found.append(MethodEntry(id=name, name=entry.name, method=method, span=entry.span))
    return Methods(entries=tuple(found), ids=tuple(ids))


def read_requirements(
    node: YamlNode, methods: Iterable[str], maps: Maps, faults: list[Fault]
) -> tuple[Requirement, ...]:
    """Return the requirements of a spec's list; ``methods`` are the ids they can name."""
    found: list[Requirement] = []
    known = tuple(methods)
    for entry in _entries(node, "checks", faults):
        owner = FieldOwner(label=f"requirement `{entry.name}`", span=entry.span)
        options = _build(RequirementOptions, only(entry.fields, _names(RequirementOptions)), owner, faults)
        check: Check | None = _declared("checks", entry, owner, _names(RequirementOptions), faults)
        name = _id(options.id if options else None, entry, [each.id for each in found], faults)
        if options is None or check is None:
            continue
        _check_methods(options, entry, known, faults)
        found.append(
            Requirement(
                id=name,
                check_name=entry.name,
                check=_with_maps(check, maps, entry, faults),
                methods=options.methods or known,
                severity=options.severity,
                required_of=options.required_of,
                span=entry.span,
            )
        )
    return tuple(found)


def read_dataset(node: YamlNode, span: Span, faults: list[Fault]) -> DatasetEntry | None:
    """Return the data set of a spec; ``span`` is the place of its key."""
    common = _names(Inputs)
    owner = FieldOwner(label="`dataset`", span=span)
    inputs = _build(Inputs, only(node, common), owner, faults)
    name = node.value.get("source")
    if not isinstance(name, str) or not _known("datasets", name, node.children["source"].span, faults):
        return None
    entry = Entry(name=name, fields=node, span=node.keys["source"])
    source = _declared("datasets", entry, FieldOwner(label=f"dataset `{name}`", span=entry.span), common, faults)
    preprocess = _preprocess(node.children.get("preprocess"), faults)
    if inputs is None or source is None:
        return None
    return DatasetEntry(name=name, source=source, inputs=inputs.inputs, preprocess=preprocess)


def _preprocess(node: YamlNode | None, faults: list[Fault]) -> "Preprocess | None":
    from audit.datasets.preprocess import Application, Rescale

    if node is None or node.mapping is None:
        return None
    owner = FieldOwner(label="`dataset.preprocess`", span=node.span, also=frozenset({"application"}))
    return _build(Application if "application" in node.mapping else Rescale, node, owner, faults)


def _entries(node: YamlNode, family: Family, faults: list[Fault]) -> Iterable[Entry]:
    for item in islice(node.children.values(), LISTED):  # more are one fault, of the list
        entry = entry_of(item)
        if entry is None:
            faults.append(_shapeless(item, family))
        elif _known(family, entry.name, entry.span, faults):
            yield entry


def entry_of(item: YamlNode) -> Entry | None:
    """Return the name that a node says, with its fields; None if it has another shape."""
    if isinstance(item.value, str):
        return Entry(name=item.value, fields=YamlNode(span=item.span, value={}), span=item.span)
    if item.mapping is None or len(item.mapping) != 1:
        return None
    name, inner = next(iter(item.children.items()))
    if inner.value is None:
        inner = YamlNode(span=item.keys[str(name)], value={})
    if inner.mapping is None:
        return None
    return Entry(name=str(name), fields=inner, span=item.keys[str(name)])


def _shapeless(item: YamlNode, family: Family) -> Fault:
    what = f"expected the name of a {family[:-1]}, or one name with its fields, as in {{name: {{field: value}}}}"
    hint = ""
    if item.mapping is not None and len(item.mapping) > 1:
        first = next(iter(item.mapping))
        hint = f"indent the other keys if they are fields of `{first}`"
    return fault_at("S025", what, item.span, hint)


def _known(family: Family, name: str, span: Span, faults: list[Fault]) -> bool:
    if name in places(family):
        return True
    known = [each for each in places(family) if each not in CONTROL_METHODS]
    faults.append(fault_at("S026", f"unknown {KINDS[family]} `{name}`", span, did_you_mean(name, known)))
    return False


def _declared(
    family: Family, entry: Entry, owner: FieldOwner, common: frozenset[str], faults: list[Fault]
) -> Any | None:
    try:
        with building(family, entry.name):
            kind = find(family, entry.name)
            return _build(kind, without(entry.fields, common), replace(owner, also=common), faults)
    except PluginError as error:
        faults.extend(of_plugin(error, entry.span))
        return None


def _build(kind: type[T], node: YamlNode, owner: FieldOwner, faults: list[Fault]) -> T | None:
    value, found = build(kind, node, owner)
    faults.extend(found)
    return value


def _id(given: str | None, entry: Entry, taken: list[str], faults: list[Fault]) -> str:
    if given is None:
        number, name = 1, entry.name
        while name in taken:
            number += 1
            name = f"{entry.name}_{number}"
        return name
    if given in taken:
        span = entry.fields.children["id"].span
        faults.append(fault_at("S028", f"duplicate id `{given}`", span, "choose another id"))
    return given


def _check_methods(options: RequirementOptions, entry: Entry, known: tuple[str, ...], faults: list[Fault]) -> None:
    for position, name in enumerate(options.methods or ()):
        if name not in known:
            span = entry.fields.children["methods"].children[position].span
            faults.append(fault_at("S026", f"unknown method `{name}`", span, did_you_mean(name, known)))


def _with_maps(check: "Check", maps: Maps, entry: Entry, faults: list[Fault]) -> "Check":
    """Fill a check's ``channels`` and ``sign`` from ``maps`` if the check does not set them."""
    common = {"channels": maps.channels, "sign": maps.sign}
    own = vars(check)  # its fields
    missing = {name: value for name, value in common.items() if name in own and own[name] is None}
    try:
        return replace(check, **missing)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            reason = each.get("ctx", {}).get("error", each["msg"])
            faults.append(fault_at("S024", f"requirement `{entry.name}` with the spec's `maps`: {reason}", entry.span))
        return check


def _names(kind: Any) -> frozenset[str]:
    return frozenset(each.name for each in fields(kind))
