"""docs/architecture.md and docs/decisions/ are held to the code: rooms, arrows, folders, libraries and links."""

import re
from pathlib import Path

import pytest

from tests.modules import PACKAGE, ROOT
from tests.rooms import ROOMS, places_of

PAGE = ROOT / "docs" / "architecture.md"
DECISIONS = ROOT / "docs" / "decisions"
PAGES = [PAGE, ROOT / "docs" / "plugins.md", *sorted(DECISIONS.glob("*.md"))]
EVERYWHERE = {"errors", "record"}
PARTS = ("Context", "Decision", "Alternatives", "Consequences", "Measured")


def rows() -> dict[str, tuple[str, set[str]]]:
    """Return what each room of the page's table holds, and which rooms it knows."""
    text = PAGE.read_text(encoding="utf-8").partition("## The rooms")[2].partition("Beside the package")[0]
    found = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", text, flags=re.MULTILINE)
    return {room: (holds, set(re.findall(r"`(\w+)`", knows))) for room, holds, knows in found}


def top(place: str) -> str:
    """Return the room at the top of the package that a dotted name lies in."""
    return place if place == PACKAGE else place.removeprefix(f"{PACKAGE}.").partition(".")[0]


def arrows() -> dict[str, set[str]]:
    """Return which rooms each room at the top may know, by the table of the import test, in its order."""
    found: dict[str, set[str]] = {}
    for room in ROOMS:
        for place in places_of(room):
            found.setdefault(top(place), set()).update(each.partition(".")[0] for each in room.knows.split())
    return {room: knows - {room} - EVERYWHERE for room, knows in found.items()}


def test_the_page_shows_the_rooms_on_disk_in_their_order() -> None:
    on_disk = {path.stem for path in (ROOT / PACKAGE).glob("*.py")} - {"__init__"} | {PACKAGE}
    on_disk |= {path.parent.name for path in (ROOT / PACKAGE).glob("*/__init__.py")}
    assert set(rows()) == on_disk and list(rows()) == list(arrows())


def test_the_page_shows_the_arrows_of_the_import_test() -> None:
    assert {room: knows for room, (_, knows) in rows().items()} == arrows()


@pytest.mark.parametrize("room", rows())
def test_a_room_shows_the_folders_in_it(room: str) -> None:
    folders = {path.parent.name for path in (ROOT / PACKAGE / room).glob("*/__init__.py")} if room != PACKAGE else set()
    assert set(re.findall(r"`(\w+)/`", rows()[room][0])) == folders


def test_keras_stands_where_the_page_says() -> None:
    early = {top(place) for room in ROOMS if "keras" in room.libraries.split() for place in places_of(room)}
    late = {top(place) for room in ROOMS if "keras" in room.late.split() for place in places_of(room)}
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    (said,) = re.findall(
        r"Keras stands at the top of modules of (.*?) only, inside functions of (.*?), and nowhere", text
    )
    assert [set(re.findall(r"`(\w+)`", part)) for part in said] == [early, late]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_place_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:audit|tests|docs|examples|benchmarks|specs|templates)/[\w./]*)`", text)
    linked = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    missing = [place for place in named if not (ROOT / place).exists()]
    assert missing + [link for link in linked if not (page.parent / link).exists()] == []


def test_the_index_lists_every_decision_and_each_has_its_parts() -> None:
    pages = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\]\((\w+\.md)\)", index)) == [path.name for path in pages]
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"^\*\*(\w+)\.\*\*", text, flags=re.MULTILINE) == list(PARTS), path.name
        assert 20 <= len(text.splitlines()) <= 40
