"""Faults stand at their exact place, all at once, and steer no terminal."""

from pathlib import Path

import pytest

from audit.errors import SpecError
from audit.spec.spec import load_spec
from tests.spec.written import MINIMAL, rejected, shown


def test_the_message_has_the_promised_form(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(MINIMAL.replace("{seeds: 3}", "{similarity: spearman, last_at_mots: 0.3}"), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert str(caught.value) == (
        "error[S021]: unknown key `last_at_mots` in requirement `cascading_randomization`\n"
        f"  --> {path}:6:53\n"
        "   |   - cascading_randomization: {similarity: spearman, last_at_mots: 0.3}\n"
        "   |                                                     ^^^^^^^^^^^^ did you mean `last_at_most`?"
    )


def test_every_fault_is_reported_at_once_in_the_order_of_the_source(tmp_path: Path) -> None:
    text = """\
version: 2
model: {path: a, build: "p:f"}
dataset: {source: digits, inputs: none}
methods:
  - gradeint
  - smoothgrad: {base: {integrated_gradients: {steps: 0}}, noise: -1}
  - smoothgrad: {samples: &x 3}
require:
  - cascading_randomization: {seeds: 3, seeds: 4}
  - {repeatability: {}, at_least: 3}
seeds: 4
"""
    found = shown(tmp_path, text)
    assert [(each.line, each.code) for each in found] == [
        (1, "S023"),
        (2, "S024"),
        (3, "S023"),
        (5, "S026"),
        (6, "S023"),
        (6, "S023"),
        (7, "S012"),
        (9, "S011"),
        (10, "S025"),
        (11, "S021"),
    ]
    assert [(each.line, each.column) for each in found] == sorted((each.line, each.column) for each in found)


def test_foreign_characters_cannot_steer_the_terminal(tmp_path: Path) -> None:
    message = str(rejected(tmp_path, MINIMAL + '"\u202eevil\u200b": 1\n'))
    assert "evil" in message
    assert not set(message) & {"\x1b", "\u202e", "\u200b"}
