"""history.jsonl: one line per run, whole lines only, and the same results make no new line."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from audit.errors import EnvironmentStop
from audit.record import PastRun
from audit.report.words import counts
from audit.running import history
from tests.report import examples


def line(digest: str, audit: str = "digits-cnn") -> PastRun:
    made = history.line_of(examples.audit(), digest, "2026-01-31T12:00:00+00:00")
    return replace(made, audit=audit)


def test_a_line_says_how_the_audit_ended(tmp_path: Path) -> None:
    file = tmp_path / "runs" / "history.jsonl"
    history.append(file, line("a"))
    (text,) = file.read_text().splitlines()
    assert json.loads(text) == {
        "audit": "digits-cnn",
        "counts": counts(examples.audit()),
        "date": "2026-01-31T12:00:00+00:00",
        "digest": "a",
        "exit_code": 1,
        "model": "3f5a" * 16,
        "outcome": "fail",
    }
    assert history.read(file) == (line("a"),)


def test_the_same_results_make_no_new_line(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    for each in (line("a"), line("a"), line("x", "other"), line("a"), line("b"), line("a")):
        history.append(file, each)
    assert [each.digest for each in history.read(file)] == ["a", "x", "b", "a"]


def test_earlier_runs_are_those_of_the_audit_before_these_results() -> None:
    lines = (line("a"), line("x", "other"), line("b"))
    assert history.earlier(lines, line("b")) == history.earlier(lines[:2], line("b")) == (line("a"),)
    assert history.earlier((*lines, line("a")), line("a")) == (line("a"), line("b"))
    many = tuple(line(str(number)) for number in range(100))
    assert history.earlier(many, line("new")) == many[-history.MOST :]


def test_a_torn_line_is_passed_over_and_the_next_one_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    history.append(file, line("a"))
    with file.open("ab") as opened:
        opened.write(b'{"audit": "dig')
    history.append(file, line("b"))
    assert [each.digest for each in history.read(file)] == ["a", "b"]


def test_many_writers_leave_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    writers = [threading.Thread(target=history.append, args=(file, line(str(number)))) for number in range(12)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(each.digest for each in history.read(file)) == sorted(map(str, range(12)))


def test_a_history_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentStop, match="cannot write the history"):
        history.append(tmp_path / "file" / "history.jsonl", line("a"))
    assert history.read(tmp_path / "none") == ()
