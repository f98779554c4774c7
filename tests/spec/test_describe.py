"""What a name is and what its fields mean, from its own docstrings."""

from dataclasses import dataclass

import pytest

from audit.declare import declared
from audit.registry import Family, find, places
from audit.spec.describe import field_docs, fields_of, listing, summary

FAMILIES: tuple[Family, ...] = ("methods", "checks", "similarities", "datasets")


@declared
class Documented:
    """A class of the test's own."""

    first: int
    """How many,
    over two lines."""

    second: float = 0.5
    """How much."""


def test_fields_have_the_text_below_them_on_one_line_and_their_default_as_json() -> None:
    found = [(each.name, each.default, each.doc) for each in fields_of(Documented)]
    assert found == [("first", None, "How many, over two lines."), ("second", "0.5", "How much.")]


def test_what_has_no_fields_or_no_source_has_no_texts() -> None:
    made = dataclass(type("Made", (), {"__annotations__": {"x": int}}))
    assert fields_of(len) == () and field_docs(int) == {} and field_docs(made) == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_name_has_a_line_and_its_fields_are_listed(family: Family) -> None:
    lines, whole = listing(family, long=False), "\n".join(listing(family, long=True))
    assert [line.split()[0] for line in lines] == list(places(family))
    for name in places(family):
        assert summary(family, name)
        assert all(f"    {each.name} (" in whole for each in fields_of(find(family, name))), name
