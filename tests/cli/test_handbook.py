"""The pages of docs/ are the docstrings: in step with the code, every name and every field on them."""

import pytest

from audit.cli.handbook import page
from audit.registry import find
from audit.spec.describe import fields_of, names

FAMILIES = ("checks", "methods", "similarities", "datasets")


@pytest.mark.parametrize("family", FAMILIES)
def test_the_page_is_in_step_with_the_code(family, repository):
    assert (repository / "docs" / f"{family}.md").read_text("utf-8") == page(family), "run `make docs`"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_name_and_field_is_on_its_page(family):
    sections = dict(part.partition("\n")[::2] for part in page(family).split("\n## ")[1:])
    assert tuple(sections) == names(family)
    for name, text in sections.items():
        assert all(f"| `{each.name}` |" in text for each in fields_of(find(family, name)))


def test_the_five_parts_of_a_check_stand_out():
    sections = page("checks").split("\n## ")[1:]
    titles = ("What it does", "Why it matters", "Expected relation", "How it can mislead", "Source")
    assert all(f"\n\n**{title}.** " in section for section in sections for title in titles)
