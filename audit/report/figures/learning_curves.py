"""The figures of retrained networks: each method between its floor and its ceiling, and how they learned."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from audit.record import Audit, Criterion, LearningCurve, Point, RequirementFacts, Verdict, record
from audit.report.figures import svg
from audit.report.figures.style import COLOURS, DOTTED, INK, NAME, PAPER, QUIET, ROW, frame, ruled
from audit.report.figures.svg import Figure
from audit.report.figures.text import beside, called
from audit.report.words import finite, number

_PLACES = 4  # two judged pairs of networks, the ceiling, the floor

_PAIRS = (
    "Filled circles: maps of a network that learned permuted labels against one that learned the true labels; hollow "
    "squares: against the audited model; both with their 95 % intervals and, dotted, the declared threshold. The bar "
    "below runs from two untrained networks (│, the floor) to two networks of the true labels (┃, the ceiling): a "
    "number can only be read between the two. Controls are grey."
)
_LEARNING = (
    "Accuracy on the training data while it was learned, one line for each training: solid for the true labels, dashed "
    "for permuted ones; at its end the accuracy on the test data. The dotted line is the accuracy that counts as "
    "memorised."
)
_UNDEFINED = "no number: see the table"


@record
class LearningCurveRow:
    """One method: its two judged pairs of networks, its ceiling and its floor."""

    name: str
    control: bool
    judged: bool
    points: tuple[Point, ...]


def trainings(audit: Audit, facts: RequirementFacts) -> tuple[LearningCurve, ...]:
    """Return the trainings that a requirement asked for, if it shows how networks learn."""
    seeds = int(facts.settings.get("seeds", 0)) if "learning" in facts.figures else 0
    return tuple(each for each in audit.trainings if each.seed < seeds)


def pairs(verdicts: Sequence[Verdict], controls: Sequence[Verdict]) -> tuple[Figure, ...]:
    """Return the pairs of networks, where any has a number."""
    judged = [(each, False) for each in verdicts] + [(each, True) for each in controls]
    rows = [_row(verdict, control) for verdict, control in judged if len(verdict.curve) == _PLACES]
    if not any(finite(point.excess) for row in rows for point in row.points):
        return ()
    limits = list({each.threshold: each for verdict in verdicts for each in verdict.criteria}.values())
    height = 1.0 + 0.42 * len(rows)
    said = "; ".join(
        f"{row.name}: {', '.join(f'{number(point.excess)} {point.label}' for point in row.points)}" for row in rows
    )
    alt = f"Excess similarity of pairs of networks, by method. {said}. The table below has every point."
    return (svg.figure(lambda canvas: _draw_pairs(canvas, rows, limits), alt, _PAIRS, height),)


def _row(verdict: Verdict, control: bool) -> LearningCurveRow:
    judged = any(finite(criterion.statistic) for criterion in verdict.criteria)
    return LearningCurveRow(name=verdict.method, control=control, judged=judged, points=verdict.curve)


def _draw_pairs(figure: Any, rows: Sequence[LearningCurveRow], limits: Sequence[Criterion]) -> None:
    height = figure.get_figheight()
    axes = figure.add_axes((0.26, 0.55 / height, 0.7, 1 - 0.8 / height))
    frame(axes)
    for place, row in enumerate(rows):
        _draw_row(axes, place, row)
    axes.set_ylim(len(rows) - 0.4, -0.5)
    written = [called(row.name, row.control) for row in rows]
    axes.set_yticks(range(len(rows)), written, color=INK, fontsize=ROW, parse_math=False)
    ruled(axes.xaxis)
    axes.axvline(0, color=QUIET, linewidth=0.9)
    for limit in limits:
        axes.axvline(limit.threshold, **DOTTED)
        text = f"at most {number(limit.threshold)}"
        beside(axes, (limit.threshold, -0.5), text, offset=(0, 4), ha="center")
    axes.set_xlabel("excess of similarity over the null (0: noise alone)", color=QUIET)


def _draw_row(axes: Any, place: int, row: LearningCurveRow) -> None:
    judged, (ceiling, floor) = row.points[:-2], row.points[-2:]
    if not any(finite(point.excess) for point in judged):
        beside(axes, (0, place), _UNDEFINED, offset=(4, -3))
        return
    colour = QUIET if row.control else COLOURS[0]
    ends = [point.excess for point in (floor, ceiling)]
    if all(map(finite, ends)):
        axes.plot(ends, [place + 0.24] * 2, color=QUIET, linewidth=1.2, alpha=0.7)
    for value, width in zip(ends, (1.0, 2.6), strict=True):
        axes.plot([_or_nan(value)] * 2, [place + 0.15, place + 0.33], color=QUIET, linewidth=width)
    for point, height, marker in zip(judged, (-0.18, 0.0), ("o", "s"), strict=True):
        low, high = point.interval or (np.nan, np.nan)
        axes.plot([low, high], [place + height] * 2, color=colour, linewidth=1.4)
        look = {"marker": marker, "markersize": 5.5, "color": colour, "linestyle": "none", "zorder": 3}
        inside = colour if marker == "o" and row.judged else PAPER
        axes.plot([_or_nan(point.excess)], [place + height], **look, markerfacecolor=inside)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None or not finite(value) else value


def learning(facts: RequirementFacts, found: Sequence[LearningCurve]) -> tuple[Figure, ...]:
    """Return the trainings, where any ran."""
    shown = [each for each in found if each.labels != "other" and any(map(finite, each.accuracy))]
    if not shown:
        return ()
    limit = facts.settings.get("memorised")
    said = "; ".join(
        f"{each.labels} labels, seed {each.seed}: {number(each.accuracy[-1])} after {len(each.accuracy)} epochs, "
        f"test {number(each.test_accuracy)}"
        for each in shown
    )
    alt = f"Training accuracy by epoch. {said}. The table of trainings below has every number."
    return (svg.figure(lambda canvas: _draw_learning(canvas, shown, limit), alt, _LEARNING, height=2.9),)


def _draw_learning(figure: Any, found: Sequence[LearningCurve], limit: float | None) -> None:
    axes = figure.add_axes((0.075, 0.18, 0.8, 0.74))
    frame(axes)
    longest = max(len(each.accuracy) for each in found)
    for each in found:
        true = each.labels == "true"
        colour = COLOURS[0 if true else 1]
        values = [_or_nan(value) for value in each.accuracy]
        axes.plot(
            range(1, len(values) + 1), values, color=colour, linewidth=1.5, linestyle="-" if true else (0, (4, 2))
        )
        axes.plot([len(values)], [values[-1]], marker="o", markersize=4, color=colour)
    for labels in ("true", "permuted"):
        _name(axes, [each for each in found if each.labels == labels])
    axes.set_ylim(-0.02, 1.06)
    axes.set_xlim(0.8, longest + max(0.5, 0.02 * longest))
    if limit is not None:
        axes.axhline(limit, **DOTTED)
        beside(axes, (longest, limit), f"memorised {number(limit)}", offset=(8, -3))
    ruled(axes.yaxis)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("epochs", color=QUIET)
    axes.set_ylabel("training accuracy", color=QUIET)


def _name(axes: Any, found: Sequence[LearningCurve]) -> None:
    """Write once, below the last end of a kind of training, what it is and what it reached on the test data."""
    if not found:
        return
    last = max(found, key=lambda each: len(each.accuracy))
    tests = [each.test_accuracy for each in found if each.test_accuracy is not None]
    reached = f", test {number(min(tests))} to {number(max(tests))}" if tests else ""
    where = 0.30 if last.labels == "true" else 0.16
    axes.annotate(
        f"{last.labels} labels{reached}",
        (len(last.accuracy), float(last.accuracy[-1] or 0)),
        xytext=(0.97, where),
        textcoords="axes fraction",
        ha="right",
        fontsize=NAME,
        color=COLOURS[0 if last.labels == "true" else 1],
    )
