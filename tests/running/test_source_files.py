"""The digest of a module's files: what decides numbers changes it, comments and layout do not."""

import os
import sys
from pathlib import Path

import pytest

from audit.running.source_files import digest_of, files_of, imported

CODE = b"def f(x, power=2):\n    return x + 1\n"


def digest_with(content: bytes, name: str, folder: Path) -> str:
    (folder / name).write_bytes(content)
    return digest_of({name: folder / name})


@pytest.mark.parametrize(
    "content",
    [
        b"# A comment.\ndef f(x, power=2):  # Another.\n\n\n    return x + 1\n",
        b'"""A module."""\n\n\ndef f(x, power=2):\n    """Add one."""\n    return x + 1\n    """A stray string."""\n',
        b"def f(\n    x,\n    power = 2,\n): return (x\n    + 1)\n",
    ],
)
def test_comments_docstrings_and_layout_change_nothing(content, tmp_path):
    assert digest_with(content, "a.py", tmp_path) == digest_with(CODE, "a.py", tmp_path)


@pytest.mark.parametrize(
    "change", [(b"+", b"-"), (b"1", b"1.0"), (b"power=2", b"power=4"), (b"return x + 1", b"x + 1"), (b"f(", b"g(")]
)
def test_an_operator_a_constant_a_default_and_a_name_change_it(change, tmp_path):
    assert digest_with(CODE.replace(*change), "a.py", tmp_path) != digest_with(CODE, "a.py", tmp_path)


@pytest.mark.parametrize("name", ["a.txt", "broken.py"])
def test_other_files_and_what_cannot_be_parsed_count_by_their_bytes(name, tmp_path):
    broken = b"def f(x:  # " + CODE
    assert digest_with(broken, name, tmp_path) == digest_with(broken, name, tmp_path)
    assert digest_with(broken + b"# ", name, tmp_path) != digest_with(broken, name, tmp_path)


def test_a_file_under_another_name_is_another():
    path = Path(__file__)
    assert digest_of({"a.py": path}) != digest_of({"b.py": path}) != digest_of({})


def written(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(
            "" if name != "alone_start.py" else "import beside_it.inner\nfrom numpy import ndarray\n"
        )


PACKAGE = ["package_start/__init__.py", "package_start/maps.py", "package_start/inner/helper.py", "package_start/w.npz"]
ALONE = ["alone_start.py", "helper.py", "beside_it/__init__.py", "beside_it/inner.py"]
NAMESPACE = ["folder_start/maps.py", "folder_start/deep/helper.py"]


@pytest.mark.parametrize(
    ("top", "own"), [("package_start", PACKAGE), ("alone_start", ALONE), ("folder_start", NAMESPACE)]
)
def test_a_module_stands_with_its_package_with_modules_beside_it_and_with_what_it_imports_from_there(
    top, own, tmp_path, monkeypatch
):
    written(tmp_path, *own, "unrelated/__init__.py", f"{top}/__pycache__/maps.pyc", "other/x.txt")
    monkeypatch.syspath_prepend(tmp_path)
    assert set(files_of(top, {})) == set(own)
    assert top not in sys.modules


def test_data_beside_a_module_that_stands_alone_count_and_what_an_audit_leaves_there_does_not(tmp_path, monkeypatch):
    (tmp_path / "alone_data.py").write_text("TABLE = 'named.yaml'  # not small.yaml\n")
    written(tmp_path, "k.txt", "named.yaml", "small.yaml", "run.log", "x.pyc", ".hidden", "below/w.txt", "large.npz")
    os.truncate(tmp_path / "large.npz", 65 * 2**20)
    monkeypatch.syspath_prepend(tmp_path)
    assert set(files_of("alone_data", {})) == {"alone_data.py", "k.txt", "named.yaml"}


def test_a_folder_that_is_a_link_is_followed_and_links_in_a_circle_end(tmp_path, monkeypatch):
    written(tmp_path, "package_linked/__init__.py", "elsewhere/helper.py")
    (tmp_path / "package_linked" / "inner").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "package_linked")
    monkeypatch.syspath_prepend(tmp_path)
    assert set(files_of("package_linked", {})) == {"package_linked/__init__.py", "package_linked/inner/helper.py"}


@pytest.mark.parametrize(
    "text",
    ["import a_one.deep", "def f():\n    from a_one.deep import g", "try:\n    import a_one as b\nfinally:\n    0"],
)
def test_imports_are_found_wherever_they_stand(text, tmp_path):
    (tmp_path / "m.py").write_text(f"from . import near\nimport audit\n{text}\n")
    assert imported([tmp_path / "m.py"]) == {"a_one"}


def test_of_what_is_installed_all_that_it_lists_counts_and_nothing_beside(tmp_path, monkeypatch):
    site = tmp_path / "site-packages"
    written(site, *ALONE, "stranger.py", "listed-1.0.dist-info/RECORD", "listed_helper.py")
    monkeypatch.syspath_prepend(site)
    names = ["alone_start.py", "listed_helper.py", "listed-1.0.dist-info/RECORD", "../bin/command", "gone.py"]
    assert set(files_of("alone_start", {name: site / name for name in names})) == {"alone_start.py", "listed_helper.py"}


@pytest.mark.parametrize("top", ["no_such_module", "__main__", "sys"])
def test_what_has_no_files_gives_none(top, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    assert files_of(top, {}) == {}
