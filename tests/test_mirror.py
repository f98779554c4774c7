"""Tests mirror the tree: ``audit/a/b.py`` has ``tests/a/test_b.py``, or it stands below with what tests it instead."""

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.modules import ROOT, imports, module_imported, sources

SOURCES = sources()

# A module without a test file of its name: the file that tests it, and why it stands there.
ELSEWHERE = {
    "audit": ("tests/test_startup.py", "its functions import what they call, and importing it imports nothing"),
    "audit.backend": ("tests/backend/test_backend.py", "a package is tested in the file of its name"),
    "audit.backend.jax": ("tests/backend/test_backend.py", "one file tests whichever backend runs"),
    "audit.backend.tensorflow": ("tests/backend/test_backend.py", "one file tests whichever backend runs"),
    "audit.methods.fitted": ("tests/methods/backward/test_patterns.py", "a protocol, tested where its members are run"),
    "audit.methods.method": ("tests/methods/test_common.py", "a protocol, tested on every member"),
    "audit.record": ("tests/record/test_base.py", "names of the modules below it"),
    "audit.record.audits": (
        "tests/store/test_results_schema.py",
        "fields only, tested where they are written and read",
    ),
    "audit.record.evidence": ("tests/store/test_store.py", "fields only, tested where they are written and read"),
    "audit.record.explained": ("tests/engine/test_variants.py", "fields only, tested where they are filled"),
    "audit.record.facts": ("tests/planning/test_units.py", "fields only, tested where they are read"),
    "audit.report.figures.charts": ("tests/report/figures/test_convergence.py", "it chooses figures that have tests"),
    "audit.running.fingerprint": ("tests/running/test_loop.py", "tested on a run, which takes a minute to make"),
    "audit.similarities.similarity": ("tests/similarities/test_common.py", "a protocol, tested on every member"),
}


def place_of(module: str) -> Path:
    """Return where the test of a module stands if it mirrors it."""
    *above, name = module.split(".")[1:] or ["audit"]
    return ROOT.joinpath("tests", *above, f"test_{name}.py")


def faults(modules: Mapping[str, str], elsewhere: Mapping[str, tuple[str, str]]) -> list[str]:
    """Return what is wrong: modules that no test is named for, and entries that say nothing or stand for nothing."""
    found = [
        f"{module} has no {place_of(module).relative_to(ROOT)}"
        for module, text in modules.items()
        if ast.parse(text).body[1:] and not place_of(module).is_file() and module not in elsewhere
    ]
    for module, (file, reason) in elsewhere.items():
        if module not in modules:
            found.append(f"{module} does not exist")
        elif place_of(module).is_file():
            found.append(f"{module} has a test file of its name")
        elif not reason or not (ROOT / file).is_file():
            found.append(f"{module}: {file} does not exist, or no reason is given")
    return found


def test_every_module_has_a_test_file_of_its_name_or_a_stated_reason() -> None:
    assert faults(SOURCES, ELSEWHERE) == []


@pytest.mark.parametrize("module", ELSEWHERE)
def test_what_is_tested_elsewhere_is_imported_or_named_there(module: str) -> None:
    text = (ROOT / ELSEWHERE[module][0]).read_text(encoding="utf-8")
    names = {each.name for each in imports(ast.parse(text))}
    assert module in text or module in {module_imported(name, SOURCES) for name in names} or names & exported(module)


def exported(module: str) -> set[str]:
    """Return the names of a module's classes and functions as its package gives them on."""
    tree = ast.parse(SOURCES[module])
    defined = [each.name for each in tree.body if isinstance(each, ast.ClassDef | ast.FunctionDef)]
    return {f"{module.rpartition('.')[0]}.{name}" for name in defined}


@pytest.mark.parametrize(
    ("modules", "elsewhere"),
    [
        ({"audit.unheard_of": "import os\nX = 1"}, {}),
        ({"audit.maps": ""}, {"audit.maps": ("tests/test_maps.py", "because")}),
        ({}, {"audit.gone": ("tests/test_maps.py", "because")}),
        ({"audit.a": ""}, {"audit.a": ("tests/test_maps.py", "")}),
        ({"audit.a": ""}, {"audit.a": ("tests/test_a.py", "because")}),
    ],
)
def test_a_fault_is_found(modules: dict[str, str], elsewhere: dict[str, tuple[str, str]]) -> None:
    assert faults(modules, elsewhere) != []
