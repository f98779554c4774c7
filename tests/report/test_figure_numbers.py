"""Every figure has alternative text, and a table of the page holds every number that it draws."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas

import audit.report
from audit.checks.check import recorded
from audit.record import Audit, Context, PastRun, Point, Reference, Verdict
from audit.registry import find
from audit.report.figures import svg
from audit.report.page.page import page
from tests.report import examples
from tests.report.html import parsed
from tests.report.retrained import FULL, permutations, removals

Made = tuple[Audit, str, list[tuple[Any, svg.Figure]]]
NUMBER = re.compile(r"−?\d+(?:\.\d+)?")


def cascade() -> Audit:
    """Curves between two nulls, with a curve beside each method's own, and a number for each input."""
    return audit_of("cascading_randomization", stages=examples.STAGES, beside=True)


def independent() -> Audit:
    return audit_of("independent_randomization", stages=examples.STAGES)


def repeatability() -> Audit:
    return audit_of("repeatability", stages=())


def convergence() -> Audit:
    labels = ("a linear network", "5 steps", "20 steps", "80 steps")
    made = audit_of("completeness", stages=labels, quantity="relative completeness gap", settings={"within": 0.05})
    return replace(made, verdicts=tuple(replace(each, curve=each.curve[1:]) for each in made.verdicts), controls=())


def trend() -> Audit:
    """Return an audit without any number of its own: what is left is the trend."""
    return replace(
        examples.passing(), verdicts=tuple(replace(v, curve=()) for v in examples.passing().verdicts), controls=()
    )


def audit_of(check: str, stages: tuple[str, ...], *, beside: bool = False, **changes: Any) -> Audit:
    """Return an audit of one requirement in which no two numbers are the same."""
    generator = np.random.default_rng(0)
    whole = examples.audit()

    def numbered(verdict: Verdict) -> Verdict:
        curve = tuple(point(generator, label) for label in ("trained", *stages))
        other = tuple(point(generator, label) for label in ("trained", *stages)) if beside else ()
        references = (Reference(name="a: other statistics", curve=other, quantity="similarity"),) if beside else ()
        inputs = tuple(generator.uniform(0.02, 0.98, 9).tolist())
        return replace(verdict, requirement=check, check=check, curve=curve, references=references, per_input=inputs)

    requirement = replace(
        whole.requirements[0], id=check, check=check, title=check, **{**recorded(find("checks", check)), **changes}
    )
    verdicts = tuple(numbered(each) for each in whole.verdicts if each.requirement == examples.CASCADE)
    controls = tuple(
        replace(each, requirement=check, verdict=numbered(each.verdict))
        for each in whole.controls
        if each.requirement == examples.CASCADE
    )
    return replace(whole, requirements=(requirement,), verdicts=verdicts, controls=controls)


def point(generator: np.random.Generator, label: str) -> Point:
    """Return a point of numbers between 0 and 1, the interval around the excess."""
    low, excess, high = sorted(generator.uniform(0.02, 0.98, 3))
    similarity, null, noise, shuffled = generator.uniform(0.02, 0.7, 4)
    return Point(
        label=label,
        similarity=similarity,
        null=null,
        excess=excess,
        interval=(low, high),
        undefined=0,
        total=9,
        noise=noise,
        shuffled=shuffled,
    )


EARLIER = tuple(
    PastRun(
        date=f"2026-01-0{day}T00:00:00+00:00",
        audit="digits-cnn",
        digest=str(day),
        model="m",
        outcome="fail",
        exit_code=1,
        counts={"pass": 3 + day, "fail": 20 + day},
    )
    for day in (1, 2)
)

CASES: dict[str, tuple[Callable[[], Audit], tuple[str, ...]]] = {
    # by case: the audit, and the axis of each of its figures that carries numbers; "text": they are written
    "curves and inputs": (cascade, ("y", "x")),
    "strip and inputs": (independent, ("y", "text", "x")),
    "one number for each method": (repeatability, ("x",)),
    "gap by steps": (convergence, ("y", "y")),
    "accuracies and areas": (lambda: removals(FULL), ("y", "x")),
    "pairs and trainings": (permutations, ("x", "y")),
    "earlier runs": (trend, ("y",)),
}


@pytest.fixture(scope="module")
def made() -> dict[str, Made]:
    """The page of each case, and what draws each of its figures."""
    return {case: drawn(build()) for case, (build, _) in CASES.items()}


