"""Which figures a requirement has, and the words beside them: what is drawn, and how it is to be read."""

from collections.abc import Sequence

import numpy as np

from audit.record import LearningCurve, Point, RequirementFacts, Verdict
from audit.report.figures import convergence, learning_curves, removals, stages
from audit.report.figures import curves as plots
from audit.report.figures.svg import Figure, FigureTable
from audit.report.words import number

_CURVES = (
    "Lines are methods, bands their 95 % intervals, dotted lines the declared thresholds (that of the last stage is "
    "drawn at its end), grey dashed lines the controls. Thin lines with hollow markers were measured but not judged."
)
_CROWDED = " Of this many methods the worst are named; the names of the others and all intervals are in the table."
_NULLS = " The grey band holds the nulls: those of the methods, or of noise and of shuffled maps."
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
    drawn = plots.plot(judged, beside, facts.axis, meaning)
    if drawn is None:
        return ()
    said = "; ".join(f"{line.name}: {_course(line.points, drawn.quantity)}" for line in drawn.lines)
    alt = f"{facts.title}, {meaning or drawn.quantity} by method. {said}. The table of numbers below holds every point."
    caption = (_CURVES if plots.curved(drawn) else _ROWS) + (_CROWDED if plots.crowded(drawn) else "")
    band = plots.nulls(drawn)
    table = _nulls_table(facts.title, drawn, band) if band else None
    return (plots.figure(drawn, alt, caption + (_NULLS if band else ""), table),)


def _nulls_table(title: str, drawn: plots.Plot, band: tuple[np.ndarray, np.ndarray]) -> FigureTable:
    places = max((line.points for line in drawn.lines), key=len)
    rows = zip((point.label for point in places), *band, strict=False)  # the band ends where the judged curves do
    return FigureTable(
        caption=f"{title}: the grey band of nulls, as {drawn.quantity}, at each place of the curves",
        head=("Place", "Lowest null", "Highest null"),
        rows=tuple((label, number(low, 3), number(high, 3)) for label, low, high in rows),
    )


def _course(points: Sequence[Point], quantity: str) -> str:
    """Return where a curve starts and where it ends, in words."""
    first, last = (number(getattr(point, quantity)) for point in (points[0], points[-1]))
    return first if len(points) == 1 else f"from {first} to {last}"
