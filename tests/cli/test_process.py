"""Every way in which a command can end, each with its exit code and its words."""

import errno
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.cli import commands
from audit.errors import EnvironmentStop, InputError, RefusedError


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InputError("D001", "no data"), 2, "error[D001]: no data"),
        (RefusedError("X001", "unsafe"), 6, "error[X001]: unsafe"),
        (EnvironmentStop("R001", "locked"), 7, "error[R001]: locked"),
        (MemoryError(), 7, "error[E004]: out of memory"),
        (OSError(errno.ENOSPC, "No space left on device"), 7, "error[E005]: cannot write: No space left on device"),
        (KeyboardInterrupt(), 130, "interrupted: run again to resume"),
        (ValueError("a\x1b[31m\nb"), 3, "error[E900]: internal error: ValueError: a[31m b"),
        (RecursionError("deep"), 3, "error[E900]: internal error: RecursionError: deep"),
        (FileNotFoundError(2, "No such file", "x"), 3, "error[E900]"),
        (SystemError("x"), 3, "error[E900]"),
        (SystemExit(0), 3, "error[E900]: internal error: SystemExit: 0"),
    ],
)
def test_how_a_command_ends(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    words: str,
) -> None:
    def fail(kind: str) -> str:
        raise error

    monkeypatch.setattr("audit.spec.schema.schema_text", fail)
    assert commands.main(["schema"]) == code
    found = capsys.readouterr()
    assert found.out == ""
    assert words in found.err
    assert "Traceback" not in found.err
    assert ("--debug" in found.err) == (code == 3)


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(kind: str) -> str:
        raise ValueError("x")

    monkeypatch.setattr("audit.spec.schema.schema_text", fail)
    assert commands.main(["--debug", "schema"]) == 3
    assert "Traceback" in capsys.readouterr().err


@pytest.fixture
def attached() -> Iterator[None]:
    """A process that a closed terminal ends, whatever started the tests: under nohup, say, it would not."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("attached")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_that_a_library_turns_into_its_own_error_is_still_an_interruption(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    """Pydantic, for one, turns an interrupt in the middle of building a schema into an error of its own."""

    def swallowed(path: Path) -> None:
        try:
            os.kill(os.getpid(), number)
            time.sleep(1)
        except KeyboardInterrupt as stop:
            raise ValueError("the library's own") from stop

    monkeypatch.setattr("audit.spec.spec.load_spec", swallowed)
    assert commands.main(["validate", "any.yaml"]) == 130
    assert "run again to resume" in capsys.readouterr().err


def test_a_closed_terminal_stops_nothing_that_was_told_to_outlive_it() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert commands.main(["--version"]) == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_interruption_whose_terminal_is_gone_keeps_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(kind: str) -> str:
        raise KeyboardInterrupt

    def gone(text: str) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("audit.spec.schema.schema_text", stopped)
    monkeypatch.setattr("audit.cli.process.say", gone)
    assert commands.main(["schema"]) == 130


def test_what_an_encoding_lacks_is_escaped_and_changes_no_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="latin-1"))
    monkeypatch.setattr("audit.spec.schema.schema_text", lambda kind: "\u2713 passé\n")
    assert commands.main(["schema"]) == 0
    assert written.getvalue() == b"\\u2713 pass\xe9\n"


_A_TABLE = """
import sys
from audit.cli import commands, console
from audit.spec import schema
schema.schema_text = lambda kind: console.console(sys.stdout).print(kind)
sys.exit(commands.main(["schema"]))
"""


@pytest.mark.parametrize("command", [["-m", "audit", "list", "methods", "--long"], ["-c", _A_TABLE]])
def test_a_reader_that_goes_away_is_no_error(repository: Path, command: list[str]) -> None:
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, words = process.communicate()
    assert words == b""
    assert process.returncode == 141
