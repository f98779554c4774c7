"""The figures of the report: similarity along a cascade, and one number per method, as deterministic SVG.

Text is drawn as paths, so a figure looks the same in every browser and in the PDF and needs no font; every number of a
figure stands in a table beside it. Each is an image of its own, so no two figures can share an id.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from audit.record import Criterion, Point, Verdict, record
from audit.report import svg
from audit.report.labels import INK, PAPER, QUIET, End, Theme, beside, called, names, threshold, ticks
from audit.report.words import finite, shorten

Quantity = Literal["excess", "similarity"]

# Okabe and Ito's colours, told apart with every common colour blindness; markers differ too.
COLOURS = {
    "light": ("#0072B2", "#D55E00", "#009E73", "#AA4499", "#B8860B", "#3A96C8", "#444444"),
    "dark": ("#5AB4F0", "#FF8A3D", "#35C79A", "#E08BC0", "#F0C040", "#9BD4F5", "#D0D0D0"),
}
GRID = {"light": "#e3e6ea", "dark": "#343a42"}
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


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
    """What a figure shows, before it is drawn."""

    lines: tuple[Line, ...]
    limits: tuple[Criterion, ...]
    quantity: Quantity
    across: str  # what the places along the curve are
    meaning: str = ""  # of the numbers; that of the quantity where empty


def plot(verdicts: Sequence[Verdict], controls: Sequence[Verdict], across: str, meaning: str = "") -> Plot | None:
    """Return what there is to draw, None where no verdict has a number. ``meaning`` names numbers of another kind."""
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
        Line(name=f"{verdict.method}, {each.name.rpartition(': ')[2]}", points=each.curve, control=False, judged=False,
             index=index)
        for each in beside
    ]  # fmt: skip


def curved(drawn: Plot) -> bool:
    """Return whether there are curves to draw, not just one number for each method."""
    return max(len(line.points) for line in drawn.lines) > 1


def uri(drawn: Plot, theme: Theme) -> str:
    """Return a figure as an SVG data URI: the same bytes for the same plot."""
    return svg.uri(lambda figure, theme: _draw(figure.add_axes((0.075, 0.14, 0.71, 0.84)), drawn, theme), theme)


def _draw(axes: Any, drawn: Plot, theme: Theme) -> None:
    frame(axes, theme)
    if curved(drawn):
        _curves(axes, drawn, theme)
    else:
        _rows(axes, drawn, theme)


def frame(axes: Any, theme: Theme) -> None:
    """Leave of the axes only what carries numbers."""
    axes.set_facecolor("none")
    axes.figure.patch.set_alpha(0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(QUIET[theme])
    axes.tick_params(colors=INK[theme], length=0, pad=5)
    axes.set_axisbelow(True)


def _curves(axes: Any, drawn: Plot, theme: Theme) -> None:
    """Draw one line per method over the places of the curve, its interval as a band, its name at its end."""
    ends: list[End] = []
    longest = max(drawn.lines, key=lambda line: len(line.points)).points
    for line in drawn.lines:
        look = style(line, theme)
        values = _values(line.points, drawn.quantity)
        places = np.arange(len(values))
        axes.plot(places, values, **look, clip_on=False, zorder=2 if line.control else 3)
        _band(axes, line, drawn.quantity, look["color"])
        last = int(np.flatnonzero(np.isfinite(values))[-1])
        if last == len(longest) - 1:
            end = End(value=float(values[last]), name=line.name, colour=look["color"], control=line.control)
            ends.append(end)
        else:
            beside(axes, last, float(values[last]), f"{shorten(line.name, 22)}, undefined after", theme, offset=(7, 2))
    axes.set_xlim(-0.15, len(longest) - 0.85)
    axes.set_ylim(*_span(drawn))
    axes.yaxis.grid(True, color=GRID[theme], linewidth=0.8)
    _limits(axes, drawn, len(longest), theme)
    ticks(axes, [point.label for point in longest], theme)
    names(axes, ends, theme)
    axes.set_xlabel(drawn.across, color=QUIET[theme])
    axes.set_ylabel(_meaning(drawn), color=QUIET[theme])


def style(line: Line, theme: Theme) -> dict[str, Any]:
    """Return a line's look: controls grey and dashed, what was not judged thin with hollow markers."""
    if line.control:
        return {"color": QUIET[theme], "linestyle": (0, (4, 3)), "linewidth": 1.1}
    colour = COLOURS[theme][line.index % len(COLOURS[theme])]
    marker = _MARKERS[(line.index + line.index // len(_MARKERS)) % len(_MARKERS)]
    look = {"color": colour, "linestyle": "-", "linewidth": 1.8, "marker": marker, "markersize": 4.5}
    return look if line.judged else {**look, "linewidth": 0.9, "markerfacecolor": PAPER[theme]}


def _band(axes: Any, line: Line, quantity: Quantity, colour: str) -> None:
    if line.control or not line.judged or quantity != "excess":
        return
    low, high = (np.array([_end(point, side) for point in line.points]) for side in (0, 1))
    axes.fill_between(np.arange(len(low)), low, high, color=colour, alpha=0.15, linewidth=0)


def _end(point: Point, side: int) -> float:
    return point.interval[side] if point.interval is not None and finite(point.interval[side]) else np.nan


def _limits(axes: Any, drawn: Plot, places: int, theme: Theme) -> None:
    """Draw each threshold where it applies, and the null where the excess is zero."""
    right = places - 0.85
    if drawn.quantity == "excess" and not drawn.meaning:
        axes.axhline(0, color=QUIET[theme], linewidth=0.9)
        beside(axes, -0.13, 0, "null: noise alone", theme, offset=(0, 3))
    for limit in drawn.limits:
        last = limit.name == "last"
        left = right - 0.6 if last else -0.15
        axes.plot([left, right], [limit.threshold] * 2, color=INK[theme], linewidth=1.3, linestyle=":", zorder=4)
        crowded = last and any(
            0 <= other.threshold - limit.threshold < 0.08 for other in drawn.limits if other != limit
        )
        beside(axes, right, limit.threshold, threshold(limit), theme, offset=(-2, -10 if crowded else 3), ha="right")


def _rows(axes: Any, drawn: Plot, theme: Theme) -> None:
    """Draw one row per method: its number and its interval against the threshold."""
    for row, line in enumerate(drawn.lines):
        look = style(line, theme) | {"linestyle": "none", "marker": "o", "markersize": 6}
        value = _values(line.points, drawn.quantity)
        low, high = _end(line.points[0], 0), _end(line.points[0], 1)
        axes.plot([low, high], [row, row], color=look["color"], linewidth=2)
        axes.plot(value, [row], **look)
    axes.set_ylim(len(drawn.lines) - 0.5, -0.5)
    axes.set_position((0.26, 0.14, 0.7, 0.77))
    written = [called(line.name, line.control) for line in drawn.lines]
    axes.set_yticks(range(len(written)), written, color=INK[theme], fontsize=8.5, parse_math=False)
    axes.xaxis.grid(True, color=GRID[theme], linewidth=0.8)
    for limit in drawn.limits:
        axes.axvline(limit.threshold, color=INK[theme], linewidth=1.3, linestyle=":")
        beside(axes, limit.threshold, -0.5, threshold(limit), theme, offset=(0, 4), ha="center")
    axes.set_xlabel(_meaning(drawn), color=QUIET[theme])


def _values(points: Sequence[Point], quantity: Quantity) -> np.ndarray:
    found = [getattr(point, quantity) for point in points]
    return np.array([value if finite(value) else np.nan for value in found], dtype=np.float64)


def _any(points: Sequence[Point], quantity: Quantity) -> bool:
    return bool(np.isfinite(_values(points, quantity)).any())


def _span(drawn: Plot) -> tuple[float, float]:
    """Return the ends of the scale: 0 and every number are on it, and 1 where similarities are drawn."""
    judged = [line for line in drawn.lines if line.judged and not line.control]
    ends = [_end(point, side) for line in judged for point in line.points for side in (0, 1)]
    values = [*ends, *(v for line in drawn.lines for v in _values(line.points, drawn.quantity)), 0.0]
    values += [limit.threshold for limit in drawn.limits] + ([] if drawn.meaning else [1.0])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = 0.04 * ((high - low) or 1.0)
    return low - margin, high + margin


def _meaning(drawn: Plot) -> str:
    named = {"excess": "excess of similarity over the null", "similarity": "similarity"}
    return drawn.meaning or named[drawn.quantity]
