"""Frameworks are data files as of a date, which a spec names and keeps."""

import re
from datetime import date
from pathlib import Path

import pytest

from audit import resources
from audit.errors import SpecError
from audit.spec.frameworks import Framework
from audit.spec.spec import load_spec, spec_from_resolved
from tests.report.page.test_compliance import ALL


def test_every_framework_is_a_data_file_with_its_date() -> None:
    assert {each.name for each in ALL} == {
        *("eu-ai-act", "nist-ai-rmf", "nist-ir-8312", "iso-42001", "iso-ts-6254", "sr-26-2")
    }
    assert all(date.fromisoformat(each.as_of) for each in ALL)
    assert [each.reference for each in ALL] == sorted({each.reference for each in ALL})


@pytest.mark.parametrize("framework", ALL, ids=lambda each: each.reference)
def test_an_item_names_its_evidence_exactly_where_there_can_be_any(framework: Framework) -> None:
    items = framework.mapping.items
    assert items and len({item.id for item in items}) == len(items)
    assert all(bool(item.evidence) == (item.at_most != "not covered") for item in items)
    assert all(item.outside.endswith(".") and item.asks.endswith(".") for item in items)


def spec(folder: Path, references: str) -> Path:
    text = (resources.folder("specs") / "digits.yaml").read_text("utf-8")
    path = folder / "spec.yaml"
    path.write_text(re.sub(r"(?<=^  frameworks: )\[.*\]", references, text, flags=re.MULTILINE))
    return path


def test_a_spec_keeps_the_date_that_it_was_read_with(tmp_path: Path) -> None:
    loaded = load_spec(spec(tmp_path, "[eu-ai-act, nist-ai-rmf@2026-11-22]"))
    assert loaded.audit.frameworks == ("eu-ai-act@2026-11-22", "nist-ai-rmf@2026-11-22")
    assert spec_from_resolved(loaded.resolved()).audit.frameworks == loaded.audit.frameworks


@pytest.mark.parametrize(
    ("reference", "code", "hint"),
    [("eu-ai-at", "S095", "did you mean `eu-ai-act`?"), ("sr-26-2@2011-04-04", "S096", "sr-26-2@2026-11-22")],
)
def test_an_unknown_framework_or_date_is_a_fault_at_its_place(
    tmp_path: Path, reference: str, code: str, hint: str
) -> None:
    with pytest.raises(SpecError) as caught:
        load_spec(spec(tmp_path, f"[nist-ir-8312, {reference}]"))
    (fault,) = caught.value.faults
    assert fault.code == code and hint in fault.hint
    line = (tmp_path / "spec.yaml").read_text().splitlines()[fault.line - 1]
    assert line[fault.column - 1 :].startswith(reference)
