"""Which files are opened, and what is said of the others."""

import socket
from pathlib import Path

import pytest

from audit.datasets.table import Table
from audit.errors import InputError, RefusedError
from tests.datasets.test_table import numbers, saved


@pytest.mark.parametrize("path", ["https://example.org/t.csv", "file:///etc/passwd", "t.csv\0", "x" * 5000, "t.csvv"])
def test_only_files_are_opened(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise RuntimeError("a table must not open connections")

    monkeypatch.setattr(socket, "socket", refuse)
    numbers(tmp_path)
    with pytest.raises(InputError, match="does not exist") as caught:
        Table(path=path).load(tmp_path)
    assert caught.value.code == "D020"


def test_a_misspelt_file_is_answered_with_the_nearest(tmp_path: Path) -> None:
    numbers(tmp_path)
    with pytest.raises(InputError, match="did you mean `t.csv`"):
        Table(path="tt.csv").load(tmp_path)


def test_another_kind_of_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\*.csv or \*.parquet"):
        Table(path="t.xlsx").load(saved(tmp_path, "a\n1\n", "t.xlsx"))


def test_a_large_file_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    with (saved(tmp_path, "a\n1\n") / "t.csv").open("r+b") as file:
        file.truncate(2**30 + 1)  # sparse: takes no room
    with pytest.raises(RefusedError, match="bytes"):
        Table(path="t.csv").load(tmp_path)
