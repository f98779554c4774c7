"""The figures of re-drawn weights: every stage by every method, and the inputs behind the last mean."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from audit.record import Criterion, RequirementFacts, Verdict, record
from audit.report.figures import svg
from audit.report.figures.style import COLOURS, DOTTED, INK, NOTE, QUIET, ROW, frame, rows_box, rows_height, ruled
from audit.report.figures.svg import Figure, FigureTable
from audit.report.figures.text import axis_names, beside, called, threshold, ticks, titled
from audit.report.words import finite, number

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of the inputs at the last place: the ends of a line and of a bar, and the point."""

_STRONGEST = 0.5  # opacity of a cell: ink stays legible on it in both themes

_HEAT = (
    "Each cell is the excess of similarity over the null with that stage alone re-drawn: the darker the blue, the "
    "less the map changed; orange is below the null; a dash has no number."
)
_UNCOUNTED = (
    " A number in brackets does not count: re-drawing that stage leaves the logits in place, so a map that stays the "
    "same is right to."
)
_SPREAD = (
    "Inputs at the last place of the curve, means over seeds: the point is their median, the bar shows the middle "
    "half, the line the middle 90 %."
)
_SPREAD_TABLE = "quantiles over inputs of the excess at the last place, means over seeds; results.json has every input"
_SPREAD_HEAD = ("Method", "Inputs", "5 %", "25 %", "Median", "75 %", "95 %")
_LIMIT = " The dotted line is the threshold that the mean over inputs must meet there."


@record
class StageRow:
    """A method and its numbers: by stage, or the quantiles over inputs."""

    name: str
    control: bool
    values: tuple[float, ...]  # NaN where there is none
    uncounted: frozenset[int] = frozenset()  # the places of those that do not count


def heat(facts: RequirementFacts, verdicts: Sequence[Verdict], controls: Sequence[Verdict]) -> tuple[Figure, ...]:
    """Return every stage by every method; nothing where no stage has a number."""
    judged = _judged(verdicts, controls)
    stages = list(dict.fromkeys(point.label for verdict, _ in judged for point in verdict.curve[1:]))
    rows = [_stage_row(verdict, control, stages) for verdict, control in judged if verdict.curve]
    if not any(np.isfinite(row.values).any() for row in rows):
        return ()
    said = "; ".join(f"{row.name}: {', '.join(map(' '.join, zip(_cells(row), stages, strict=True)))}" for row in rows)
    alt = f"{facts.title}, excess by stage and method. {said}. The table below has every point."
    caption = _HEAT + (_UNCOUNTED if any(row.uncounted for row in rows) else "")
    height = rows_height(len(rows)) + 0.35
    return (svg.figure(lambda canvas: _draw_heat(canvas, rows, stages, facts.axis), alt, caption, height),)


def _cells(row: StageRow) -> list[str]:
    """Return the numbers of a row as they are written, those that do not count in brackets."""
    written = map(number, row.values)
    return [f"({each})" if place in row.uncounted else each for place, each in enumerate(written)]


def _judged(verdicts: Sequence[Verdict], controls: Sequence[Verdict]) -> list[tuple[Verdict, bool]]:
    """Return verdicts with whether they are of a control."""
    return [(each, False) for each in verdicts] + [(each, True) for each in controls]


def _stage_row(verdict: Verdict, control: bool, stages: Sequence[str]) -> StageRow:
    found = {point.label: point for point in verdict.curve}
    values = tuple(_or_nan(found[stage].excess if stage in found else None) for stage in stages)
    uncounted = frozenset(place for place, stage in enumerate(stages) if stage in found and not found[stage].counts)
    return StageRow(name=verdict.method, control=control, values=values, uncounted=uncounted)


def _listed(names: Sequence[str], values: Sequence[float]) -> str:
    return ", ".join(f"{number(value)} {name}" for name, value in zip(names, values, strict=True))


