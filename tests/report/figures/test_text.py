"""Names at the ends of lines: which are shown, and where they stand."""

from audit.report.figures import text as labels
from audit.report.figures.text import apart


def test_of_many_lines_the_worst_are_named_and_the_rest_counted() -> None:
    ends = [labels.End(value=place / 30, name=f"m{place}", colour="k", control=place % 10 == 9) for place in range(30)]
    named, rest = labels.chosen(ends, "highest")
    assert [end.name for end in named] == ["m28", "m27", "m26", "m25", "m24", "m9", "m19", "m29"]
    assert rest == 22
    assert [end.name for end in labels.chosen(ends, "lowest")[0]][:3] == ["m0", "m1", "m2"]
    assert labels.chosen(ends[:8], "highest") == (ends[:8], 0)


def test_labels_never_overlap_and_keep_their_order() -> None:
    wanted = [0.99, 1.0, 0.5, 0.51, 0.0, 1.0]
    placed = apart(wanted, gap=0.1)
    ordered = sorted(placed)
    assert all(above - below >= 0.1 - 1e-9 for below, above in zip(ordered, ordered[1:], strict=False))
    assert max(placed) <= 1.0
    assert [placed.index(height) for height in ordered] == sorted(range(6), key=lambda index: wanted[index])
