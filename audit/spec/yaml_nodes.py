"""Read YAML text as plain values that keep their line and column.

The event stream is read instead of a composed document, so that limits hold before anything is built. Numbers and
words follow YAML 1.2: ``1e-3`` is a number, ``no`` is text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from math import isfinite
from typing import Any, cast
from unicodedata import category

from audit.errors import Fault
from audit.record import record

LARGEST = 2**20  # characters of text
DEEPEST = 32  # levels of nesting; ruamel.yaml's time grows with their square, so the cap must come first
MOST = 10_000  # nodes
_LONGEST_NUMBER = 64  # characters: Python refuses to read integers of thousands of digits


@record
class Span:
    """A place in the text, counted from 1; ``file`` names a preset, and is empty for the spec itself."""

    line: int
    column: int
    width: int = 1
    file: str = ""


@record
class YamlNode:
    """A value and its place; a mapping has ``keys`` and ``children``, a list has ``children`` by position."""

    span: Span
    value: Any
    keys: Mapping[str, Span] = field(default_factory=dict[str, Span])
    children: Mapping[str | int, "YamlNode"] = field(default_factory=dict[str | int, "YamlNode"])

    @property
    def mapping(self) -> Mapping[str, Any] | None:
        """The value where it is a mapping."""
        is_mapping = isinstance(self.value, dict)
        return cast(dict[str, Any], self.value) if is_mapping else None


class _Stop(Exception):
    """Nothing after this fault can be read."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


def read(text: str, file: str = "") -> tuple[YamlNode | None, list[Fault]]:
    """Return the document's root and every fault of its YAML; no root if the text cannot be parsed."""
    if len(text) > LARGEST:
        what = f"the file is too large: {len(text):,} characters, the limit is {LARGEST:,}"
        return None, [Fault("S013", what, line=1, column=1)]
    builder = _Builder(text, file)
    try:
        for event in _events(text):
            builder.take(event)
    except _Stop as stop:
        return None, [*builder.faults, stop.fault]
    return builder.root, builder.faults


def _events(text: str) -> Iterator[Any]:
    from ruamel.yaml import YAML

    try:
        parser: Any = YAML(typ="safe", pure=True)  # untyped
        yield from parser.parse(text)
    except Exception as error:  # any error of the parser means a broken file, not a crash
        raise _Stop(_broken(error, text)) from error


def _broken(error: Exception, text: str) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "the text cannot be parsed"
    line, column = (mark.line, mark.column) if mark else _line_and_column(text, getattr(error, "position", 0))
    hint = "indent with spaces: YAML does not allow tabs" if "'\\t'" in str(problem) else ""
    context = f" {getattr(error, 'context', None) or ''}".rstrip()
    return Fault("S010", f"invalid YAML: {problem}{context}", line=line + 1, column=column + 1, hint=hint)


def _line_and_column(text: str, position: Any) -> tuple[int, int]:
    before = text[: position if isinstance(position, int) else 0]
    return before.count("\n"), len(before) - (before.rfind("\n") + 1)


class _Open:
    """A mapping or list that is still being read; ``key`` is the key whose value comes next."""

    def __init__(self, span: Span, *, mapping: bool) -> None:
        self.span, self.mapping = span, mapping
        self.keys: dict[str, Span] = {}
        self.children: dict[str | int, YamlNode] = {}
        self.key: str | None = None
        self.ignore = False  # the value of a duplicate key

    def add(self, node: YamlNode) -> None:
        if not self.mapping:
            self.children[len(self.children)] = node
        elif self.key is not None and not self.ignore:
            self.children[self.key] = node
        self.key, self.ignore = None, False

    def close(self) -> YamlNode:
        values = {key: node.value for key, node in self.children.items()}
        value = values if self.mapping else list(values.values())
        return YamlNode(span=self.span, value=value, keys=self.keys, children=self.children)


