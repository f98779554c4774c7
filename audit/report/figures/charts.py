"""Which figures a requirement has, and the words beside them: what is plotted, and how it is to be read."""

from collections.abc import Sequence

import numpy as np

from audit.record import LearningCurve, Point, RequirementFacts, Verdict
from audit.report.figures import convergence, learning_curves, removals, stages
from audit.report.figures import curves as plots
from audit.report.figures.svg import Figure, FigureTable
from audit.report.words import number

_CURVES = (
    "Lines are methods, bands their 95 % intervals, dotted lines the declared thresholds (that of the last stage is "
    "plotted at its end), grey dashed lines the controls. Thin lines with hollow markers were measured but not judged."
)
_CROWDED = " Only the worst of this many methods are labelled; the table names all and has their intervals."
_NULLS = " The grey band contains the nulls: those of the methods, or of noise and of shuffled maps."
_ROWS = "Points are methods, bars their 95 % intervals, the dotted line the declared threshold; controls are grey."


def figures(
    facts: RequirementFacts,
    verdicts: Sequence[Verdict],
    controls: Sequence[Verdict],
    trainings: Sequence[LearningCurve],
) -> tuple[Figure, ...]:
    """Return the figures of the kinds that a requirement's check declares, the curves where they show nothing."""
    made = {
        "curves": lambda: _curves(facts, verdicts, controls),
        "stages": lambda: stages.heat(facts, verdicts, controls),
        "inputs": lambda: stages.spread(facts, verdicts, controls),
        "steps": lambda: convergence.figures(facts, verdicts),
        "removed": lambda: removals.figures(facts, verdicts, controls),
        "kept": lambda: removals.figures(facts, verdicts, controls),
        "pairs": lambda: learning_curves.pairs(verdicts, controls),
        "learning": lambda: learning_curves.learning(facts, trainings),
    }
    return tuple(figure for kind in facts.figures for figure in made[kind]()) or made["curves"]()


def _curves(facts: RequirementFacts, verdicts: Sequence[Verdict], controls: Sequence[Verdict]) -> tuple[Figure, ...]:
    meaning = "" if facts.quantity == "similarity" else facts.quantity
    judged, beside = convergence.without_steps(facts, verdicts), convergence.without_steps(facts, controls)
    plotted = plots.plot(judged, beside, facts.axis, meaning)
    if plotted is None:
        return ()
    said = "; ".join(f"{line.name}: {_course(line.points, plotted.quantity)}" for line in plotted.lines)
    alt = f"{facts.title}, {meaning or plotted.quantity} by method. {said}. The table below has every point."
    caption = (_CURVES if plots.curved(plotted) else _ROWS) + (_CROWDED if plots.crowded(plotted) else "")
    band = plots.nulls(plotted)
    table = _nulls_table(facts.title, plotted, band) if band else None
    return (plots.figure(plotted, alt, caption + (_NULLS if band else ""), table),)


def _nulls_table(title: str, plotted: plots.Plot, band: tuple[np.ndarray, np.ndarray]) -> FigureTable:
    places = max((line.points for line in plotted.lines), key=len)
    rows = zip((point.label for point in places), *band, strict=False)  # the band ends where the judged curves do
    return FigureTable(
        caption=f"{title}: the grey band of nulls, as {plotted.quantity}, at each place of the curves",
        head=("Place", "Lowest null", "Highest null"),
        rows=tuple((label, number(low, 3), number(high, 3)) for label, low, high in rows),
    )


def _course(points: Sequence[Point], quantity: str) -> str:
    """Return where a curve starts and where it ends, in words."""
    first, last = (number(getattr(point, quantity)) for point in (points[0], points[-1]))
    return first if len(points) == 1 else f"from {first} to {last}"
