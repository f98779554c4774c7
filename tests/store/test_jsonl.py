"""Lines are added whole, even after a crash left one open, and damaged ones are passed over."""

from pathlib import Path

from audit.record import record
from audit.store import jsonl


@record
class Line:
    """A record of the test's own."""

    number: int


def numbers(path: Path, most: int = 10_000) -> list[int]:
    return [each.number for each in jsonl.read(path, Line, most)]


def write(path: Path, *wanted: int) -> None:
    with jsonl.adding(path) as add:
        for number in wanted:
            add(Line(number=number))


def test_lines_come_back_in_order_and_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "lines.jsonl"
    assert numbers(path) == []
    write(path, 1, 2)
    write(path, 3)
    assert numbers(path) == [1, 2, 3] and path.read_text().count("\n") == 3


def test_a_torn_or_foreign_line_is_passed_over_and_the_next_stands_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    write(path, 1)
    path.write_bytes(path.read_bytes() + b'{"other": 1}\n\xff\xfe\n{"number": 2')
    write(path, 3)
    assert numbers(path) == [1, 3]


def test_only_the_end_of_a_long_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    write(path, *range(100))
    size = len(b'{"number":99}\n')
    assert numbers(path, most=3 * size) == [97, 98, 99]
