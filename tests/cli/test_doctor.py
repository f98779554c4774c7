"""What a machine lacks is found, and each finding says whether audits can run without it."""

from pathlib import Path

import pytest

from audit.cli import doctor
from audit.cli.environment import FAKES


def findings() -> dict[str, tuple[str, bool]]:
    return {each.what: (each.found, each.ok) for each in doctor.examine(deep=False)}


def test_this_machine_can_run_audits_and_every_package_has_its_version() -> None:
    found = findings()
    assert found["python"][1] and found["numpy"][0][0].isdigit() and found["this folder"] == ("writable", True)
    assert not [what for what in found if what.endswith(" devices")]


def test_a_missing_package_is_no_fault_only_where_it_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "installed", lambda package: None)
    found = findings()
    assert found["jax"] == ("not installed", True) and found["numpy"] == ("not installed", False)


@pytest.mark.parametrize("name", FAKES)
def test_a_variable_that_falsifies_audits_is_a_fault(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    assert not findings()[name][1]


def test_an_unknown_backend_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "abacus")
    assert findings()["KERAS_BACKEND"] == ("abacus", False)


def test_a_folder_that_cannot_be_written_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**fields: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refused)
    assert findings()["this folder"] == ("not writable: Permission denied", False)
