"""Figures stay legible with many methods, are the same each time, and their dark twins differ in colours alone."""

from base64 import b64decode
from dataclasses import replace

import numpy as np

from audit.checks.check import recorded
from audit.record import RequirementFacts, Verdict
from audit.registry import find
from audit.report.figures import curves
from audit.report.figures.curves import plot
from audit.report.figures.svg import Figure
from tests.report import examples


def cascade() -> list[Verdict]:
    return [verdict for verdict in examples.audit().verdicts if verdict.requirement == examples.CASCADE]


def drawn(verdicts: list[Verdict]) -> Figure:
    plot = curves.plot(verdicts, [], "stages")
    assert plot is not None
    return curves.figure(plot, "a", "b")


def text(uri: str) -> str:
    return b64decode(uri.partition(",")[2]).decode()


def test_many_curves_have_no_bands() -> None:
    few = cascade()
    many = [replace(verdict, method=f"{verdict.method}_{turn}") for turn in range(3) for verdict in few]
    assert "FillBetweenPolyCollection" in text(drawn(few).light)
    assert "FillBetweenPolyCollection" not in text(drawn(many).light)


def facts(check: str, **changes: object) -> RequirementFacts:
    (found,) = (each for each in examples.audit().requirements if each.id == examples.CASCADE)
    return replace(found, check=check, **{**recorded(find("checks", check)), **changes})


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


def test_a_verdict_without_numbers_leaves_no_line() -> None:
    verdicts = examples.audit().verdicts
    empty = [verdict for verdict in verdicts if not verdict.curve]
    assert empty and plot(empty, [], "stages") is None
