"""A figure as SVG data URIs for light and dark pages: the same bytes for the same figure, text as paths."""

import re
import warnings
from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from typing import Any

from audit.record import record
from audit.report.figures.style import HEIGHT, TEXT, WIDTH, dark

_LONG = re.compile(r"\b[1-9][0-9]*\.[0-9]{3,}")
_UNSEEN = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)
_LINES = re.compile(r"\s*\n\s*")
_FIXED: dict[Any, Any] = {
    "svg.hashsalt": "saliency-audit",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": TEXT,
}


@record
class FigureTable:
    """The numbers of a figure as texts: the first column names a row, the others are numbers."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@record
class Figure:
    """A figure for light and for dark pages, what it shows in words, and how to read it.

    ``table`` holds the numbers that no other table of the section does.
    """

    light: str
    dark: str
    alt: str
    caption: str
    table: FigureTable | None = None


def figure(
    plot: Callable[[Any], None], alt: str, caption: str, height: float = HEIGHT, table: FigureTable | None = None
) -> Figure:
    """Return what ``plot`` puts on a Matplotlib figure ``height`` inches high, in the colours of ``looks``."""
    plotted = _svg(plot, height)
    return Figure(light=_uri(plotted), dark=_uri(dark(plotted)), alt=alt, caption=caption, table=table)


def _svg(plot: Callable[[Any], None], height: float) -> str:
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    file = BytesIO()
    with matplotlib.rc_context(_FIXED), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks is plotted as a box; the tables name it
        canvas = FigureCanvasSVG(Canvas(figsize=(WIDTH, height)))
        plot(canvas.figure)
        canvas.print_svg(file, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _short(file.getvalue().decode())


def _short(svg: str) -> str:
    """Return an SVG without what is invisible: comments, metadata, line ends, and less than hundredths of a point.

    Numbers below 1 stay: they are opacities and scales of letters.
    """
    return _LINES.sub(" ", _LONG.sub(lambda found: f"{float(found[0]):.2f}", _UNSEEN.sub("", svg)))


def _uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode("ascii")
