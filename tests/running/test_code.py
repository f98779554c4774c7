"""Whose code decides numbers: every class from outside that a declared value is made of, by its name and package."""

import json
import sys
from importlib import import_module
from pathlib import Path

import pytest

from audit import plugins, registry, resources
from audit.declare import foreign_classes
from audit.errors import EnvironmentStop
from audit.methods.gradient import Gradient
from audit.methods.smoothgrad import SmoothGrad
from audit.running import code

MODULE = """
from audit.declare import declared
from audit.methods.gradient import Gradient


class Base:
    pass


@declared
class Theirs(Base, Gradient):
    pass
"""


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install a plug-in of two modules in a way; return its module."""
    names = iter(["one", "two"])

    def install(*, editable: bool = False):
        name = f"plugin_{next(names)}_{tmp_path.name}".replace("-", "_")
        site = tmp_path / "site-packages"
        metadata = site / f"{name}-2.1.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-project\nVersion: 2.1\n")
        (metadata / "entry_points.txt").write_text(f"[audit.methods]\nby_{name} = {name}:Theirs\n")
        listed = [f"{name}.pth"] if editable else [f"{name}.py", f"{name}_helper.py"]
        (metadata / "RECORD").write_text("".join(f"{each},,\n" for each in listed))
        folder = tmp_path / "project" if editable else site
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(MODULE)
        (folder / f"{name}_helper.py").write_text("")
        for each in (site, folder):
            monkeypatch.syspath_prepend(each)
        return import_module(name)

    return install


@pytest.mark.parametrize("editable", [True, False])
def test_a_class_is_known_by_its_name_in_specs_its_package_and_all_of_its_files(theirs, editable):
    module = theirs(editable=editable)
    name = module.__name__
    found = code.code_of_classes(SmoothGrad(base=module.Theirs()))
    assert set(found) == {f"{name}:Theirs", f"{name}:Base"}
    assert found[f"{name}:Theirs"].name == f"by_{name}" and found[f"{name}:Base"].name == f"{name}:Base"
    assert {each.package for each in found.values()} == {f"{name}-project 2.1"}
    Path(module.__file__).with_name(f"{name}_helper.py").write_text("changed = True")
    assert code.code_of_classes(module.Theirs()) != found


def test_what_the_audit_ships_is_no_code_from_outside():
    assert foreign_classes(SmoothGrad(base=Gradient())) == () and code.code_of_classes(SmoothGrad(), None) == {}


def test_values_in_lists_and_mappings_are_found_and_those_that_they_hold(theirs):
    first, second = theirs(), theirs()
    held = {"a": [(first.Theirs(), 1)], "b": SmoothGrad(base=second.Theirs())}
    assert foreign_classes(held) == (*foreign_classes(first.Theirs()), *foreign_classes(second.Theirs()))


def test_of_the_audit_itself_the_parts_that_decide_numbers_count(tmp_path, monkeypatch):
    (own,) = code.own_code().values()
    assert own.package.startswith("saliency-audit") and len(own.digest) == 64
    for place in code._DECIDES_NUMBERS:
        path = tmp_path / place / ("" if place.endswith(".py") else "a.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    monkeypatch.setattr(resources, "PACKAGE", tmp_path)
    monkeypatch.setattr(code, "PACKAGE", tmp_path)
    seen = [code.own_code()]
    for place in code._DECIDES_NUMBERS:
        path = tmp_path / place / ("" if place.endswith(".py") else "a.py")
        path.write_text("x = 1  # the same\n")
        assert code.own_code() == seen[-1]
        path.write_text("x = 2\n")
        assert code.own_code() not in seen
        seen.append(code.own_code())
    (tmp_path / "methods" / "a.py").unlink()
    with pytest.raises(EnvironmentStop, match="E007"):
        code.own_code()


def test_code_without_files_is_an_error_and_never_a_digest_of_nothing():
    with pytest.raises(EnvironmentStop, match=r"E006(.|\n)*no_such_module:f"):
        code.code_of("no_such_module:f")


def test_a_users_function_is_known_by_its_place_and_its_module(tmp_path, monkeypatch):
    (tmp_path / "users_code.py").write_text("def f(model, x, target):\n    return x\n")
    monkeypatch.syspath_prepend(tmp_path)
    (found,) = code.code_of("users_code:f").values()
    assert (found.name, found.package) == ("users_code:f", "") and "users_code" not in sys.modules
    (tmp_path / "users_code.py").write_text("def f(model, x, target):\n    return -x\n")
    assert code.code_of("users_code:f") != {"users_code:f": found} and json.dumps(found.digest)


def test_a_class_that_another_package_makes_is_known_by_the_module_that_its_entry_point_names_too(
    tmp_path, monkeypatch
):
    name, kit = f"named_{tmp_path.name}".replace("-", "_"), f"kit_{tmp_path.name}".replace("-", "_")
    for folder, file, text in (
        ("a", f"{name}.py", f"from {kit} import make\nTheirs = make(0)\n"),
        (
            "b",
            f"{kit}.py",
            "def make(k):\n" + "".join(f"    {line}\n" for line in [*MODULE.splitlines(), "return Theirs"]),
        ),
        (f"a/{name}-1.0.dist-info", "entry_points.txt", f"[audit.methods]\nby_{name} = {name}:Theirs\n"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / file).write_text(text)
    for folder in ("a", "b"):
        monkeypatch.syspath_prepend(tmp_path / folder)
    monkeypatch.setattr(plugins, "installed", plugins.installed.__wrapped__)
    held = SmoothGrad(base=registry.find("methods", f"by_{name}")())
    found = code.code_of_classes(held)
    assert found[f"{name}:Theirs"].name == f"by_{name}" and f"{kit}:make.<locals>.Theirs" in found
    (tmp_path / "a" / f"{name}.py").write_text(f"from {kit} import make\nTheirs = make(1)\n")
    assert code.code_of_classes(held)[f"{name}:Theirs"] != found[f"{name}:Theirs"]


def test_a_helper_in_another_folder_is_part_of_a_users_function(tmp_path, monkeypatch):
    (tmp_path / "near").mkdir()
    (tmp_path / "far").mkdir()
    (tmp_path / "near" / "users_near.py").write_text(
        "def f(model, x, target):\n    from users_far import k\n    return k\n"
    )
    (tmp_path / "far" / "users_far.py").write_text("k = 1.0\n")
    for folder in ("near", "far"):
        monkeypatch.syspath_prepend(tmp_path / folder)
    found = code.code_of("users_near:f")
    (tmp_path / "far" / "users_far.py").write_text("k = 1.0  # the same\n")
    assert code.code_of("users_near:f") == found
    (tmp_path / "far" / "users_far.py").write_text("k = -1.0\n")
    assert code.code_of("users_near:f") != found and "users_far" not in sys.modules
