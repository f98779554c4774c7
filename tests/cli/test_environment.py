"""Which backend is chosen, and how the frameworks start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.cli import environment
from audit.errors import EnvironmentStop


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
    monkeypatch.setattr(environment, "find_spec", lambda name: name)
    monkeypatch.setenv("KERAS_BACKEND", variable or "")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    monkeypatch.setenv("HDF5_USE_FILE_LOCKING", "")
    for name in environment.FAKES:
        monkeypatch.delenv(name, raising=False)
    assert environment.prepare(option=option, spec=spec) == chosen
    assert os.environ["KERAS_BACKEND"] == chosen


def test_a_backend_that_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentStop, match="not installed") as caught:
        environment.prepare(option="jax", spec=None)
    assert "saliency-audit[jax]" in str(caught.value)


def test_frameworks_start_without_chatter(repository: Path) -> None:
    code = (
        "from audit.cli.environment import prepare, start_keras\n"
        "import os, sys\n"
        "prepare(option=None, spec=None)\n"
        "start_keras()\n"
        "sys.stderr.write('words still arrive')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("", "words still arrive")


def test_chatter_is_not_what_an_interruption_says(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def stopped(name: str) -> None:
        os.write(2, b"what the library said\n")
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "import_module", stopped)
    with pytest.raises(KeyboardInterrupt):
        environment.start_keras()
    assert capfd.readouterr().err == ""


def test_a_framework_that_cannot_start_is_heard(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(name: str) -> None:
        os.write(2, b"what the library said\n")
        raise ImportError(name)

    monkeypatch.setattr(environment, "import_module", fail)
    with pytest.raises(EnvironmentStop, match="cannot be imported") as caught:
        environment.start_keras()
    assert caught.value.code == "E023" and "ImportError: keras" in str(caught.value)
    assert "what the library said" in capfd.readouterr().err
