"""Sections have their defaults, and refer to what exists."""

from datetime import date
from pathlib import Path

import pytest

from tests.spec.written import MINIMAL, shown, spec_of


def test_defaults_are_filled_in(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, MINIMAL)
    assert (spec.version, spec.seed, spec.target, spec.controls) == (1, 0, "predicted", "default")
    assert spec.audit.id == "my-spec"
    assert (spec.dataset.name, spec.dataset.inputs, spec.dataset.preprocess) == ("digits", 100, None)
    assert (spec.maps.channels, spec.maps.sign) == ("sum", "absolute")
    assert (spec.gate.inconclusive, spec.report.formats, spec.report.gallery) == ("fail", ("html", "pdf"), 8)
    assert (spec.runtime.backend, spec.runtime.device, spec.runtime.batch) == (None, "auto", None)
    assert spec.source_folder == tmp_path
    assert spec.text == MINIMAL


def test_a_waiver_holds_until_a_day(tmp_path: Path) -> None:
    waiver = "{check: repeatability, method: gradient, until: 2027-01-31, by: A. Risk, reason: internal use}"
    spec = spec_of(tmp_path, MINIMAL + f"waivers: [{waiver}]\n")
    assert spec.waivers[0].until == date(2027, 1, 31)


@pytest.mark.parametrize("target", ["predicted", "label", 3])
def test_targets(tmp_path: Path, target: object) -> None:
    assert spec_of(tmp_path, MINIMAL + f"target: {target}\n").target == target


def test_a_waiver_names_what_exists(tmp_path: Path) -> None:
    waiver = "{check: repeatabilty, method: gradeint, until: 2027-01-31, by: me, reason: why}"
    found = shown(tmp_path, MINIMAL + f"waivers: [{waiver}]\n")
    assert [(each.code, each.underlined, each.hint) for each in found] == [
        ("S026", "repeatabilty", "did you mean `repeatability`?"),
        ("S026", "gradeint", "did you mean `gradient`?"),
    ]
