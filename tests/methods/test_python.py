"""What a user's function is known by: its own code, and that which stands beside it."""

import sys

import pytest

from audit.methods.python import Python


@pytest.mark.parametrize("name", ["alone", "package.maps", "folder.maps"])
def test_other_code_beside_a_function_is_another_method(tmp_path, monkeypatch, name):
    files = {
        "alone": ["alone.py", "helper.py"],
        "package.maps": ["package/maps.py", "package/inner/helper.py", "package/__init__.py"],
        "folder.maps": ["folder/maps.py", "folder/helper.py"],
    }[name]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    method = Python(function=f"{name}:f")
    seen = [method.fingerprint]
    assert method.fingerprint == seen[0] and seen[0]
    for file in files:
        (tmp_path / file).write_text("changed = True")
        assert method.fingerprint not in seen
        seen.append(method.fingerprint)
    assert not {"alone", "package", "folder"} & set(sys.modules)


def test_a_module_that_is_not_there_has_no_code():
    assert Python(function="no_such_module:f").fingerprint == {}
