"""A drawing as an SVG data URI: the same bytes for the same drawing, text as paths, no font needed."""

import warnings
from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from typing import Any

from audit.record import record
from audit.report.labels import Theme

_FIXED: dict[Any, Any] = {
    "svg.hashsalt": "saliency-audit",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
}


@record
class Figure:
    """A figure in both themes, what it shows in words, and how to read it."""

    light: str
    dark: str
    alt: str
    caption: str


def uri(draw: Callable[[Any, Theme], None], theme: Theme, height: float = 3.6) -> str:
    """Return what ``draw`` puts on a Matplotlib figure 7.6 inches wide, ``height`` inches high."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    file = BytesIO()
    with matplotlib.rc_context(_FIXED), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks is drawn as a box; the tables name it
        figure = Canvas(figsize=(7.6, height))
        canvas = FigureCanvasSVG(figure)
        draw(figure, theme)
        canvas.print_svg(file, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return "data:image/svg+xml;base64," + b64encode(file.getvalue()).decode("ascii")
