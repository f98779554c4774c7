"""Writes specs and reads their faults back as a reader sees them."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.errors import SpecError
from audit.spec.spec import Spec, load_spec

MINIMAL = """\
version: 1
model: {path: model.keras}
dataset: {source: digits}
methods: [gradient, smoothgrad]
require:
  - cascading_randomization: {seeds: 3}
  - repeatability
"""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A fault as a reader sees it: where the carets stand and what they underline."""

    code: str
    what: str
    line: int
    column: int
    underlined: str
    hint: str


def spec_of(folder: Path, text: str) -> Spec:
    path = folder / "my spec.yaml"
    path.write_text(text, encoding="utf-8")
    return load_spec(path)


def rejected(folder: Path, text: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        spec_of(folder, text)
    return caught.value


def shown(folder: Path, text: str) -> list[Shown]:
    """Read the faults back from the rendered message alone."""
    pattern = re.compile(
        r"error\[(S\d+)\]: (.*)\n  --> .*?:(\d+):(\d+)\n   \| (.*)\n   \| ( *)(\^+) ?(.*)", re.MULTILINE
    )
    return [
        Shown(
            code=code,
            what=what,
            line=int(line),
            column=int(column),
            underlined=source[len(blank) : len(blank) + len(carets)],
            hint=hint,
        )
        for code, what, line, column, source, blank, carets, hint in pattern.findall(str(rejected(folder, text)))
    ]


def one(folder: Path, text: str) -> Shown:
    found = shown(folder, text)
    assert len(found) == 1, found
    return found[0]