def drawn(audit: Audit) -> Made:
    figures: list[tuple[Any, svg.Figure]] = []
    real = svg.figure

    def spy(draw: Any, *arguments: Any, **named: Any) -> svg.Figure:
        figures.append((draw, real(draw, *arguments, **named)))
        return figures[-1][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(svg, "figure", spy)
        return audit, page(audit, context=Context(earlier=EARLIER if len(audit.requirements) > 1 else ())), figures


def numbers_of(draw: Callable[[Any], None], axis: str) -> list[float]:
    """Return the numbers that a figure shows along an axis: of its lines, bands and bars, or those it writes."""
    canvas = Canvas(figsize=(7, 4))
    draw(canvas)
    (axes,) = canvas.axes
    if axis == "text":
        return [float(text.get_text().replace("−", "-")) for text in axes.texts if NUMBER.fullmatch(text.get_text())]
    place = "xy".index(axis)
    in_data = [line.get_transform().contains_branch_seperately(axes.transData)[place] for line in axes.lines]
    found = [line.get_data()[place] for line, along in zip(axes.lines, in_data, strict=True) if along]
    found += [path.vertices[:, place] for each in axes.collections for path in each.get_paths()]
    found += [[patch.get_height()] for patch in axes.patches]
    values = np.concatenate([np.asarray(each, dtype=float) for each in found])
    return sorted({float(value) for value in values if np.isfinite(value) and value != 0})  # 0: the lines of the null


def tabled(html: str) -> list[str]:
    """Return every number that the page's tables hold to three digits, and every whole one."""
    tables: Iterator[Element] = parsed(html).iter("table")
    texts = ["".join(cell.itertext()) for table in tables for tag in ("td", "th") for cell in table.iter(tag)]
    found = [number.replace("−", "-") for text in texts for number in NUMBER.findall(text)]
    return [number for number in found if len(number.partition(".")[2]) in (0, 3)]


def held(value: float, numbers: list[str], axis: str) -> bool:
    """Whether a number stands in a table: whole, or to its third digit; what a figure writes has two."""
    away = 0.0055 if axis == "text" else 0.0005
    return any(abs(float(each) - value) <= (away if "." in each else 0) + 1e-9 for each in numbers)


def declared(audit: Audit) -> set[float]:
    """Return the limits that a spec declares: they stand beside each verdict and among the requirement's settings."""
    limits = {criterion.threshold for verdict in audit.verdicts for criterion in verdict.criteria}
    settings = audit.requirements[0].settings.values()
    return limits | {float(each) for each in settings if isinstance(each, int | float)}


@pytest.mark.parametrize("case", CASES)
def test_every_number_of_a_figure_stands_in_a_table(case: str, made: dict[str, Made]) -> None:
    audit, html, figures = made[case]
    numbers, limits = tabled(html), declared(audit)
    for (draw, _), axis in zip(figures, CASES[case][1], strict=True):
        shown = [value for value in numbers_of(draw, axis) if value not in limits]
        assert len(shown) >= 3
        assert [value for value in shown if not held(value, numbers, axis)] == []


@pytest.mark.parametrize("case", CASES)
def test_each_figure_is_on_the_page_with_words_in_its_place_and_on_how_to_read_it(
    case: str, made: dict[str, Made]
) -> None:
    _, html, figures = made[case]
    charts = [each for each in parsed(html).iter("figure") if each.get("class") == "chart"]
    assert [image.get("alt") for each in charts for image in each.iter("img")] == [figure.alt for _, figure in figures]
    assert all(len(figure.alt) > 40 and figure.caption for _, figure in figures)


def test_no_figure_is_left_out_here(made: dict[str, Made]) -> None:
    found = {(draw.__module__, draw.__qualname__.partition(".")[0]) for _, _, each in made.values() for draw, _ in each}
    assert found == set(makers())


def makers() -> Iterator[tuple[str, str]]:
    """Yield every function of the report that makes a figure, by its module."""
    folder = Path(*audit.report.__path__)
    for path in folder.rglob("*.py"):
        for function in ast.parse(path.read_text("utf-8")).body:
            if isinstance(function, ast.FunctionDef) and "svg.figure(" in ast.unparse(function):
                yield ".".join(("audit.report", *path.relative_to(folder).with_suffix("").parts)), function.name
