"""Every method has a row that names its reference, the test that compares them, and what was measured."""

import re
from pathlib import Path

import pytest

from audit.registry import places
from benchmarks.references import MARK, REFERENCES, Differences, table

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "references.md").read_text(encoding="utf-8")


def test_every_method_has_a_row() -> None:
    assert {each.method for each in REFERENCES} == set(places("methods"))
    above, _, below = PAGE.partition(MARK)
    assert above and set(re.findall(r"^\| `(\w+)` \|", below, re.MULTILINE)) == set(places("methods"))


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda each: f"{each.method}: {each.test}")
def test_the_test_that_a_row_names_exists_and_stands_in_the_page(reference) -> None:
    file, _, name = reference.test.partition("::")
    text = (ROOT / file).read_text(encoding="utf-8")
    assert f"def {name}" in text
    row = f"| `{reference.method}` | {reference.other} | {reference.settings} | "
    assert row in PAGE and f"| `{reference.test}` |" in PAGE


def test_a_difference_is_a_share_of_the_other_sides_peak() -> None:
    measured = Differences(here="tests/methods/test_gradient.py::test_it_equals_backpropagation_by_hand")
    measured._add([1.0, 2.0], [1.0, 4.0])
    measured._add([1.0], [1.0])
    assert measured.found == {measured.here: 0.5}
    assert "| 5e-01 | `tests/methods/test_gradient.py" in table(measured)
