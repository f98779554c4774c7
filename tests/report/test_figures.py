"""Figures stay legible with many methods, are the same each time, and their dark twins differ in colours alone."""

import re
from base64 import b64decode
from dataclasses import replace

from audit.record import Verdict
from audit.report import figures, labels, looks
from audit.report.svg import Figure
from tests.report import examples

COLOUR = re.compile(r"#[0-9a-f]{6}\b")


def cascade() -> list[Verdict]:
    return [verdict for verdict in examples.audit().verdicts if verdict.requirement == examples.CASCADE]


def drawn(verdicts: list[Verdict]) -> Figure:
    plot = figures.plot(verdicts, [], "stages")
    assert plot is not None
    return figures.figure(plot, "a", "b")


def text(uri: str) -> str:
    return b64decode(uri.partition(",")[2]).decode()


def test_figures_are_the_same_each_time_and_hold_no_date() -> None:
    first, second = drawn(cascade()), drawn(cascade())
    assert first == second
    assert "dc:date" not in text(first.light)


def test_the_dark_figure_differs_in_its_colours_alone() -> None:
    figure = drawn(cascade())
    light, dark = text(figure.light), text(figure.dark)
    assert COLOUR.sub("", light) == COLOUR.sub("", dark)
    exchanged = set(zip(COLOUR.findall(light), COLOUR.findall(dark), strict=True))
    ours = {looks.INK, looks.QUIET, looks.PAPER, looks.GRID, *looks.COLOURS}
    assert len(exchanged) == len({one for one, _ in exchanged}) == len({other for _, other in exchanged})
    assert all(one != other for one, other in exchanged if one in ours)
    assert {one for one, _ in exchanged} <= ours


def test_thirty_methods_look_different() -> None:
    found = [looks.look(index) for index in range(30)]
    assert len({(each["color"], each["marker"], str(each["linestyle"])) for each in found}) == 30


def test_of_many_lines_the_worst_are_named_and_the_rest_counted() -> None:
    ends = [labels.End(value=place / 30, name=f"m{place}", colour="k", control=place % 10 == 9) for place in range(30)]
    named, rest = labels.chosen(ends, "highest")
    assert [end.name for end in named] == ["m28", "m27", "m26", "m25", "m24", "m9", "m19", "m29"]
    assert rest == 22
    assert [end.name for end in labels.chosen(ends, "lowest")[0]][:3] == ["m0", "m1", "m2"]
    assert labels.chosen(ends[:8], "highest") == (ends[:8], 0)


def test_many_curves_have_no_bands() -> None:
    few = cascade()
    many = [replace(verdict, method=f"{verdict.method}_{turn}") for turn in range(3) for verdict in few]
    assert "FillBetweenPolyCollection" in text(drawn(few).light)
    assert "FillBetweenPolyCollection" not in text(drawn(many).light)
