"""A user's function is known by its place, and one that cannot be imported is refused with the reason."""

from typing import Any

import pytest

from audit.errors import InputError
from audit.methods.python import Python


def test_the_function_is_the_code_to_trust():
    assert Python(function="no_such_module:f").code == "no_such_module:f"


@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, "ModuleNotFoundError"), ("", "AttributeError"), ("raise SystemExit(0)", "SystemExit"), ("1 / 0", "Zero")],
)
def test_a_function_that_cannot_be_imported_is_refused_with_the_reason(text, reason, tmp_path, monkeypatch):
    module = f"imported_{reason.lower()}"
    if text is not None:
        (tmp_path / f"{module}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    network: Any = None  # the import comes first
    with pytest.raises(InputError, match=rf"T145(.|\n)*{reason}"):
        Python(function=f"{module}:f").attribute(network)
