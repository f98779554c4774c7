"""The page is its own store: what is written is read back, and a row does not depend on when it was measured."""

from benchmarks.verdicts_page import COLUMNS, MARK, page, read, total

METHODS = ["one", "two: {steps: 3}", "refused"]
CELLS = {
    "two_object_task": "20 of 60 | 1 / 2 / 30 | 1 of 6 | 0 | 4 | 0 / 3 / 4",
    "planted_shortcut": "20 of 60 | 5 / 0 / 0 | 3 of 3 | 0 | 0 | 0 / 0 / 60",
    "cascading_randomization": "20 | 1 / 2 / 0 | 3 | 0 | 2",
}


def rows(*methods):
    return {name: dict.fromkeys(methods, cells) for name, cells in CELLS.items()}


def written(found, text=f"Words.\n{MARK}\n\nan older measurement"):
    return page(text, "Measured today.", found, METHODS, {"refused": "it does not apply"})


def test_what_is_written_is_read_back():
    for methods in ([], METHODS[:1], METHODS[:2]):
        assert read(written(rows(*methods))) == rows(*methods)


def test_what_is_extended_is_what_is_written_in_one_go():
    extended = read(written(rows("two: {steps: 3}")))
    for name, cells in CELLS.items():
        extended[name]["one"] = cells
    assert written(extended, text=written(rows("two: {steps: 3}"))) == written(rows(*METHODS[:2]))


def test_words_above_the_mark_are_kept_and_what_is_below_is_not():
    text = written(rows("one"))
    assert text.startswith(f"Words.\n{MARK}\n\nMeasured today.\n\n## two_object_task\n") and "older" not in text


def test_what_has_no_row_is_named_with_its_reason():
    _, _, last = written(rows("one")).partition("## Not measured\n\n")
    assert last == "- `two: {steps: 3}`: not yet\n- `refused`: it does not apply\n"
    assert written(rows(*METHODS)).endswith("## Not measured\n\nNothing.\n")


def test_a_page_with_other_columns_has_no_rows():
    other = written(rows("one")).replace(f"| {COLUMNS['two_object_task'][1]} |", "| finds it |")
    assert read("")["two_object_task"] == {} and read(other)["two_object_task"] == {}
    assert read(other)["cascading_randomization"] == rows("one")["cascading_randomization"]


def test_the_last_row_is_the_sum():
    assert total(["1 / 2 / 3 | 1 of 6 | 0", "0 / 20 / 4 | 2 of 6 | 7"]) == "1 / 22 / 7 | 3 of 12 | 7"
    text = written(rows(*METHODS[:2]))
    assert "| all |  | 2 / 4 / 60 | 2 of 12 | 0 | 8 | 0 / 6 / 8 |" in text
