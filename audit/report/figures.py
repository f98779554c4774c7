"""The figures of the report: similarity along a cascade, and one number per method, as deterministic SVG.

Text is drawn as paths, so a figure looks the same in every browser and in the PDF and needs no font; every number of a
figure stands in a table beside it. Each is an image of its own, so no two figures can share an id.
"""

import warnings
from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Literal

import numpy as np

from audit.record import Criterion, Point, Verdict, record
from audit.report.words import finite, number, shorten

Theme = Literal["light", "dark"]
Quantity = Literal["excess", "similarity"]

# Okabe and Ito's colours, told apart with every common colour blindness; markers differ too.
_COLOURS = {
    "light": ("#0072B2", "#D55E00", "#009E73", "#AA4499", "#B8860B", "#3A96C8", "#444444"),
    "dark": ("#5AB4F0", "#FF8A3D", "#35C79A", "#E08BC0", "#F0C040", "#9BD4F5", "#D0D0D0"),
}
_INK = {"light": "#22262b", "dark": "#e6e8eb"}
_QUIET = {"light": "#6b727b", "dark": "#9aa3ad"}
_GRID = {"light": "#e3e6ea", "dark": "#343a42"}
_PAPER = {"light": "#ffffff", "dark": "#16191d"}
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


@record
class Line:
    """One method's curve in a figure."""

    name: str
    points: tuple[Point, ...]
    control: bool


@record
class Plot:
    """What a figure shows, before it is drawn."""

    lines: tuple[Line, ...]
    limits: tuple[Criterion, ...]
    quantity: Quantity
    across: str  # what the places along the curve are


def plot(verdicts: Sequence[Verdict], controls: Sequence[Verdict], across: str) -> Plot | None:
    """Return what there is to draw, None where no verdict has a number."""
    judged = [(verdict, False) for verdict in verdicts] + [(verdict, True) for verdict in controls]
    points = [point for verdict, _ in judged for point in verdict.curve]
    quantity: Quantity = "excess" if any(finite(point.excess) for point in points) else "similarity"
    lines = tuple(Line(name=v.method, points=v.curve, control=c) for v, c in judged if _any(v.curve, quantity))
    limits = {c.name: c for verdict in verdicts for c in verdict.criteria}
    return Plot(lines=lines, limits=tuple(limits.values()), quantity=quantity, across=across) if lines else None


def curved(drawn: Plot) -> bool:
    """Return whether there are curves to draw, not just one number for each method."""
    return max(len(line.points) for line in drawn.lines) > 1


