"""The pages of ``docs/`` about the names that a spec can use, in Markdown, generated from docstrings alone."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from audit.checks.check import PARTS
from audit.registry import Family
from audit.spec.describe import Field, claims, document, fields_named, names, summary

_OPENING: Mapping[Family, str] = MappingProxyType(
    {
        "checks": "The checks that a spec can require under `require:`.",
        "methods": "The attribution methods that a spec can audit under `methods:`.",
        "similarities": "The measures that compare two maps: the `similarity` of a check.",
        "datasets": "The sources of inputs and labels: `dataset: {source: ...}`.",
    }
)
_TITLED = re.compile(rf"^({'|'.join(PARTS)})\. |^([A-Z][A-Za-z -]+): ")


def page(family: Family) -> str:
    """Return the page of a family: its names with their first lines, then each with its fields."""
    known = names(family)
    index = [f"- [`{name}`](#{name}): {_inline(summary(family, name))}" for name in known]
    opening = [
        f"# {family.capitalize()}",
        "",
        _OPENING[family],
        f"Generated from the code by `make docs`; {len(known)} names.",
    ]
    return "\n".join([*opening, "", *index, "", *(line for name in known for line in _entry(family, name))])


def _entry(family: Family, name: str) -> list[str]:
    text = document(family, name)
    body = [_inline(_TITLED.sub(_bold, line)) for line in text.splitlines()]
    claimed = claims(name) if family == "methods" else ""
    body += [f"**Claims:** {_inline(claimed)}"] * bool(claimed)
    fields = fields_named(family, name)
    return [f"## {name}", "", *_broken(body), "", *(_table(fields) if fields else [])]


def _broken(lines: list[str]) -> list[str]:
    """Start a paragraph at each titled line; docstrings of methods write them without blank lines between."""
    parts = [part for line in lines for part in (["", line] if line.startswith("**") else [line])]
    return [line for before, line in zip(["", *parts], parts, strict=False) if before or line]


def _bold(match: re.Match[str]) -> str:
    return f"**{match[0].strip()}** "


def _table(fields: tuple[Field, ...]) -> list[str]:
    rows = [f"| `{each.name}` | {_code(each.default)} | {_cell(each.doc)} |" for each in fields]
    return ["| field | default | meaning |", "|---|---|---|", *rows, ""]


def _code(default: str | None) -> str:
    return "required" if default is None else f"`{_cell(default)}`"


def _cell(text: str) -> str:
    return _inline(text).replace("|", r"\|")


def _inline(text: str) -> str:
    """Return a docstring's literals as Markdown's."""
    return text.replace("``", "`")
