"""Installed packages that cannot be imported or built, or share a name: passed over until a spec says the name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.plugins import Plugin, installed
from tests.commands import expect, run, save_model, write_spec

RIGHT = """
from audit.declare import declared

@declared
class Mine:
    \"\"\"Of a package of its own.\"\"\"

    unit = "none"
    signed = True
    stochastic = False
    needs = "apply"
    evaluations = 1
    source = "nobody"
    def attribute(self, network): return lambda params, x, target, key: x
    def noise_map(self, network, x, generator): return x
"""

BROKEN = {
    "def (": "SyntaxError: invalid syntax",
    "import sys; sys.exit(0)": "SystemExit: 0",
    "raise RuntimeError('two\\nlines')": "RuntimeError: two lines",
    "1 / 0": "ZeroDivisionError: division by zero",
    "import no_such_module_anywhere": "ModuleNotFoundError: No module named 'no_such_module_anywhere'",
    "raise ValueError": "ValueError",
}

Site = Callable[..., Path]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return a function that installs a package of one module with one method, and gives the folder for the path."""

    def install(source: str, *, package: str = "mine", name: str = "my_method", place: str = "") -> Path:
        folder = tmp_path / "site"
        metadata = folder / f"{package}-0.1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.1.0\n")
        (metadata / "entry_points.txt").write_text(f"[audit.methods]\n{name} = {place or f'{package}:Mine'}\n")
        (folder / f"{package}.py").write_text(source)
        return folder

    return install


def faults_of(folder: Path, path: Path, **changes: Any) -> str:
    """Return what ``validate`` says of a spec that is at fault."""
    ended = run("validate", write_spec(folder, **changes), cwd=folder, PYTHONPATH=str(path))
    expect(ended, 2)
    return ended.stderr


@pytest.mark.parametrize(("source", "said"), BROKEN.items(), ids=[*BROKEN.values()])
def test_a_spec_that_says_a_broken_plug_in_is_at_fault(source: str, said: str, site: Site, tmp_path: Path) -> None:
    told = faults_of(tmp_path, site(source), methods=["gradient", {"smoothgrad": {"base": "my_method"}}, "my_method"])
    assert told.count(f"error[S027]: plug-in `my_method` of package `mine` cannot be imported: {said}") == 2
    assert "uninstall package `mine`" in told


def test_an_interrupt_at_import_stays_one(site: Site, tmp_path: Path) -> None:
    path = site("raise KeyboardInterrupt")
    ended = run("validate", write_spec(tmp_path, methods=["my_method"]), cwd=tmp_path, PYTHONPATH=str(path))
    expect(ended, 130)


@pytest.mark.parametrize("source", ["def (", "import sys; sys.exit(0)"])
def test_it_is_listed_with_the_reason_and_the_others_as_ever(source: str, site: Site, tmp_path: Path) -> None:
    environment = {"cwd": tmp_path, "PYTHONPATH": str(site(source))}
    for options in ((), ("--long",), ("--markdown",)):
        listed = run("list", "methods", *options, **environment)
        expect(listed, 0)
        assert "cannot be imported: S" in listed.stdout and "smoothgrad" in listed.stdout
    schema = run("schema", **environment)
    expect(schema, 0)
    names, by_name = json.loads(schema.stdout)["definitions"]["method"]["anyOf"]
    assert "my_method" not in names["enum"] and "gradient" in names["enum"]
    unusable = by_name["properties"]["my_method"]
    assert unusable["not"] == {} and "cannot be imported" in unusable["description"]


def test_a_run_that_says_none_of_it_ends_as_ever(site: Site, tmp_path: Path) -> None:
    site("import sys; sys.exit(5)", package="broken", name="broken")
    site(RIGHT, package="false_gradient", name="gradient")
    site(RIGHT, package="false_control", name="edge_detector")
    path = site(RIGHT)
    save_model(tmp_path)
    spec = write_spec(
        tmp_path, methods=["my_method", {"smoothgrad": {"samples": 2}}], require=[{"repeatability": {"seeds": 2}}]
    )
    ended = run("run", spec, cwd=tmp_path, PYTHONPATH=str(path))
    assert ended.returncode in (0, 1, 3, 4) and "error[" not in ended.stderr, ended.stderr
    written = json.loads((tmp_path / "runs" / "small" / "results.json").read_text())["spec"]["methods"]
    assert [next(iter(each)) for each in written] == ["my_method", "smoothgrad"]
    assert next(iter(written[1]["smoothgrad"]["base"])) == "gradient"


