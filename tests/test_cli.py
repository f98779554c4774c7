"""The command line: each command in a process of its own, and every way in which one can end."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audit import cli
from audit.errors import EnvironmentStop, InputError, RefusedError
from audit.registry import places

FAULTY = (
    "version: 1\nmodel: {path: m.keras}\ndataset: {source: digits}\nmethods: [gradeint]\nrequire: [repeatability]\n"
)
FAKES = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "TF_USE_LEGACY_KERAS")


def command(repository: Path, *arguments: object, folder: Path | None = None, **variables: str) -> tuple[int, str, str]:
    """Run the real command and return its exit code, its data and its words."""
    environment = {**os.environ, "PYTHONPATH": str(repository), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    ended = subprocess.run(
        [sys.executable, "-m", "audit", *map(str, arguments)],
        cwd=folder or repository,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stdout, ended.stderr


# --- Static commands, for real ---------------------------------------------------------------------------------------


def test_valid_specs_exit_0_and_are_counted(repository: Path) -> None:
    code, data, words = command(repository, "validate", "specs/digits.yaml", "specs/mnist_cnn.yaml")
    assert code == 0
    assert data.splitlines() == [
        "specs/digits.yaml: valid (6 methods, 5 requirements)",
        "specs/mnist_cnn.yaml: valid (6 methods, 2 requirements)",
    ]
    assert words == ""


def test_a_faulty_spec_exits_2_and_the_others_are_still_read(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(FAULTY, encoding="utf-8")
    good = repository / "specs" / "digits.yaml"
    code, data, words = command(repository, "validate", "bad.yaml", "none.yaml", good, folder=tmp_path)
    assert code == 2
    assert data == f"{good}: valid (6 methods, 5 requirements)\n"
    assert "error[S026]: unknown method `gradeint`\n  --> bad.yaml:4:11\n" in words
    assert "error[S001]: the spec cannot be read" in words
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bad.yaml"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("frobnicate",),
        ("--frob",),
        ("validate",),
        ("list",),
        ("list", "colours"),
        ("run",),
        ("run", "x.yaml", "--backend", "torch"),
    ],
)
def test_a_wrong_command_line_exits_2_and_says_how_it_goes(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert cli.main(arguments) == 2
    assert "Usage: saliency-audit" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "verb", ["plan", "run", "judge", "report", "diff", "explain", "validate", "list", "schema", "doctor"]
)
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], verb: str) -> None:
    assert cli.main([verb, "--help"]) == 0
    assert f"saliency-audit {verb}" in capsys.readouterr().out


@pytest.mark.parametrize("family", ["methods", "checks", "similarities", "datasets"])
def test_list_names_everything_with_what_it_is(capsys: pytest.CaptureFixture[str], family: str) -> None:
    assert cli.main(["list", family]) == 0
    rows = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert {name for name, _ in rows} == set(places(family))  # type: ignore[arg-type]
    assert all(len(summary) > 20 for _, summary in rows)


def test_list_long_shows_every_field_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "methods", "--long"]) == 0
    long = capsys.readouterr().out
    assert "samples (default 50)" in long
    assert "arXiv:1706.03825" in long
    assert cli.main(["list", "checks", "--long"]) == 0
    text = capsys.readouterr().out
    assert "`mean_at_most`" in text and "``" not in text
    assert cli.main(["list", "datasets", "--long"]) == 0
    assert "path (required)" in capsys.readouterr().out


def test_schema_is_printed_whole(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("spec", "results"):
        assert cli.main(["schema", kind]) == 0
        kept = repository / "specs" / f"{kind}.v1.schema.json"
        assert capsys.readouterr().out == kept.read_text(encoding="utf-8")


def test_a_reader_that_goes_away_is_no_error(repository: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "audit", "list", "methods", "--long"],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, words = process.communicate()
    assert words == b""
    assert process.returncode == 141


def test_doctor_finds_a_sound_machine_sound(repository: Path, tmp_path: Path) -> None:
    code, data, _ = command(repository, "doctor", folder=tmp_path)
    assert "BAD" not in data
    assert code == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FAKES)
def test_doctor_sees_what_would_fake_results(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    assert cli.main(["doctor"]) == 7
    assert f"BAD  {name}" in capsys.readouterr().out


# --- The environment -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAKES)
@pytest.mark.parametrize("verb", ["plan", "run"])
def test_an_environment_that_fakes_results_stops_a_run(repository: Path, tmp_path: Path, name: str, verb: str) -> None:
    spec = repository / "specs" / "digits.yaml"
    code, data, words = command(repository, verb, spec, folder=tmp_path, **{name: "1"})
    assert (code, data) == (7, "")
    assert f"error[E020]: the environment sets {name}" in words
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_backend_in_the_environment_stops_a_run(repository: Path, tmp_path: Path) -> None:
    spec = repository / "specs" / "digits.yaml"
    code, _, words = command(repository, "run", spec, folder=tmp_path, KERAS_BACKEND="torch")
    assert code == 7
    assert "error[E021]: there is no backend `torch`" in words


@pytest.mark.parametrize(
    ("option", "spec", "variable", "chosen"),
    [
        ("jax", "tensorflow", "tensorflow", "jax"),
        (None, "jax", "tensorflow", "jax"),
        (None, None, "jax", "jax"),
        (None, None, None, "tensorflow"),
    ],
)
def test_the_backend_is_the_first_that_is_named(
    monkeypatch: pytest.MonkeyPatch, option: str | None, spec: str | None, variable: str | None, chosen: str
) -> None:
    from audit import environment

    monkeypatch.setattr(environment, "find_spec", lambda name: name)
    monkeypatch.setenv("KERAS_BACKEND", variable or "")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    monkeypatch.setenv("HDF5_USE_FILE_LOCKING", "")
    for name in FAKES:
        monkeypatch.delenv(name, raising=False)
    assert environment.prepare(option=option, spec=spec) == chosen
    assert os.environ["KERAS_BACKEND"] == chosen


def test_a_backend_that_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from audit import environment

    monkeypatch.setattr(environment, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentStop, match="not installed") as caught:
        environment.prepare(option="jax", spec=None)
    assert "saliency-audit[jax]" in str(caught.value)


# --- Every way to end ------------------------------------------------------------------------------------------------


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

    monkeypatch.setattr("audit.schema.schema_text", fail)
    assert cli.main(["schema"]) == code
    found = capsys.readouterr()
    assert found.out == ""
    assert words in found.err
    assert "Traceback" not in found.err
    assert ("--debug" in found.err) == (code == 3)


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(kind: str) -> str:
        raise ValueError("x")

    monkeypatch.setattr("audit.schema.schema_text", fail)
    assert cli.main(["--debug", "schema"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_frameworks_start_without_chatter(repository: Path) -> None:
    code = (
        "from audit.environment import prepare, start_keras\n"
        "import os, sys\n"
        "prepare(option=None, spec=None)\n"
        "start_keras()\n"
        "sys.stderr.write('words still arrive')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("", "words still arrive")


def test_a_framework_that_cannot_start_is_heard(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from audit import environment

    def fail(name: str) -> None:
        os.write(2, b"what the library said\n")
        raise ImportError(name)

    monkeypatch.setattr(environment, "import_module", fail)
    with pytest.raises(ImportError):
        environment.start_keras()
    assert "what the library said" in capfd.readouterr().err


def test_a_stop_that_a_library_turns_into_its_own_error_is_still_an_interruption(monkeypatch, capsys):
    """Pydantic, for one, turns an interrupt in the middle of building a schema into an error of its own."""

    def swallowed(path):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        except KeyboardInterrupt as stop:
            raise ValueError("the library's own") from stop

    monkeypatch.setattr("audit.spec.load_spec", swallowed)
    assert cli.main(["validate", "any.yaml"]) == 130
    assert "run again to resume" in capsys.readouterr().err
