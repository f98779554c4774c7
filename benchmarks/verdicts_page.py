"""The measured part of docs/verdicts.md: read, so that it can be extended, and written."""

import re
from collections.abc import Iterable, Mapping

MARK = "<!-- measured -->"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("two_object_task", "planted_shortcut"),
        ("pass / fail / inconclusive", "meets the limit", "wrong passes", "wrong fails", "blind variant"),
    ),
    "cascading_randomization": ("pass / fail / inconclusive", "finds", "passes, does not find", "fails, finds"),
}
"""The tables by check, and their columns beside the method and its inputs."""

Rows = dict[str, dict[str, str]]
"""By check and method: the cells, of which the first says on how many inputs."""

_ROW = re.compile(r"\| `(.*?)` \| (.*) \|")


def read(text: str) -> Rows:
    """Return the rows of a page; a page without a measured part, or with other columns, has none."""
    _, _, measured = text.partition(MARK)
    return {name: dict(_ROW.findall(_after(measured, _heading(name)))) for name in COLUMNS}


def page(text: str, head: str, rows: Rows, methods: Iterable[str], left_out: Mapping[str, str]) -> str:
    """Return a page with its measured part written anew.

    Args:
        text: the page as it is, of which what stands above the mark is kept.
        head: when and where it was measured.
        rows: what was measured.
        methods: the order of the rows; a method without a row is named below the tables.
        left_out: why a method has no row.
    """
    above, order = text.partition(MARK)[0], list(methods)
    tables = [_table(name, {each: found[each] for each in order if each in found}) for name, found in rows.items()]
    missing = [f"- `{each}`: {left_out.get(each, 'not yet')}" for each in order if each not in rows["two_object_task"]]
    last = "## Not measured\n\n" + "\n".join(missing or ["Nothing."])
    return "\n\n".join([f"{above}{MARK}", head, *tables, last]) + "\n"


def total(rows: Iterable[str]) -> str:
    """Return the sums of cells, number by number."""
    cells = list(rows)
    columns = zip(*(map(int, re.findall(r"\d+", each)) for each in cells), strict=True)
    sums = iter([sum(column) for column in columns])
    return re.sub(r"\d+", lambda _: str(next(sums)), cells[0])


def _table(name: str, rows: Mapping[str, str]) -> str:
    lines = [_line(f"`{method}`", cells) for method, cells in rows.items()]
    if rows:
        lines.append(_line("all", "", total(cells.partition(" | ")[2] for cells in rows.values())))
    return "\n".join([_heading(name), *lines])


def _heading(name: str) -> str:
    columns = ("method", "inputs", *COLUMNS[name])
    return f"## {name}\n\n{_line(*columns)}\n{_line(*['---'] * len(columns))}"


def _after(text: str, heading: str) -> str:
    """Return the table under a heading."""
    return text.partition(heading)[2].partition("\n\n")[0]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