def _draw_heat(canvas: Any, rows: Sequence[StageRow], stages: Sequence[str], axis: str) -> None:
    axes = _row_axes(canvas, rows)
    size = min(NOTE, 130 / len(stages))
    for place, row in enumerate(rows):
        for stage, (value, written) in enumerate(zip(row.values, _cells(row), strict=True)):
            if np.isfinite(value):
                colour, strength = COLOURS[0 if value >= 0 else 1], _STRONGEST * min(1.0, abs(value))
                axes.barh(place, 0.96, left=stage - 0.48, height=0.88, color=colour, alpha=strength, linewidth=0)
            axes.text(stage, place, written, ha="center", va="center", fontsize=size, color=INK)
    axes.set_xlim(-0.5, len(stages) - 0.5)
    axes.spines["bottom"].set_visible(False)
    ticks(axes, stages)
    axis_names(axes, axis)


def spread(facts: RequirementFacts, verdicts: Sequence[Verdict], controls: Sequence[Verdict]) -> tuple[Figure, ...]:
    """Return the inputs behind the last place of every method's curve; nothing where no input has a number."""
    shown = [(verdict, control) for verdict, control in _judged(verdicts, controls) if _known(verdict)]
    if not shown:
        return ()
    rows = [StageRow(name=verdict.method, control=control, values=quantiles(verdict)) for verdict, control in shown]
    limits = {
        each.threshold: each for verdict in (*verdicts, *controls) for each in verdict.criteria if each.name == "last"
    }
    said = "; ".join(f"{row.name}: {_listed([f'at {share:.0%}' for share in QUANTILES], row.values)}" for row in rows)
    alt = f"{facts.title}, excess of each input at the last place: quantiles by method. {said}. The table has them."
    plotted = list(limits.values())
    caption = _SPREAD + (_LIMIT if plotted else "")
    table = FigureTable(
        caption=f"{facts.title}: {_SPREAD_TABLE}", head=_SPREAD_HEAD, rows=tuple(_input_row(*each) for each in shown)
    )
    height = rows_height(len(rows))
    return (svg.figure(lambda canvas: _plot_spread(canvas, rows, plotted), alt, caption, height, table),)


def _input_row(verdict: Verdict, control: bool) -> tuple[str, ...]:
    values = (number(value, 3) for value in quantiles(verdict))
    return (titled(verdict.method, control), str(len(_known(verdict))), *values)


def quantiles(verdict: Verdict) -> tuple[float, ...]:
    """Return ``QUANTILES`` of the inputs that have a number, none where no input has one."""
    known = _known(verdict)
    return tuple(map(float, np.quantile(known, QUANTILES))) if known else ()


def _known(verdict: Verdict) -> list[float]:
    return [value for value in verdict.per_input if value is not None and finite(value)]


def _plot_spread(canvas: Any, rows: Sequence[StageRow], limits: Sequence[Criterion]) -> None:
    axes = _row_axes(canvas, rows)
    for place, row in enumerate(rows):
        colour = QUIET if row.control else COLOURS[0]
        lowest, low, median, high, highest = row.values
        axes.plot([lowest, highest], [place] * 2, color=colour, linewidth=1)
        axes.plot([low, high], [place] * 2, color=colour, linewidth=5, alpha=0.45, solid_capstyle="butt")
        axes.plot([median], [place], color=colour, marker="o", markersize=4.5)
    ruled(axes.xaxis)
    axes.axvline(0, color=QUIET, linewidth=0.9)
    for limit in limits:
        axes.axvline(limit.threshold, **DOTTED)
        beside(axes, (limit.threshold, -0.5), threshold(limit), offset=(0, 4), ha="center")
    axes.set_xlabel("excess of similarity over the null, by input (0: noise alone)", color=QUIET)


def _row_axes(canvas: Any, rows: Sequence[StageRow]) -> Any:
    axes = canvas.add_axes(rows_box(canvas.get_figheight()))
    frame(axes)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    written = [called(row.name, row.control) for row in rows]
    axes.set_yticks(range(len(rows)), written, color=INK, fontsize=ROW, parse_math=False)
    return axes


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None or not finite(value) else value
