"""The figures of the report: similarity along a cascade, and one number per method, as deterministic SVG.

Text is plotted as paths, so a figure looks the same in every browser and in the PDF and needs no font; every number of
a figure stands in a table beside it. Each is an image of its own, so no two figures can share an id.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from audit.record import Criterion, Point, Verdict, record
from audit.report.figures import svg
from audit.report.figures.style import (
    BOX,
    CONTROL,
    DOTTED,
    HEIGHT,
    INK,
    OTHER,
    PAPER,
    QUIET,
    ROW,
    frame,
    look,
    rows_box,
    rows_height,
    ruled,
)
from audit.report.figures.svg import Figure, FigureTable
from audit.report.figures.text import NAMED, End, Worst, axis_names, beside, called, names, threshold, ticks
from audit.report.words import finite, shorten

Quantity = Literal["excess", "similarity"]


@record
class Line:
    """One method's curve in a figure."""

    name: str
    points: tuple[Point, ...]
    control: bool
    judged: bool
    index: int  # among the methods, so that a method keeps its colour from figure to figure


@record
class Plot:
    """What a figure shows, before it is plotted."""

    lines: tuple[Line, ...]
    limits: tuple[Criterion, ...]
    quantity: Quantity
    across: str  # what the places along the curve are
    meaning: str = ""  # of the numbers; that of the quantity where empty


def plot(verdicts: Sequence[Verdict], controls: Sequence[Verdict], across: str, meaning: str = "") -> Plot | None:
    """Return what there is to plot, None where no verdict has a number. ``meaning`` names numbers of another kind."""
    judged = [(verdict, False) for verdict in verdicts] + [(verdict, True) for verdict in controls]
    points = [point for verdict, _ in judged for point in verdict.curve]
    quantity: Quantity = "excess" if any(finite(point.excess) for point in points) else "similarity"
    shown = [(index, *each) for index, each in enumerate(judged) if _any(each[0].curve, quantity)]
    lines = tuple(_line(index, verdict, control) for index, verdict, control in shown) + tuple(
        further for index, verdict, control in shown if not control for further in _further(index, verdict)
    )
    limits = {c.name: c for verdict in verdicts for c in verdict.criteria}
    if not lines:
        return None
    return Plot(lines=lines, limits=tuple(limits.values()), quantity=quantity, across=across, meaning=meaning)


def _line(index: int, verdict: Verdict, control: bool) -> Line:
    judged = any(finite(criterion.statistic) for criterion in verdict.criteria)
    return Line(name=verdict.method, points=verdict.curve, control=control, judged=judged, index=index)


def _further(index: int, verdict: Verdict) -> list[Line]:
    """Return the curves that stand beside a method's own, in its colour: other treatments of batch normalisation."""
    beside = [each for each in verdict.references if each.quantity == "similarity" and _any(each.curve, "excess")]
    return [
        Line(
            name=f"{verdict.method}, {each.name.rpartition(': ')[2]}",
            points=each.curve,
            control=False,
            judged=False,
            index=index,
        )
        for each in beside
    ]


def curved(plotted: Plot) -> bool:
    """Return whether there are curves to plot, not just one number for each method."""
    return max(len(line.points) for line in plotted.lines) > 1


def crowded(plotted: Plot) -> bool:
    """Return whether the curves are too many to name each and to show its interval."""
    return curved(plotted) and sum(not line.control for line in plotted.lines) > NAMED


def nulls(plotted: Plot) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the lowest and the highest null at each place, on the scale of the plot; None where it is no band.

    The excess counts from the larger of two nulls, so that one is 0 there and the band lies below it.
    """
    judged = [line.points for line in plotted.lines if line.judged and not line.control]
    places = max(map(len, judged), default=0)
    found = np.full((len(judged), places, 2), np.nan)
    for row, points in enumerate(judged):
        for place, point in enumerate(points):
            found[row, place] = _null(point, plotted.quantity)
    if places < 2 or plotted.meaning or not np.isfinite(found).all(axis=2).any(axis=0).all():
        return None
    low, high = np.nanmin(found, axis=(0, 2)), np.nanmax(found, axis=(0, 2))
    return (low, high) if (high > low).any() else None


def _null(point: Point, quantity: Quantity) -> tuple[float, float]:
    """Return both nulls of a place on the scale of the quantity."""
    pair = (point.noise, point.shuffled) if quantity == "excess" else (point.null, point.null)
    low, high = (float("nan") if each is None else each for each in pair)
    if quantity == "similarity":
        return low, high
    least, most = min(low, high), max(low, high)
    return (least - most) / (1 - most) if most < 1 else float("nan"), 0.0


def figure(plotted: Plot, alt: str, caption: str, table: FigureTable | None = None) -> Figure:
    """Return a plot as a figure: the same bytes for the same plot."""
    height = HEIGHT if curved(plotted) else rows_height(len(plotted.lines))
    return svg.figure(lambda canvas: _plot(canvas, plotted), alt, caption, height, table)


def _plot(canvas: Any, plotted: Plot) -> None:
    axes = canvas.add_axes(BOX if curved(plotted) else rows_box(canvas.get_figheight()))
    frame(axes)
    if curved(plotted):
        _curves(axes, plotted)
    else:
        _rows(axes, plotted)


def _curves(axes: Any, plotted: Plot) -> None:
    """Draw one line per method over the places of the curve, its interval as a band, its name at its end."""
    ends: list[End] = []
    longest = max(plotted.lines, key=lambda line: len(line.points)).points
    for line in plotted.lines:
        style_of_line = {**style(line), **({"markevery": (line.index % 3, 3)} if crowded(plotted) else {})}
        values = _values(line.points, plotted.quantity)
        places = np.arange(len(values))
        axes.plot(places, values, **style_of_line, clip_on=False, zorder=2 if line.control else 3)
        if not crowded(plotted):
            _band(axes, line, plotted.quantity, style_of_line["color"])
        last = int(np.flatnonzero(np.isfinite(values))[-1])
        if last == len(longest) - 1:
            end = End(value=float(values[last]), name=line.name, colour=style_of_line["color"], control=line.control)
            ends.append(end)
        else:
            beside(axes, (last, float(values[last])), f"{shorten(line.name, 22)}, undefined after", offset=(7, 2))
    axes.set_xlim(-0.15, len(longest) - 0.85)
    axes.set_ylim(*_span(plotted))
    ruled(axes.yaxis)
    _limits(axes, plotted, len(longest))
    ticks(axes, [point.label for point in longest])
    names(axes, ends, _worst(plotted.limits))
    axis_names(axes, plotted.across, _meaning(plotted))


def style(line: Line) -> dict[str, Any]:
    """Return a line's look: controls grey and dashed, what was not judged thin with hollow markers."""
    if line.control:
        return dict(CONTROL)
    found = look(line.index)
    return found if line.judged else {**found, "linewidth": 0.9, "markerfacecolor": PAPER}