class _Builder:
    def __init__(self, text: str, file: str) -> None:
        from ruamel.yaml import YAML

        self.file = file
        self.lines: list[str] = text.splitlines()
        self.faults, self.stack = list[Fault](), list[_Open]()
        self.root: YamlNode | None = None
        self.nodes = self.documents = 0
        yaml = YAML(typ="safe", pure=True)
        self.resolver, self.constructor = yaml.resolver, yaml.constructor

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        if kind == "DocumentStartEvent":
            self._document(event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._open(event, mapping=kind == "MappingStartEvent")
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._close(event)
        elif kind in ("ScalarEvent", "AliasEvent"):
            self._scalar(event)

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise _Stop(self._fault("S014", "more than one YAML document: a spec is a single document", event))
        if event.version or event.tags:
            raise _Stop(self._fault("S012", "YAML directives are not allowed in a spec", event))

    def _open(self, event: Any, *, mapping: bool) -> None:
        self._count(event)
        if self.stack and self.stack[-1].mapping and self.stack[-1].key is None:
            raise _Stop(self._fault("S015", "a key must be text, not a list or a mapping", event))
        if len(self.stack) >= DEEPEST:
            raise _Stop(self._fault("S013", f"nested more than {DEEPEST} levels deep", event))
        self.stack.append(_Open(self._span(event), mapping=mapping))

    def _close(self, event: Any) -> None:
        node, end = self.stack.pop().close(), event.end_mark
        if end.line + 1 == node.span.line and end.column >= node.span.column:
            node = replace(node, span=replace(node.span, width=end.column + 1 - node.span.column))
        self._place(node)

    def _scalar(self, event: Any) -> None:
        self._count(event)
        parent = self.stack[-1] if self.stack else None
        if parent and parent.mapping and parent.key is None:
            self._key(parent, event)
        else:
            self._place(YamlNode(span=self._span(event), value=self._value(event)))

    def _key(self, parent: _Open, event: Any) -> None:
        key, span = str(getattr(event, "value", "")), self._span(event)
        parent.key = key
        if key == "<<":
            self.faults.append(self._fault("S012", "merge keys (`<<`) are not allowed: write out the keys", event))
            parent.ignore = True
        elif key in parent.keys:
            first = parent.keys[key]
            fault = self._fault("S011", f"duplicate key `{key}`", event)
            fault = replace(fault, hint=f"first defined on line {first.line}, column {first.column}")
            self.faults.append(fault)
            parent.ignore = True
        elif self._storable(key, event):
            parent.keys[key] = span
        else:
            parent.ignore = True

    def _value(self, event: Any) -> Any:
        if type(event).__name__ == "AliasEvent":
            return None
        if not event.implicit[0]:
            return event.value if self._storable(event.value, event) else ""
        from ruamel.yaml.nodes import ScalarNode

        tag = self.resolver.resolve(ScalarNode, event.value, event.implicit)
        kind = str(tag).rpartition(":")[2]
        if kind in ("null", "bool"):
            return self.constructor.construct_object(ScalarNode(tag, event.value))
        if kind in ("int", "float"):
            return self._number(event, ScalarNode(tag, event.value))
        return event.value if self._storable(event.value, event) else ""  # dates too: a field that wants one reads it

    def _number(self, event: Any, node: Any) -> int | float:
        number = self.constructor.construct_object(node) if len(event.value) <= _LONGEST_NUMBER else float("inf")
        if isinstance(number, float) and not isfinite(number):
            fault = self._fault("S016", "not a finite number", event)
            self.faults.append(replace(fault, hint="put it in quotes if it is text"))
            return 0
        return number

    def _storable(self, text: str, event: Any) -> bool:
        if any(category(each) in ("Cc", "Cs") and each not in "\n\t" for each in text):
            self.faults.append(self._fault("S016", "control characters are not allowed", event))
            return False
        return True

    def _place(self, node: YamlNode) -> None:
        if self.stack:
            self.stack[-1].add(node)
        else:
            self.root = node

    def _count(self, event: Any) -> None:
        self.nodes += 1
        if self.nodes > MOST:
            raise _Stop(self._fault("S013", f"more than {MOST:,} values", event))
        if getattr(event, "anchor", None) is not None:
            self.faults.append(self._fault("S012", "anchors and aliases are not allowed: write out the value", event))
        elif getattr(event, "tag", None) is not None:
            self.faults.append(self._fault("S012", "tags (`!...`) are not allowed in a spec", event))

    def _span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        row: int = start.line
        line = self.lines[row] if row < len(self.lines) else ""
        # A block spans several lines: only its first is marked.
        stop = end.column if end.line == start.line and end.column > start.column else len(line.rstrip())
        return Span(line=start.line + 1, column=start.column + 1, width=max(1, stop - start.column), file=self.file)

    def _fault(self, code: str, what: str, event: Any) -> Fault:
        span = self._span(event)
        return Fault(code, what, line=span.line, column=span.column, width=span.width, file=span.file)
