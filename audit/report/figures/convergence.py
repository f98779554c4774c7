"""The gap of methods that add up steps, against the number of steps."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from audit.record import Point, RequirementFacts, Verdict
from audit.report.figures import svg
from audit.report.figures.style import BOX, DOTTED, INK, NAME, frame, look, ruled
from audit.report.figures.svg import Figure
from audit.report.figures.text import End, axis_names, beside, names
from audit.report.words import finite, number

_STEPS = " steps"
_COUNT = re.compile(r"[1-9][0-9]{0,8}")
_CAPTION = (
    "Mean gap of the methods that have steps on the audited network, against their number; the dotted line is the "
    "largest gap that is allowed. Only the step count of the audited method is judged."
)


def figures(facts: RequirementFacts, verdicts: Sequence[Verdict]) -> tuple[Figure, ...]:
    """Return the gap against the steps, where any was measured."""
    shown = [(place, verdict.method, _gaps(verdict)) for place, verdict in enumerate(verdicts)]
    shown = [(place, method, gaps) for place, method, gaps in shown if gaps]
    if not shown:
        return ()
    said = "; ".join(f"{method}: {', '.join(f'{number(g, 3)} at {s}' for s, g in gaps)}" for _, method, gaps in shown)
    alt = f"{facts.title}, {facts.quantity} by number of steps. {said}. The table below has every point."
    limit = facts.settings.get("within")
    return (svg.figure(lambda canvas: _plot(canvas, shown, limit, facts.quantity), alt, _CAPTION, height=2.9),)


def without_steps(facts: RequirementFacts, verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Return the verdicts as the other figure shows them: by network, the same for methods with and without steps."""
    if "steps" not in facts.figures:
        return tuple(verdicts)
    return tuple(replace(each, curve=tuple(p for p in each.curve if _steps(p) is None)) for each in verdicts)


def _gaps(verdict: Verdict) -> list[tuple[int, float]]:
    counted = [(_steps(point), point.excess) for point in verdict.curve]
    return sorted((steps, gap) for steps, gap in counted if steps is not None and gap is not None and finite(gap))


def _steps(point: Point) -> int | None:
    count, separator, rest = point.label.partition(_STEPS)
    return int(count) if separator and not rest and _COUNT.fullmatch(count) else None


def _plot(
    canvas: Any, shown: Sequence[tuple[int, str, list[tuple[int, float]]]], limit: float | None, quantity: str
) -> None:
    axes = canvas.add_axes((BOX[0], 0.18, BOX[2], 0.78))
    frame(axes)
    axes.set_xscale("log")
    ends: list[End] = []
    for place, method, gaps in shown:
        steps, values = zip(*gaps, strict=True)
        style_of_line = look(place)
        axes.plot(steps, values, **style_of_line, clip_on=False)
        ends.append(End(value=values[-1], name=method, colour=style_of_line["color"], control=False))
    counts = sorted({steps for *_, gaps in shown for steps, _ in gaps})
    axes.set_xticks(counts, [str(count) for count in counts], fontsize=NAME, color=INK)
    axes.minorticks_off()
    axes.set_xlim(counts[0] * 0.93, counts[-1] * 1.01)
    axes.set_ylim(0, 1.06 * max([limit or 0.0, *(gap for *_, gaps in shown for _, gap in gaps)]) or 1.0)
    ruled(axes.yaxis)
    if limit is not None:
        axes.axhline(limit, **DOTTED)
        beside(axes, (counts[-1], limit), f"at most {number(limit)}", offset=(-2, 3), ha="right")
    names(axes, ends)
    axis_names(axes, "steps (logarithmic)", quantity)
