"""The command line: each command as it is typed, in a process of its own where that matters."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.cli import commands
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
    assert "error[S001]: cannot read the spec" in words
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
    assert commands.main(arguments) == 2
    assert "Usage: saliency-audit" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "verb", ["plan", "run", "judge", "report", "diff", "error", "validate", "list", "schema", "doctor"]
)
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], verb: str) -> None:
    assert commands.main([verb, "--help"]) == 0
    assert f"saliency-audit {verb}" in capsys.readouterr().out


@pytest.mark.parametrize("family", ["methods", "checks", "similarities", "datasets"])
def test_list_names_everything_with_what_it_is(capsys: pytest.CaptureFixture[str], family: str) -> None:
    assert commands.main(["list", family]) == 0
    rows = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert {name for name, _ in rows} == set(places(family))  # type: ignore[arg-type]
    assert all(len(summary) > 20 for _, summary in rows)


def test_list_long_shows_every_field_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["list", "methods", "--long"]) == 0
    long = capsys.readouterr().out
    assert "samples (default 50)" in long
    assert "arXiv:1706.03825" in long
    assert commands.main(["list", "checks", "--long"]) == 0
    text = capsys.readouterr().out
    assert "`mean_at_most`" in text and "``" not in text
    assert commands.main(["list", "datasets", "--long"]) == 0
    assert "path (required)" in capsys.readouterr().out


def test_schema_is_printed_whole(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("spec", "results"):
        assert commands.main(["schema", kind]) == 0
        kept = repository / "specs" / f"{kind}.v1.schema.json"
        assert capsys.readouterr().out == kept.read_text(encoding="utf-8")


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
    assert commands.main(["doctor"]) == 7
    assert f"ERROR {name}" in capsys.readouterr().out


# --- The environment -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAKES)
@pytest.mark.parametrize("verb", ["plan", "run"])
def test_an_environment_that_fakes_results_stops_a_run(repository: Path, tmp_path: Path, name: str, verb: str) -> None:
    spec = repository / "specs" / "digits.yaml"
    code, data, words = command(repository, verb, spec, folder=tmp_path, **{name: "1"})
    assert (code, data) == (7, "")
    assert f"error[E020]: the environment variable {name} changes results" in words
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_backend_in_the_environment_stops_a_run(repository: Path, tmp_path: Path) -> None:
    spec = repository / "specs" / "digits.yaml"
    code, _, words = command(repository, "run", spec, folder=tmp_path, KERAS_BACKEND="torch")
    assert code == 7
    assert "error[E021]: unknown backend `torch`" in words
