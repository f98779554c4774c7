"""Packages elsewhere that a plug-in imports: their versions and files count, those that the audit requires do not."""

import sys
from pathlib import Path

import pytest

from audit.running import packages
from audit.running.packages import imported_packages


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write a module into a folder of its own on the path, or an installed package with its version; return it."""

    def written(name: str, text: str, version: str = "") -> Path:
        folder = tmp_path / name / ("site-packages" if version else "folder")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.py").write_text(text)
        if version:
            metadata = folder / f"{name}.dist-info"
            metadata.mkdir(exist_ok=True)
            (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            (metadata / "RECORD").write_text(f"{name}.py,,\n")
        monkeypatch.syspath_prepend(folder)
        return folder / f"{name}.py"

    return written


def test_imports_are_followed_from_package_to_package_and_a_circle_ends(write):
    start = {"start.py": write("start", "import helper_a\n")}
    write("helper_a", "def f():\n    import helper_b\n", "1.5")
    write("helper_b", "import helper_a, start\n")
    found = imported_packages(start)
    assert set(found) == {"helper_a 1.5", "helper_b"} and not {"helper_a", "helper_b"} & sys.modules.keys()
    write("helper_b", "import helper_a, start\nx = 1\n")
    changed = imported_packages(start)
    assert changed["helper_a 1.5"] == found["helper_a 1.5"] and changed["helper_b"] != found["helper_b"]
    write("helper_a", "def f():\n    import helper_b\n", "1.6")
    assert set(imported_packages(start)) == {"helper_a 1.6", "helper_b"}


def test_the_standard_library_what_the_audit_requires_and_what_is_missing_are_left_out(write):
    text = "import os, audit, numpy, keras.ops, tensorflow, jax, scipy, skimage, sklearn, PIL, cv2, no_such_module"
    assert imported_packages({"start.py": write("start", text)}) == {}


def test_past_the_bound_packages_count_by_names_and_sizes_and_are_not_followed(write, monkeypatch):
    monkeypatch.setattr(packages, "_FILES", 0)
    start = {"start.py": write("start", "import helper_a\n")}
    write("helper_a", "import helper_b\nx = 1\n")
    write("helper_b", "")
    found = imported_packages(start)
    assert set(found) == {"helper_a"}
    write("helper_a", "import helper_b\nx = 2\n")
    assert imported_packages(start) == found
    write("helper_a", "import helper_b\nx = 10\n")
    assert imported_packages(start) != found