def _worst(limits: Sequence[Criterion]) -> Worst:
    return "lowest" if any(limit.relation == "at_least" for limit in limits) else "highest"


def _band(axes: Any, line: Line, quantity: Quantity, colour: str) -> None:
    if line.control or not line.judged or quantity != "excess":
        return
    low, high = (np.array([_end(point, side) for point in line.points]) for side in (0, 1))
    axes.fill_between(np.arange(len(low)), low, high, color=colour, alpha=0.15, linewidth=0)


def _end(point: Point, side: int) -> float:
    return point.interval[side] if point.interval is not None and finite(point.interval[side]) else np.nan


def _limits(axes: Any, plotted: Plot, places: int) -> None:
    """Draw each threshold where it applies, and the null where the excess is zero."""
    right = places - 0.85
    band = nulls(plotted)
    if band is not None:
        axes.fill_between(np.arange(len(band[0])), *band, color=OTHER, alpha=0.25, linewidth=0, zorder=1)
    if plotted.quantity == "excess" and not plotted.meaning:
        axes.axhline(0, color=QUIET, linewidth=0.9)
        beside(axes, (-0.13, 0), "null: noise alone", offset=(0, 3))
    for limit in plotted.limits:
        last = limit.name == "last"
        left = right - 0.6 if last else -0.15
        axes.plot([left, right], [limit.threshold] * 2, **DOTTED, zorder=4)
        crowded = last and any(
            0 <= other.threshold - limit.threshold < 0.08 for other in plotted.limits if other != limit
        )
        beside(axes, (right, limit.threshold), threshold(limit), offset=(-2, -10 if crowded else 3), ha="right")


def _rows(axes: Any, plotted: Plot) -> None:
    """Draw one row per method: its number and its interval against the threshold."""
    for row, line in enumerate(plotted.lines):
        style_of_line = style(line) | {"linestyle": "none", "marker": "o", "markersize": 6}
        value = _values(line.points, plotted.quantity)
        low, high = _end(line.points[0], 0), _end(line.points[0], 1)
        axes.plot([low, high], [row, row], color=style_of_line["color"], linewidth=2)
        axes.plot(value, [row], **style_of_line)
    axes.set_ylim(len(plotted.lines) - 0.5, -0.5)
    written = [called(line.name, line.control) for line in plotted.lines]
    axes.set_yticks(range(len(written)), written, color=INK, fontsize=ROW, parse_math=False)
    ruled(axes.xaxis)
    for limit in plotted.limits:
        axes.axvline(limit.threshold, **DOTTED)
        beside(axes, (limit.threshold, -0.5), threshold(limit), offset=(0, 4), ha="center")
    axis_names(axes, _meaning(plotted))


def _values(points: Sequence[Point], quantity: Quantity) -> np.ndarray:
    found = [getattr(point, quantity) for point in points]
    return np.array([value if finite(value) else np.nan for value in found], dtype=np.float64)


def _any(points: Sequence[Point], quantity: Quantity) -> bool:
    return bool(np.isfinite(_values(points, quantity)).any())


def _span(plotted: Plot) -> tuple[float, float]:
    """Return the ends of the scale: 0 and every number are on it, and 1 where similarities are plotted."""
    judged = [line for line in plotted.lines if line.judged and not line.control]
    ends = [_end(point, side) for line in judged for point in line.points for side in (0, 1)]
    values = [*ends, *(v for line in plotted.lines for v in _values(line.points, plotted.quantity)), 0.0]
    values += [limit.threshold for limit in plotted.limits] + ([] if plotted.meaning else [1.0])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = 0.04 * ((high - low) or 1.0)
    return low - margin, high + margin


def _meaning(plotted: Plot) -> str:
    named = {"excess": "excess of similarity over the null", "similarity": "similarity"}
    return plotted.meaning or named[plotted.quantity]
