"""The words of a figure: names that do not overlap, thresholds, the places along an axis. Never read as formulas."""

from collections.abc import Sequence
from typing import Any, Literal

from audit.record import Criterion, record
from audit.report.figures.style import INK, NAME, NOTE, PAPER, QUIET
from audit.report.words import number, shorten

NAMED = 8  # methods at the ends of lines: more names would stand on each other
_LISTED = 5  # of more ends than that


Worst = Literal["highest", "lowest"]
"""Which end of the scale is the worst for a method."""


@record
class End:
    """Where a line ends, and whose it is."""

    value: float
    name: str
    colour: str
    control: bool


def beside(axes: Any, at: tuple[float, float], text: str, *, offset: tuple[int, int], ha: str = "left") -> None:
    """Write beside a point, on a scrap of paper where lines run below."""
    scrap = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 0.6}
    where: dict[str, Any] = {"xytext": offset, "textcoords": "offset points", "ha": ha, "zorder": 5}
    ink = INK
    axes.annotate(shorten(text, 60), at, **where, color=ink, fontsize=NOTE, parse_math=False, bbox=scrap)


def threshold(limit: Criterion) -> str:
    """Return a threshold in words, as ``mean at most 0.50``."""
    return f"{limit.name} {limit.relation.replace('_', ' ')} {number(limit.threshold)}"


def axis_names(axes: Any, across: str, up: str = "") -> None:
    """Name what the numbers along the axes are."""
    axes.set_xlabel(shorten(across, 90), color=QUIET, parse_math=False)
    axes.set_ylabel(shorten(up, 60), color=QUIET, parse_math=False)


def ticks(axes: Any, labels: Sequence[str]) -> None:
    """Name the places; of many, every second or third, the last always."""
    step = -(-len(labels) // 16)
    shown = sorted({*range(0, len(labels), step), len(labels) - 1})
    names = [shorten(labels[place], 14) for place in shown]
    slanted = len(names) > 6 or max(map(len, names)) * len(names) > 60
    slant: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
    if slanted:
        box = axes.get_position()
        axes.set_position((box.x0, box.y0 + 0.09, box.width, box.height - 0.09))  # room for the slanted names
    axes.set_xticks(shown, names, fontsize=NAME, color=INK, parse_math=False, **slant)


def names(axes: Any, ends: Sequence[End], worst: Worst = "highest") -> None:
    """Write each name at the end of its line, moved apart where they would overlap; of many, only the worst."""
    low, high = axes.get_ylim()
    named, rest = chosen(ends, worst)
    levels = [(end.value - low) / (high - low) for end in named]
    heights = apart(levels, gap=0.062)
    leader = {"arrowstyle": "-", "linewidth": 1.0, "shrinkA": 1, "shrinkB": 0, "relpos": (0, 0.5)}
    where = {"xycoords": "axes fraction", "textcoords": "axes fraction", "va": "center", "annotation_clip": False}
    for end, level, height in zip(named, levels, heights, strict=True):
        ink = QUIET if end.control else INK
        arrow = {**leader, "color": end.colour}
        place: dict[str, Any] = {**where, "xytext": (1.035, height), "arrowprops": arrow}
        axes.annotate(called(end.name, end.control), (1.0, level), **place, color=ink, fontsize=NAME, parse_math=False)
    if rest:
        below = min(heights) - 0.075 if min(heights) > 0.15 else max(heights) + 0.075
        axes.text(
            1.035,
            below,
            f"{rest} more: see the table",
            transform=axes.transAxes,
            va="center",
            color=QUIET,
            fontsize=NOTE,
        )


def chosen(ends: Sequence[End], worst: Worst) -> tuple[list[End], int]:
    """Return the ends to name, and how many are left to the table: of many methods the worst, and every control."""
    audited = sorted((end for end in ends if not end.control), key=lambda end: end.value, reverse=worst == "highest")
    if len(audited) <= NAMED:
        return list(ends), 0
    controls = [end for end in ends if end.control][: NAMED - _LISTED]
    return [*audited[:_LISTED], *controls], len(ends) - len(audited[:_LISTED]) - len(controls)


def called(name: str, control: bool) -> str:
    """Return a line's name as a figure writes it."""
    return titled(shorten(name, 22), control)


def titled(name: str, control: bool) -> str:
    """Return a line's name as the table of a figure writes it."""
    return f"{name} (control)" if control else name


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
