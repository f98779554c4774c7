"""Imports keep to the plan of the house (``tests/rooms.py``): every file of ``audit/`` is read, none is run."""

import ast
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.modules import PACKAGE, Import, imports, module_imported, sources
from tests.rooms import FRAMEWORKS, ROOMS, Room, known_by, places_of, room_of

SOURCES = sources()
TREES = {module: ast.parse(text) for module, text in SOURCES.items()}


def faults(module: str, tree: ast.AST, known: Mapping[str, object] = TREES) -> list[str]:
    """Return what is wrong with the imports of one module, each with its line."""
    room = room_of(module)
    if room is None:
        return [f"{module} stands in no room: give it a row in tests/rooms.py"]
    return [f"line {each.line}: {fault}" for each in imports(tree) for fault in _faults(room, each, known)]


def _faults(room: Room, each: Import, known: Mapping[str, object]) -> Iterator[str]:
    root = each.name.partition(".")[0]
    allowed = f"{room.libraries} {room.late if each.late or each.typing else ''}".split()
    if not root:
        yield "a relative import: write the full name"
    elif root == PACKAGE:
        target = module_imported(each.name, known)
        other = room_of(target) if target else None
        if other is not room and other not in known_by(room):
            yield f"the room of {room.places} does not know {each.name}"
    elif root not in sys.stdlib_module_names and root not in allowed:
        yield f"the room of {room.places} does without {root}, or imports it inside functions only"


def loaded(module: str, trees: Mapping[str, ast.AST]) -> set[str]:
    """Return the frameworks that importing a module loads, by way of other modules too."""
    seen, ahead, found = set[str](), _with_packages(module), set[str]()
    while ahead:
        here = ahead.pop()
        seen.add(here)
        names = [each.name for each in imports(trees.get(here, ast.parse(""))) if not (each.late or each.typing)]
        found |= {name.partition(".")[0] for name in names} & set(FRAMEWORKS)
        targets = {module_imported(name, trees) for name in names}
        ahead += [each for target in targets - {None} for each in _with_packages(target) if each not in seen]
    return found


def _with_packages(module: str | None) -> list[str]:
    """Return a module and the packages that it lies in: importing it runs their files too."""
    parts = (module or "").split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]


def circle(trees: Mapping[str, ast.AST]) -> list[str]:
    """Return modules that import one another in a circle: at once, inside functions or for the type checker."""
    graph = {
        module: {module_imported(each.name, trees) for each in imports(tree)} - {None, module}
        for module, tree in trees.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def runs_up(rooms: tuple[Room, ...]) -> list[str]:
    """Return the places whose rows name a room that does not stand above them in the table."""
    return [room.places for position, room in enumerate(rooms) if not set(known_by(room)) <= set(rooms[:position])]


@pytest.mark.parametrize("module", SOURCES)
def test_a_module_imports_what_its_room_may(module: str) -> None:
    assert faults(module, TREES[module]) == []


@pytest.mark.parametrize("module", [each for each in SOURCES if not getattr(room_of(each), "loads", False)])
def test_importing_a_module_loads_no_framework(module: str) -> None:
    assert loaded(module, TREES) == set()


def test_no_import_runs_up_and_none_in_a_circle() -> None:
    assert runs_up(ROOMS) == []
    assert circle(TREES) == []


def test_the_table_names_what_exists() -> None:
    """A renamed module must not slip out of its row."""
    places = [place for room in ROOMS for place in places_of(room)]
    assert len(places) == len(set(places)) and set(places) <= set(TREES)
    assert all(len(known_by(room)) == len(room.knows.split()) for room in ROOMS)


def test_a_row_names_no_room_and_no_library_that_its_modules_do_without() -> None:
    """What the table allows is what the rooms do: the page of the architecture is drawn from it."""
    for room in ROOMS:
        own = [module for module in TREES if room_of(module) is room]
        names = {each.name for module in own for each in imports(TREES[module])}
        known = {room_of(target) for name in names if (target := module_imported(name, TREES))}
        roots = {name.partition(".")[0] for name in names}
        unused = [other.places for other in known_by(room) if other not in known]
        assert unused + [each for each in f"{room.libraries} {room.late}".split() if each not in roots] == [], room


# Every rule of every row must be able to fail: one sample for each, made from the row.


def _of(room: Room) -> str:
    place = places_of(room)[0]
    return place if place == PACKAGE else f"{place}.sample"


def _fails(room: Room, source: str) -> bool:
    tree = ast.parse(source)
    return faults(_of(room), tree, {**TREES, _of(room): tree}) != []


def _places(room: Room) -> str:
    return room.places


@pytest.mark.parametrize("room", ROOMS, ids=_places)
@pytest.mark.parametrize("source", ["import {0}", "def f():\n    import {0}", "if TYPE_CHECKING:\n    import {0}"])
def test_a_room_that_is_not_known_is_a_fault(room: Room, source: str) -> None:
    unknown = [each for each in ROOMS if each not in (room, *known_by(room))]
    assert unknown
    for other in unknown:
        assert all(_fails(room, source.format(place)) for place in places_of(other)), other.places


@pytest.mark.parametrize("room", ROOMS, ids=_places)
def test_a_library_that_is_not_named_is_a_fault(room: Room) -> None:
    libraries = {name for each in ROOMS for name in f"{each.libraries} {each.late}".split()}
    never = libraries - set(f"{room.libraries} {room.late}".split())
    assert all(_fails(room, f"def f():\n    from {name} import x") for name in (*never, "torch"))
    assert all(_fails(room, f"class A:\n    from {name} import x") for name in room.late.split())
    assert not any(_fails(room, f"import {name}") for name in room.libraries.split())
    assert not any(_fails(room, f"def f():\n    import {name}") for name in room.late.split())


@pytest.mark.parametrize("room", [each for each in ROOMS if not each.loads], ids=_places)
def test_loading_a_framework_by_way_of_another_module_is_seen(room: Room) -> None:
    sample = {**TREES, _of(room): ast.parse("from audit.network import params"), f"{PACKAGE}.other": ast.parse("")}
    assert loaded(_of(room), sample) == {"keras"}


def test_an_arrow_up_and_a_circle_are_seen() -> None:
    assert runs_up((Room("maps", "errors"), Room("errors"))) == ["maps"]
    late = "def f():\n    import audit.a"
    for source in ("import audit.a", late, "if TYPE_CHECKING:\n    from audit import a"):
        assert circle({"audit.a": ast.parse("import audit.b"), "audit.b": ast.parse(source)})


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("audit.unplanned", ""),
        ("audit.maps", "from .errors import AuditError"),
        ("audit.maps", "from importlib import import_module\nimport_module('tensorflow')"),
        ("audit.network.params", "from tensorflow import keras"),
        ("audit.checks.shared.trials", "from audit.checks import roar"),
        ("audit.methods.shared.blur", "from audit.methods.gradient import Gradient"),
        ("audit.running.finish", "def f():\n    from audit.running.world import load"),
    ],
)
def test_a_fault_is_found(module: str, source: str) -> None:
    assert faults(module, ast.parse(source)) != []