def test_what_its_class_raises_when_built_is_a_fault(site: Site, tmp_path: Path) -> None:
    path = site(RIGHT + "    def __post_init__(self): raise RuntimeError('boom')\n")
    told = faults_of(tmp_path, path, methods=["my_method", {"smoothgrad": {"base": "my_method"}}])
    assert told.count("error[S081]: plug-in `my_method` of package `mine` cannot be built: RuntimeError: boom") == 2


def test_two_packages_of_one_name_are_a_fault_that_names_both(site: Site, tmp_path: Path) -> None:
    site(RIGHT, package="first")
    path = site(RIGHT, package="second")
    told = faults_of(tmp_path, path, methods=["my_method"])
    both = "the name `my_method` is taken more than once: by package `first` (`first:Mine`) and by package `second`"
    assert told.count("error[S082]") == 1 and both in told
    assert "uninstall package `first` or package `second`, or rename its entry point" in told
    listed = run("list", "methods", cwd=tmp_path, PYTHONPATH=str(path))
    assert both in listed.stdout
    expect(run("validate", write_spec(tmp_path), cwd=tmp_path, PYTHONPATH=str(path)), 0)


@pytest.mark.parametrize(
    "method", ["gradient", {"smoothgrad": {"base": "gradient"}}, {"smoothgrad": {"base": {"gradient": {}}}}]
)
def test_a_built_in_name_that_a_package_has_too_is_a_fault(method: Any, site: Site, tmp_path: Path) -> None:
    path = site(RIGHT, name="gradient")
    told = faults_of(tmp_path, path, methods=[method])
    both = "the name `gradient` is taken more than once: by saliency-audit and by package `mine` (`mine:Mine`)"
    assert told.count("error[S082]") == 1 and both in told and "uninstall package `mine`" in told
    expect(run("validate", write_spec(tmp_path, methods=["smoothgrad"]), cwd=tmp_path, PYTHONPATH=str(path)), 0)
    assert both in run("list", "methods", cwd=tmp_path, PYTHONPATH=str(path)).stdout


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("mine", "names no class: expected `module:Class`, received `mine`"),
        ("mine:A:B", "names no class: expected `module:Class`, received `mine:A:B`"),
        ("mine:Missing", "cannot be imported: AttributeError: module 'mine' has no attribute 'Missing'"),
    ],
)
def test_an_entry_point_that_names_no_class_is_told_so(place: str, said: str, site: Site, tmp_path: Path) -> None:
    told = faults_of(tmp_path, site(RIGHT, place=place), methods=["my_method"])
    assert "error[S027]" in told and said in told and "install the package" not in told


@pytest.mark.parametrize("place", ["mine:Outer.Inner", "mine:Mine [extra]", "mine : Mine"])
def test_every_legal_entry_point_works(place: str, site: Site, tmp_path: Path) -> None:
    path = site(RIGHT + "\nclass Outer:\n    Inner = Mine\n", place=place)
    expect(run("validate", write_spec(tmp_path, methods=["my_method"]), cwd=tmp_path, PYTHONPATH=str(path)), 0)
    assert "Of a package of its own." in run("list", "methods", cwd=tmp_path, PYTHONPATH=str(path)).stdout


def test_plug_ins_are_found_by_name_and_imported_once(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = tmp_path / "count"
    source = f"open({str(count)!r}, 'a').write('x')\nraise RuntimeError"
    monkeypatch.syspath_prepend(str(site(source, package="imported_once")))
    installed.cache_clear()
    try:
        (plugin,) = installed("methods")["my_method"]
    finally:
        installed.cache_clear()
    assert isinstance(plugin, Plugin) and plugin.package == "package `imported_once`" and not count.exists()
    for _ in range(2):
        with pytest.raises(Exception, match="cannot be imported: RuntimeError"):
            _ = plugin.kind
    assert count.read_text() == "x"
