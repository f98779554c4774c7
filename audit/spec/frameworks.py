"""AI governance frameworks that a report can be mapped to: data files, each a framework as of a date."""

from collections.abc import Sequence
from functools import cache
from typing import Literal

from pydantic import TypeAdapter

from audit import resources
from audit.declare import declared
from audit.errors import Fault, did_you_mean
from audit.record import Category, record
from audit.spec.validation import fault_at
from audit.spec.yaml_nodes import YamlNode, read

Coverage = Literal["supports", "partial", "not covered"]
Evidence = (
    Category
    | Literal[
        "criteria",
        "decisions",
        "controls",
        "data",
        "provenance",
        "limits",
        "findings",
        "use",
        "signoff",
        "review",
        "comparison",
    ]
)
"""What an audit may hold: decided verdicts of a category of checks, and what stands beside them."""


@declared
class Item:
    """One control, clause or principle of a framework."""

    id: str
    """Number or name in the document."""

    asks: str
    """What it asks for, paraphrased."""

    at_most: Coverage
    """The most that an audit of explanations can contribute to it."""

    evidence: tuple[Evidence, ...]
    """What an audit must contain to reach that."""

    outside: str
    """What an audit of explanations cannot show."""


@declared
class Mapping:
    """A framework's data file."""

    title: str
    """Its name."""

    document: str
    """Cited document, with its date."""

    read: str
    """Form in which it was read."""

    scope: str
    """Scope of the document."""

    note: str
    """Further note to readers; may be empty."""

    items: tuple[Item, ...]
    """Its items, in the document's order."""

    left_out: tuple[str, ...]
    """What is not mapped, and why."""


@record
class Framework:
    """A framework as it stood on ``as_of``."""

    name: str
    as_of: str
    mapping: Mapping

    @property
    def reference(self) -> str:
        """The name and the date, as a spec writes them."""
        return f"{self.name}@{self.as_of}"


@cache
def frameworks() -> tuple[Framework, ...]:
    """Return every framework that ships with the package, by name and then by date."""
    paths = sorted((resources.folder("templates") / "frameworks").glob("*.yaml"))
    return tuple(_read(path.stem, path.read_text("utf-8")) for path in paths)


def _read(stem: str, text: str) -> Framework:
    root, faults = read(text)
    if root is None or faults:
        raise ValueError(f"{stem}: {faults[0].what if faults else 'empty'}")
    name, _, as_of = stem.partition(".")
    return Framework(name=name, as_of=as_of, mapping=TypeAdapter(Mapping).validate_python(root.value))


def find(reference: str) -> Framework | None:
    """Return the framework ``name@date``, or the latest for a bare ``name``; None if there is none."""
    name, _, as_of = reference.partition("@")
    found = [each for each in frameworks() if each.name == name and as_of in ("", each.as_of)]
    return found[-1] if found else None


def listing(*, long: bool) -> list[str]:
    """Return a line for each framework (its reference and document), followed by its items if ``long``."""
    width = max(len(each.reference) for each in frameworks())
    return [line for each in frameworks() for line in _lines(each, width, long=long)]


def _lines(framework: Framework, width: int, *, long: bool) -> list[str]:
    head = f"{framework.reference:<{width}}  {framework.mapping.document}"
    items = [f"    {item.id} (at most: {item.at_most}): {item.asks}" for item in framework.mapping.items]
    return [head, *items, ""] if long else [head]


def dated(references: Sequence[str]) -> tuple[str, ...]:
    """Return references with their dates: a spec must not change its meaning with the next version."""
    found = {reference: find(reference) for reference in references}
    return tuple(framework.reference if framework else reference for reference, framework in found.items())


def faults_of(references: Sequence[str], root: YamlNode) -> list[Fault]:
    """Return the faults of a spec's references, each at its place below ``audit``."""
    if not references:
        return []
    nodes = root.children["audit"].children["frameworks"].children
    found = (_fault(reference, nodes[place]) for place, reference in enumerate(references))
    return [each for each in found if each is not None]


def _fault(reference: str, node: YamlNode) -> Fault | None:
    name, _, as_of = reference.partition("@")
    dates = [each.as_of for each in frameworks() if each.name == name]
    if not dates:
        hint = did_you_mean(name, {each.name for each in frameworks()})
        return fault_at("S095", f"unknown framework `{name}`", node.span, hint)
    if as_of and as_of not in dates:
        known = ", ".join(f"{name}@{date}" for date in dates)
        return fault_at("S096", f"no mapping of framework `{name}` as of `{as_of}`", node.span, f"known: {known}")
    return None
