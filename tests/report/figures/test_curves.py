"""Figures stay legible with many methods, are the same each time, and their dark twins differ in colours alone."""

import re
from base64 import b64decode
from dataclasses import replace

import numpy as np

from audit.record import Point, RequirementFacts, Verdict
from audit.report.figures import charts, convergence, curves, style
from audit.report.figures import stages as strips
from audit.report.figures import text as labels
from audit.report.figures.svg import Figure
from tests.report import examples

COLOUR = re.compile(r"#[0-9a-f]{6}\b")


def cascade() -> list[Verdict]:
    return [verdict for verdict in examples.audit().verdicts if verdict.requirement == examples.CASCADE]


def drawn(verdicts: list[Verdict]) -> Figure:
    plot = curves.plot(verdicts, [], "stages")
    assert plot is not None
    return curves.figure(plot, "a", "b")


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
    ours = {style.INK, style.QUIET, style.PAPER, style.GRID, *style.COLOURS}
    assert len(exchanged) == len({one for one, _ in exchanged}) == len({other for _, other in exchanged})
    assert all(one != other for one, other in exchanged if one in ours)
    assert {one for one, _ in exchanged} <= ours


def test_thirty_methods_look_different() -> None:
    found = [style.look(index) for index in range(30)]
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


def facts(check: str, **changes: object) -> RequirementFacts:
    (found,) = (each for each in examples.audit().requirements if each.id == examples.CASCADE)
    return replace(found, check=check, **changes)


def test_each_stage_of_each_method_is_a_number_in_the_strip() -> None:
    (heat,) = strips.figures(facts("independent_randomization"), cascade(), [])
    stages = ", ".join(f"0.{value} {stage}" for value, stage in zip((31, 16, 8, 4, 2), examples.STAGES, strict=True))
    assert stages.replace("0.8 ", "0.08 ").replace("0.4 ", "0.04 ").replace("0.2 ", "0.02 ") in heat.alt
    assert f"grad_cam: 0.60 {examples.STAGES[0]}, – {examples.STAGES[1]}" in heat.alt
    assert text(heat.light).count("opacity: 0.") >= 4 * len(examples.STAGES)


def test_the_inputs_behind_the_last_mean_are_shown_by_their_quantiles() -> None:
    values = (0.0, None, 0.5, 1.0, float("nan"))
    (spread,) = strips.figures(
        facts("cascading_randomization"), [replace(verdict, per_input=values) for verdict in cascade()], []
    )
    low, median, high = (f"{np.quantile([0, 0.5, 1], share):.2f} at {share:.0%}" for share in (0.05, 0.5, 0.95))
    assert low in spread.alt and median in spread.alt and high in spread.alt and "dotted line" in spread.caption
    assert strips.figures(facts("cascading_randomization"), cascade(), []) == ()
    assert strips.figures(facts("repeatability"), cascade(), []) == ()


def test_the_band_lies_between_two_nulls_and_is_none_for_one() -> None:
    one = curves.plot(cascade(), [], "stages")
    twice = [
        replace(verdict, curve=tuple(replace(point, noise=0.0, shuffled=0.2) for point in verdict.curve))
        for verdict in cascade()
    ]
    two = curves.plot(twice, [], "stages")
    assert one is not None and two is not None
    assert curves.nulls(one) is None
    band = curves.nulls(two)
    assert band is not None
    np.testing.assert_allclose(band, [[-0.25] * 6, [0.0] * 6])


def test_gaps_by_step_stand_apart_from_gaps_by_network() -> None:
    def point(label: str, gap: float) -> Point:
        return Point(label=label, similarity=gap, null=None, excess=gap, interval=None, undefined=0, total=1)

    steps = [point("20 steps", 0.1), point("5 steps", 0.4), point("many steps", 0.3), point("0 steps", 0.2)]
    verdict = replace(cascade()[0], method="m", curve=(*steps, point("a linear network", 0.0)))
    asked = facts("completeness", quantity="relative completeness gap", settings={"within": 0.05})
    (drawn,) = convergence.figures(asked, [verdict])
    assert "m: 0.400 at 5, 0.100 at 20." in drawn.alt
    (left,) = convergence.without_steps(asked, [verdict])
    assert [each.label for each in left.curve] == ["many steps", "0 steps", "a linear network"]
    assert convergence.figures(asked, [left]) == ()
    assert len(charts.figures(asked, [verdict], [], [])) == 2
