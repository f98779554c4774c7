"""Gaps by step stand apart from gaps by network."""

from dataclasses import replace

from audit.record import Point
from audit.report.figures import charts, convergence
from tests.report.figures.test_curves import cascade, facts


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
