"""Every code that the source names is explained, and a code that it does not name is refused."""

import re
from pathlib import Path

import pytest

from audit.cli.commands import main
from audit.cli.error_codes import messages


def test_every_code_in_the_source_is_explained(repository: Path) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (repository / "audit").rglob("*.py")]
    named = {code for text in sources for code in re.findall(r'"([SMDTREXP][0-9]{3})"', text)}
    found = messages()
    assert {each.code for each in found} == named and len(named) > 150
    assert {each.code for each in found if re.search(r"\w{3}", each.what)} == named


def test_a_code_is_explained_by_its_messages_and_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["error", "m003"]) == 0
    assert capsys.readouterr().out == (
        "M003: the model\n"
        "  the model file does not match `model.sha256` (exit code 2)\n"
        "    fix: restore the file, or update `model.sha256` if the change is intended\n"
    )


@pytest.mark.parametrize(("code", "text"), [("R004", "the disk is full"), ("R005", "cannot write to the run's folder")])
def test_a_message_that_depends_on_a_condition_belongs_to_its_code(
    code: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["error", code]) == 0
    assert f"  {text} (exit code 7)\n" in capsys.readouterr().out


def test_what_is_left_open_is_left_open_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["error", "X001"]) == 0
    assert "  the model file can run code: it refers to … (exit code 6)\n" in capsys.readouterr().out


def test_an_unknown_code_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["error", "M0003"]) == 2
    assert "did you mean `M003`?" in capsys.readouterr().err
