"""The report names no check: what it needs to know of one stands in the check's file and comes with the record."""

import re
from typing import get_args

import pytest

from audit import resources
from audit.checks.check import recorded
from audit.record import Category, FigureKind
from audit.registry import find, places
from audit.report.page.compliance import KINDS

FILES = sorted(
    [
        *(path for path in resources.folder("templates").rglob("*") if path.is_file()),
        *(resources.folder("templates").parent / "audit" / "report").rglob("*.py"),
    ]
)
NAMES = re.compile(rf"\b({'|'.join(places('checks'))})\b")


def named(text: str) -> list[str]:
    return NAMES.findall(text)


def test_no_file_of_the_report_names_a_check():
    assert len(FILES) > 60
    assert {str(path): found for path in FILES if (found := named(path.read_text("utf-8")))} == {}
    assert named("a cascade of two, as in `cascading_randomization`") == ["cascading_randomization"]


@pytest.mark.parametrize("name", places("checks"))
def test_every_check_is_in_a_group_of_the_report(name):
    assert find("checks", name).category in set(KINDS) & set(get_args(Category))


def test_every_category_and_every_kind_of_figure_has_a_check():
    found = [recorded(find("checks", name)) for name in places("checks")]
    assert {each["category"] for each in found} == set(get_args(Category))
    assert {kind for each in found for kind in each["figures"]} == set(get_args(FigureKind))
