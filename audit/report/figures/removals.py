"""What the checks that remove features show: accuracy against the fraction, and one area per method."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from audit.record import Columns, Point, Reference, RequirementFacts, Verdict, record
from audit.report.figures import svg
from audit.report.figures.curves import Line, Plot, figure, style
from audit.report.figures.style import BOX, INK, NAME, frame, ruled
from audit.report.figures.svg import Figure, FigureTable
from audit.report.figures.text import End, Worst, axis_names, names, titled
from audit.report.words import finite, interval, number

_RANKINGS = ("bernoulli", "sobel", "blurred_random")
_DASHES: tuple[Any, ...] = ((0, (4, 3)), (0, (1, 2)), (0, (7, 2, 1, 2)), (0, (10, 3)))

_ACCURACY = (
    "Lines are methods, bands their 95 % intervals over retrainings and test inputs; grey lines rank features without "
    "a network: bernoulli at random, sobel by edges, blurred_random by blurred noise. Thin dashed lines in a method's "
    "colour are its further curves, named in the table."
)
_AREA = (
    "Points are methods, bars their 95 % intervals over retrainings and test inputs, the dotted line the declared "
    "margin; controls are grey. A method that could not be judged because a precondition was not met has no area."
)


_SIMILARITY = Columns(
    caption="Mean similarity over inputs and seeds, its null, and the excess with its 95 % interval",
    similarity="Similarity",
    null="Null",
    excess="Excess",
)


def columns(facts: RequirementFacts) -> Columns:
    """Return the words for a requirement's table of points."""
    if facts.columns is not None:
        return facts.columns
    if facts.quantity == "similarity":
        return _SIMILARITY
    caption = f"Mean over inputs and seeds with its 95 % interval: {facts.quantity}"
    return Columns(caption=caption, similarity="Measured", null="Null", excess="Judged")


@record
class Course:
    """One curve of accuracy, and how it is plotted."""

    name: str
    points: tuple[Point, ...]
    line: Line
    further: bool  # not the first curve of its method
    dashes: Any = None


def figures(facts: RequirementFacts, verdicts: Sequence[Verdict], controls: Sequence[Verdict]) -> tuple[Figure, ...]:
    """Return the figures of a requirement that removes features; none where nothing was measured."""
    courses = _courses(verdicts, controls)
    if not courses:
        return ()
    places, areas = _places(facts, courses), _areas(verdicts, controls)
    said = "; ".join(f"{each.name} from {_first_last(each.points)}" for each in courses)
    alt = f"{facts.title}, accuracy against the {facts.axis}. {said}. The tables below have every point."
    worst: Worst = "lowest" if "kept" in facts.figures else "highest"
    plotted = svg.figure(lambda canvas: _plot(canvas, courses, places, facts.axis, worst), alt, _ACCURACY)
    return (
        (plotted, figure(areas, _said(facts, areas), _AREA, _areas_table(facts.title, areas))) if areas else (plotted,)
    )


def curves(verdicts: Sequence[Verdict], controls: Sequence[Verdict]) -> tuple[tuple[str, tuple[Point, ...]], ...]:
    """Return every curve of accuracy by its full name, for a table; those that methods share once."""
    return tuple((each.name, each.points) for each in _courses(verdicts, controls))


def _courses(verdicts: Sequence[Verdict], controls: Sequence[Verdict]) -> list[Course]:
    """Return every method's curves and, once for all methods, those of the rankings without a network."""
    made: list[Course] = []
    judged = [(verdict, False) for verdict in verdicts] + [(verdict, True) for verdict in controls]
    for index, (verdict, control) in enumerate(judged):
        own = [each for each in _accuracies(verdict) if not each.name.startswith(_RANKINGS)]
        for place, each in enumerate(own):
            line = Line(name=verdict.method, points=each.curve, control=control, judged=True, index=index)
            made.append(_course(each.name, line, place > 0, -1))
    shared = {r.name: r for verdict, _ in judged for r in _accuracies(verdict) if r.name.startswith(_RANKINGS)}
    for place, (name, each) in enumerate(shared.items()):
        line = Line(name=name, points=each.curve, control=True, judged=True, index=0)
        made.append(_course(name, line, name not in _RANKINGS, place))
    return made


def _accuracies(verdict: Verdict) -> list[Reference]:
    return [each for each in verdict.references if each.quantity == "accuracy"]


def _course(name: str, line: Line, further: bool, dash: int) -> Course:
    full = f"{line.name} ({name})" if further and line.name != name else line.name
    return Course(name=full, points=line.points, line=line, further=further, dashes=_DASHES[dash % len(_DASHES)])