def uri(drawn: Plot, theme: Theme) -> str:
    """Return a figure as an SVG data URI: the same bytes for the same plot."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    fixed = {"svg.hashsalt": "saliency-audit", "svg.fonttype": "path", "font.family": "DejaVu Sans", "font.size": 9}
    file = BytesIO()
    with matplotlib.rc_context(fixed), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks is drawn as a box; the tables name it
        figure = Figure(figsize=(7.6, 3.6))
        canvas = FigureCanvasSVG(figure)
        _draw(figure.add_axes((0.075, 0.14, 0.71, 0.84)), drawn, theme)
        canvas.print_svg(file, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return "data:image/svg+xml;base64," + b64encode(file.getvalue()).decode("ascii")


def _draw(axes: Any, drawn: Plot, theme: Theme) -> None:
    _frame(axes, theme)
    if curved(drawn):
        _curves(axes, drawn, theme)
    else:
        _rows(axes, drawn, theme)


def _frame(axes: Any, theme: Theme) -> None:
    axes.set_facecolor("none")
    axes.figure.patch.set_alpha(0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_QUIET[theme])
    axes.tick_params(colors=_INK[theme], length=0, pad=5)
    axes.set_axisbelow(True)


def _curves(axes: Any, drawn: Plot, theme: Theme) -> None:
    """Draw one line per method over the places of the curve, its interval as a band, its name at its end."""
    ends: list[tuple[float, str, str, bool]] = []
    longest = max(drawn.lines, key=lambda line: len(line.points)).points
    coloured = 0
    for line in drawn.lines:
        style = _style(coloured, line.control, theme)
        coloured += not line.control
        values = _values(line.points, drawn.quantity)
        places = np.arange(len(values))
        axes.plot(places, values, **style, clip_on=False, zorder=2 if line.control else 3)
        _band(axes, line, drawn.quantity, style["color"])
        last = int(np.flatnonzero(np.isfinite(values))[-1])
        if last == len(longest) - 1:
            ends.append((float(values[last]), line.name, style["color"], line.control))
        else:
            _text(axes, last, float(values[last]), f"{shorten(line.name, 22)}, undefined after", theme, offset=(7, 2))
    axes.set_xlim(-0.15, len(longest) - 0.85)
    axes.set_ylim(*_span(drawn))
    axes.yaxis.grid(True, color=_GRID[theme], linewidth=0.8)
    _limits(axes, drawn, len(longest), theme)
    _ticks(axes, [point.label for point in longest], theme)
    _names(axes, ends, theme)
    axes.set_xlabel(drawn.across, color=_QUIET[theme])
    axes.set_ylabel(_meaning(drawn.quantity), color=_QUIET[theme])


def _style(index: int, control: bool, theme: Theme) -> dict[str, Any]:
    if control:
        return {"color": _QUIET[theme], "linestyle": (0, (4, 3)), "linewidth": 1.1}
    colour = _COLOURS[theme][index % len(_COLOURS[theme])]
    marker = _MARKERS[(index + index // len(_MARKERS)) % len(_MARKERS)]
    return {"color": colour, "linestyle": "-", "linewidth": 1.8, "marker": marker, "markersize": 4.5}


def _band(axes: Any, line: Line, quantity: Quantity, colour: str) -> None:
    if line.control or quantity != "excess":
        return
    low, high = (np.array([_end(point, side) for point in line.points]) for side in (0, 1))
    axes.fill_between(np.arange(len(low)), low, high, color=colour, alpha=0.15, linewidth=0)


def _end(point: Point, side: int) -> float:
    return point.interval[side] if point.interval is not None and finite(point.interval[side]) else np.nan


def _limits(axes: Any, drawn: Plot, places: int, theme: Theme) -> None:
    """Draw each threshold where it applies, and the null where the excess is zero."""
    right = places - 0.85
    if drawn.quantity == "excess":
        axes.axhline(0, color=_QUIET[theme], linewidth=0.9)
        _text(axes, -0.13, 0, "null: noise alone", theme, offset=(0, 3))
    for limit in drawn.limits:
        last = limit.name == "last"
        left = right - 0.6 if last else -0.15
        axes.plot([left, right], [limit.threshold] * 2, color=_INK[theme], linewidth=1.3, linestyle=":", zorder=4)
        crowded = last and any(
            0 <= other.threshold - limit.threshold < 0.08 for other in drawn.limits if other != limit
        )
        _text(axes, right, limit.threshold, _words(limit), theme, offset=(-2, -10 if crowded else 3), ha="right")


def _words(limit: Criterion) -> str:
    return f"{limit.name} {limit.relation.replace('_', ' ')} {number(limit.threshold)}"


def _text(axes: Any, x: float, y: float, text: str, theme: Theme, *, offset: tuple[int, int], ha: str = "left") -> None:
    """Write beside a point, on a scrap of paper where lines run below."""
    scrap = {"facecolor": _PAPER[theme], "edgecolor": "none", "alpha": 0.75, "pad": 0.6}
    where: dict[str, Any] = {"xytext": offset, "textcoords": "offset points", "ha": ha, "zorder": 5}
    ink = _INK[theme]
    axes.annotate(shorten(text, 60), (x, y), **where, color=ink, fontsize=7.5, parse_math=False, bbox=scrap)


def _ticks(axes: Any, labels: Sequence[str], theme: Theme) -> None:
    """Name the places; of many, every second or third, the last always."""
    step = -(-len(labels) // 16)
    shown = sorted({*range(0, len(labels), step), len(labels) - 1})
    names = [shorten(labels[place], 14) for place in shown]
    slanted = len(names) > 6 or max(map(len, names)) * len(names) > 60
    slant: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
    if slanted:
        axes.set_position((0.075, 0.23, 0.71, 0.75))
    axes.set_xticks(shown, names, fontsize=8, color=_INK[theme], parse_math=False, **slant)


def _names(axes: Any, ends: Sequence[tuple[float, str, str, bool]], theme: Theme) -> None:
    """Write each name at the end of its line, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    heights = apart([(value - low) / (high - low) for value, *_ in ends], gap=min(0.062, 1.0 / max(1, len(ends))))
    for (value, name, colour, control), height in zip(ends, heights, strict=True):
        axes.annotate(
            shorten(name, 22) + (" (control)" if control else ""),
            (1.0, (value - low) / (high - low)),
            xycoords="axes fraction",
            xytext=(1.035, height),
            textcoords="axes fraction",
            va="center",
            color=_QUIET[theme] if control else _INK[theme],
            fontsize=8,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 1.0,
                "shrinkA": 1,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
            parse_math=False,
        )


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """Return heights at least ``gap`` apart and at most 1, in the same order, near the wanted ones."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    placed = list(heights)
    for below, above in zip(order, order[1:], strict=False):
        placed[above] = max(placed[above], placed[below] + gap)
    ceiling = 1.0
    for index in reversed(order):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    return placed


def _rows(axes: Any, drawn: Plot, theme: Theme) -> None:
    """Draw one row per method: its number and its interval against the threshold."""
    coloured = 0
    for row, line in enumerate(drawn.lines):
        style = _style(coloured, line.control, theme) | {"linestyle": "none", "marker": "o", "markersize": 6}
        coloured += not line.control
        value = _values(line.points, drawn.quantity)
        low, high = _end(line.points[0], 0), _end(line.points[0], 1)
        axes.plot([low, high], [row, row], color=style["color"], linewidth=2)
        axes.plot(value, [row], **style)
    axes.set_ylim(len(drawn.lines) - 0.5, -0.5)
    axes.set_position((0.26, 0.14, 0.7, 0.77))
    names = [shorten(line.name, 22) + (" (control)" if line.control else "") for line in drawn.lines]
    axes.set_yticks(range(len(names)), names, color=_INK[theme], fontsize=8.5, parse_math=False)
    axes.xaxis.grid(True, color=_GRID[theme], linewidth=0.8)
    for limit in drawn.limits:
        axes.axvline(limit.threshold, color=_INK[theme], linewidth=1.3, linestyle=":")
        _text(axes, limit.threshold, -0.5, _words(limit), theme, offset=(0, 4), ha="center")
    axes.set_xlabel(_meaning(drawn.quantity), color=_QUIET[theme])


def _values(points: Sequence[Point], quantity: Quantity) -> np.ndarray:
    found = [getattr(point, quantity) for point in points]
    return np.array([value if finite(value) else np.nan for value in found], dtype=np.float64)


def _any(points: Sequence[Point], quantity: Quantity) -> bool:
    return bool(np.isfinite(_values(points, quantity)).any())


def _span(drawn: Plot) -> tuple[float, float]:
    ends = [_end(point, side) for line in drawn.lines for point in line.points for side in (0, 1)]
    values = [*ends, *(v for line in drawn.lines for v in _values(line.points, drawn.quantity)), 0.0, 1.0]
    return float(np.nanmin(values)) - 0.04, float(np.nanmax(values)) + 0.04


def _meaning(quantity: Quantity) -> str:
    return {"excess": "excess of similarity over the null", "similarity": "similarity"}[quantity]
