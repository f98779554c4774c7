"""Reading results.json of another run: what is missing, foreign or newer is one clear error; and diff on the command
line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from audit.cli.commands import main
from audit.errors import InputError
from audit.spec.schema import schema_text
from audit.store.results import read_results
from audit.store.store import file_digest, to_json
from tests.report import examples


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """Two runs: everything passes, and then not everything."""
    for name, audit in (("before", examples.passing()), ("after", examples.audit())):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_bytes(to_json(audit))
    return tmp_path / "before", tmp_path / "after"


def test_results_are_read_back_from_the_folder_or_the_file(runs: tuple[Path, Path]) -> None:
    for path in (runs[1], runs[1] / "results.json"):
        found = read_results(path)
        assert found.audit == examples.audit()
        assert found.digest == file_digest(runs[1] / "results.json")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"\xff\xfe", b"[" * 100_000, b'{"schema_version": 1}'])
def test_what_is_no_results_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "results.json").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_results(tmp_path)
    assert caught.value.code == "R081" and str(tmp_path) in str(caught.value)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="no results found"):
            read_results(path)


def test_what_a_newer_version_wrote_is_refused_and_further_keys_are_passed_over(runs: tuple[Path, Path]) -> None:
    file = runs[0] / "results.json"
    found = json.loads(file.read_bytes())
    file.write_text(json.dumps({**found, "more": 1}))
    assert read_results(file).audit == examples.passing()
    file.write_text(json.dumps({**found, "schema_version": 2, "verdicts": {}}))
    with pytest.raises(InputError) as caught:
        read_results(file)
    assert caught.value.code == "R082"


def test_an_audit_that_an_earlier_version_called_invalid_stays_invalid(runs: tuple[Path, Path]) -> None:
    """Such results state no reason but their sentence; valid ones are read as they are."""
    file = runs[0] / "results.json"
    for audit in (examples.invalid(), examples.passing()):
        earlier = json.loads(to_json(audit))
        del earlier["invalid"]
        file.write_text(json.dumps(earlier))
        found = read_results(file).audit
        assert found.valid == audit.valid and found.verdicts == audit.verdicts
        assert [reason.sentence for reason in found.invalid] == ([] if audit.valid else [audit.sentence])


def test_the_kept_schema_of_results_is_the_generated_one(specs: Path) -> None:
    kept = (specs / "results.v1.schema.json").read_text(encoding="utf-8")
    assert kept == schema_text("results"), "write it anew: make docs"


def diff(*arguments: object) -> int:
    return main(["diff", *map(str, arguments)])


def test_diff_exits_1_on_a_regression_only_where_it_is_asked_to(runs: tuple[Path, Path]) -> None:
    before, after = runs
    assert diff(before, after) == diff(before, before, "--fail-on-regression") == 0
    assert diff(before, after, "--fail-on-regression") == 1
    assert diff(after, before, "--fail-on-regression") == 0


def test_diff_shows_each_change_in_a_table(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    diff(*runs)
    out = capsys.readouterr().out
    (row,) = [line for line in out.splitlines() if "guided_backprop" in line and "cascading" in line]
    assert "▼ Regression" in row and "pass → fail" in row
    assert "9 regressions, 1 gone; 8 unchanged." in out
    assert "Pass (exit code 0) before, fail (exit code 1) now." in out


def test_diff_in_json_holds_both_digests(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    diff(*runs, "--format", "json")
    found = json.loads(capsys.readouterr().out)
    assert [found[side]["digest"] for side in ("before", "after")] == [
        file_digest(run / "results.json") for run in runs
    ]
    assert {change["kind"] for change in found["changes"]} == {"regression", "gone"}


def test_diff_in_markdown_shows_hostile_text_as_text(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    evil = examples.hostile(examples.audit(), "<img>\n# h |a| [l](http://evil.test) @all\x1b[31m")
    (runs[1] / "results.json").write_bytes(to_json(replace(evil, verdicts=evil.verdicts[:6])))
    diff(*runs, "--format", "markdown")
    out = capsys.readouterr().out
    assert "<img" not in out and "](http" not in out and "@all" not in out and "\x1b" not in out
    rows = [line for line in out.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 18 + 6 and {line.replace("\\|", "").count("|") for line in rows} == {6}
    diff(*runs)
    assert "\x1b" not in capsys.readouterr().out