def _places(facts: RequirementFacts, courses: Sequence[Course]) -> list[float]:
    """Return the fractions of the longest curve; its places by number where the settings do not hold them."""
    longest = max(len(each.points) for each in courses)
    given = [float(each) for each in facts.settings.get("fractions") or () if isinstance(each, int | float)]
    with_start = [0.0] * (longest - len(given)) + given
    return with_start if 0 <= longest - len(given) <= 1 else [float(place) for place in range(longest)]


def _plot(canvas: Any, courses: Sequence[Course], places: Sequence[float], across: str, worst: Worst) -> None:
    axes = canvas.add_axes(BOX)
    frame(axes)
    ends: list[End] = []
    for each in courses:
        x = np.array(places[len(places) - len(each.points) :])  # curves without a start at fraction 0 are shorter
        y, low, high = _numbers(each.points)
        look = _look(each)
        axes.plot(x, y, **look, clip_on=False, zorder=2 if each.line.control else 3)
        if not each.further:
            axes.fill_between(x, low, high, color=look["color"], alpha=0.13, linewidth=0)
            ends.append(End(value=float(y[-1]), name=each.line.name, colour=look["color"], control=each.line.control))
    _scales(axes, courses, places)
    axis_names(axes, across, "accuracy on test inputs")
    names(axes, [end for end in ends if finite(end.value)], worst)


def _look(course: Course) -> dict[str, Any]:
    look = style(course.line)
    if course.line.control:
        return {**look, "linestyle": course.dashes}
    return {**look, "linestyle": (0, (2, 2)), "linewidth": 0.9, "marker": ""} if course.further else look


def _scales(axes: Any, courses: Sequence[Course], places: Sequence[float]) -> None:
    plotted = np.concatenate([np.ravel(_numbers(each.points)[: 1 if each.further else 3]) for each in courses])
    plotted = plotted[np.isfinite(plotted)] if np.isfinite(plotted).any() else np.array([0.0, 1.0])
    low, high = float(plotted.min()), float(plotted.max())
    axes.set_ylim(max(low - 0.05, -0.02), min(high + 0.05, 1.02))
    axes.set_xlim(places[0], places[-1] if len(places) > 1 else places[0] + 1)
    longest = max((each.points for each in courses), key=len)
    labels = [point.label[:14] for point in longest]
    axes.set_xticks(list(places), labels, fontsize=NAME, color=INK, parse_math=False)
    ruled(axes.yaxis)


def _numbers(points: Sequence[Point]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return accuracies and both ends of their intervals; NaN where there is none."""
    rows = [(point.similarity, *(point.interval or (None, None))) for point in points]
    mean, low, high = np.array([[np.nan if not finite(each) else each for each in row] for row in rows], float).T
    return mean, low, high


def _areas(verdicts: Sequence[Verdict], controls: Sequence[Verdict]) -> Plot | None:
    """Return one row for each method that has an area, with the margin it must reach."""
    judged = [(verdict, False) for verdict in verdicts] + [(verdict, True) for verdict in controls]
    lines = tuple(
        Line(name=verdict.method, points=(_area(verdict),), control=control, judged=True, index=index)
        for index, (verdict, control) in enumerate(judged)
        if any(finite(criterion.statistic) for criterion in verdict.criteria)
    )
    limits = {(each.name, each.threshold): each for verdict, _ in judged for each in verdict.criteria}
    return (
        Plot(
            lines=lines,
            limits=tuple(limits.values()),
            quantity="excess",
            across="",
            meaning="advantage in accuracy, averaged over the shares",
        )
        if lines
        else None
    )


def _area(verdict: Verdict) -> Point:
    criterion = next(each for each in verdict.criteria if finite(each.statistic))
    return Point(
        label=criterion.name,
        similarity=None,
        null=None,
        excess=criterion.statistic,
        interval=criterion.interval,
        undefined=0,
        total=0,
    )


def _said(facts: RequirementFacts, areas: Plot) -> str:
    said = "; ".join(f"{line.name}: {number(line.points[0].excess)}" for line in areas.lines)
    return f"{facts.title}, area by method. {said}. The table below has every interval."


def _areas_table(title: str, areas: Plot) -> FigureTable:
    rows = ((titled(line.name, line.control), line.points[0]) for line in areas.lines)
    return FigureTable(
        caption=f"{title}: {areas.meaning}, with its 95 % interval over retrainings and test inputs",
        head=("Method", "Area", "95 % interval"),
        rows=tuple((name, number(point.excess, 3), interval(point.interval, 3)) for name, point in rows),
    )


def _first_last(points: Sequence[Point]) -> str:
    first, last = (number(point.similarity) for point in (points[0], points[-1]))
    return f"{first} to {last}"
