"""The house style of every figure: colours, sizes and the frame, and the dark version of a figure.

A figure is plotted once, in the light colours. Each of them has a counterpart for dark pages, and no two share one, so
the dark figure is the light one with its colours exchanged.
"""

import re
from typing import Any

INK = "#22262b"
QUIET = "#6b727b"
PAPER = "#ffffff"
GRID = "#e3e6ea"
OTHER = "#8a919a"
# Okabe and Ito's colours, told apart with every common colour blindness; markers and dashes differ too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#b8860b", "#3a96c8", "#444444")
_DARK = {
    **{INK: "#e6e8eb", QUIET: "#9aa3ad", PAPER: "#16191d", GRID: "#343a42", OTHER: "#767f89"},
    **dict(zip(COLOURS, ("#5ab4f0", "#ff8a3d", "#35c79a", "#e08bc0", "#f0c040", "#9bd4f5", "#d0d0d0"), strict=True)),
}
_WRITTEN = re.compile(r"(?<=: )#[0-9a-f]{6}\b")  # as Matplotlib writes a colour into a style

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (5, 2, 1, 2)), (0, (2, 1.5)), (0, (8, 2, 1, 2, 1, 2)))
CONTROL: dict[str, Any] = {"color": QUIET, "linestyle": (0, (4, 3)), "linewidth": 1.1}

WIDTH, HEIGHT = 7.6, 3.6  # inches
TEXT, ROW, NAME, NOTE = 9, 8.5, 8, 7.5  # points: axes, rows, ends and places, thresholds
DOTTED: dict[str, Any] = {"color": INK, "linewidth": 1.3, "linestyle": ":"}  # a declared threshold
BOX = (0.075, 0.14, 0.71, 0.84)  # of curves: names stand to the right


def look(index: int) -> dict[str, Any]:
    """Return the colour, marker and dashes of the method at ``index``: no two of 35 share all three."""
    turn, place = divmod(index, len(COLOURS))
    marker = MARKERS[(place + turn) % len(MARKERS)]
    dashes = DASHES[turn % len(DASHES)]
    return {"color": COLOURS[place], "linestyle": dashes, "linewidth": 1.8, "marker": marker, "markersize": 4.5}


def frame(axes: Any) -> None:
    """Leave of the axes only what carries numbers."""
    axes.set_facecolor("none")
    axes.figure.patch.set_alpha(0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    axes.tick_params(colors=INK, length=0, pad=5)
    axes.set_axisbelow(True)


def ruled(axis: Any) -> None:
    """Draw the faint lines of an axis that carries numbers."""
    axis.grid(True, color=GRID, linewidth=0.8)


def rows_box(height: float) -> tuple[float, float, float, float]:
    """Return the place of rows in a figure of any height, in inches: the margins stay as wide as their text."""
    return 0.26, 0.52 / height, 0.7, 1 - 0.82 / height  # names stand to the left


def rows_height(rows: int) -> float:
    """Return the height in inches that keeps the names of rows apart."""
    return max(1.9, 1.0 + 0.23 * rows)


def dark(svg: str) -> str:
    """Return an SVG with each colour of this style exchanged for its counterpart on dark pages."""
    return _WRITTEN.sub(lambda found: _DARK.get(found[0], found[0]), svg)
