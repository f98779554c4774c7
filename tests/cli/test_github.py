"""A job of GitHub Actions gets annotations and a summary."""

import os
from pathlib import Path

import pytest

from tests.report import examples


def test_a_job_gets_annotations_and_its_summary_and_nobody_else_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from audit.cli.github import announce
    from audit.record import Context

    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    announce(examples.audit(), Context())
    assert capsys.readouterr().out == ""
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    announce(examples.audit(), Context())
    assert "::error title=" in capsys.readouterr().out
    assert file.read_text().startswith("before\n# ✗ **Fail**")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "none" / "summary.md"))
    announce(examples.audit(), Context())
    assert f"cannot write the step summary: {os.strerror(2)}" in capsys.readouterr().err
