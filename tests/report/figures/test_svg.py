"""A figure is the same each time, and its dark twin differs in colours alone."""

import re

from audit.report.figures import style
from tests.report.figures.test_curves import cascade, drawn, text

COLOUR = re.compile(r"#[0-9a-f]{6}\b")


def test_figures_are_the_same_each_time_and_hold_no_date() -> None:
    first, second = drawn(cascade()), drawn(cascade())
    assert first == second
    assert "dc:date" not in text(first.light)


def test_the_dark_figure_differs_in_its_colours_alone() -> None:
    figure = drawn(cascade())
    light, dark = text(figure.light), text(figure.dark)
    assert COLOUR.sub("", light) == COLOUR.sub("", dark)
    exchanged = set(zip(COLOUR.findall(light), COLOUR.findall(dark), strict=True))
    ours = {style.INK, style.QUIET, style.PAPER, style.GRID, *style.COLOURS}
    assert len(exchanged) == len({one for one, _ in exchanged}) == len({other for _, other in exchanged})
    assert all(one != other for one, other in exchanged if one in ours)
    assert {one for one, _ in exchanged} <= ours
