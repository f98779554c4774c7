"""The outcomes of an audit over its runs: the earlier ones in the history, and this one."""

from collections.abc import Sequence
from typing import Any

from audit.record import Audit, AuditOutcome, Context, record
from audit.report.figures import svg
from audit.report.figures.style import COLOURS, INK, NAME, OTHER, PAPER, frame
from audit.report.figures.svg import Figure
from audit.report.figures.text import apart
from audit.report.words import clean, counts, standing

_COLOURS = {"pass": COLOURS[0], "fail": COLOURS[1], "error": COLOURS[3], "inconclusive": COLOURS[4]}
_LOWEST = 0.08  # of the axis: a lower part of a bar holds no figure
_CAPTION = "A bar for each run, the newest last; its parts are the numbers of verdicts, which the table names."


@record
class Run:
    """A row of the trend. ``model`` counts the models in the order in which they appear: 1, 1, 2."""

    name: str
    outcome: AuditOutcome
    exit_code: int
    model: int
    counts: dict[str, int]


def trend(audit: Audit, context: Context) -> tuple[Run, ...]:
    """Return the runs, the oldest first and this one last; none where no earlier one is known."""
    if not context.earlier:
        return ()
    digests = [*(each.model for each in context.earlier), audit.facts.network.digest]
    models = list(dict.fromkeys(digests))
    past = [
        Run(
            name=each.date,
            outcome=each.outcome,
            exit_code=each.exit_code,
            model=models.index(each.model) + 1,
            counts=dict(each.counts),
        )
        for each in context.earlier
    ]
    now = Run(
        name="this run",
        outcome=audit.outcome,
        exit_code=audit.exit_code,
        model=models.index(digests[-1]) + 1,
        counts=counts(audit),
    )
    return (*past, now)


def kinds(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return the outcomes that any of the runs has, in the order in which they are shown."""
    found = {kind for run in runs for kind in run.counts}
    known = ("pass", "fail", "inconclusive", "error", "void", "skipped")
    return tuple(kind for kind in known if kind in found)


def figure(runs: Sequence[Run]) -> Figure | None:
    """Return the runs as stacked bars, None where there are none."""
    if not runs:
        return None
    names = kinds(runs)
    said = "; ".join(f"{run.name}: {_said(run, names)}" for run in runs)
    return svg.figure(lambda canvas: _plot(canvas, runs, names), f"Verdicts by run. {said}.", _CAPTION, height=2.6)


def _said(run: Run, names: Sequence[str]) -> str:
    return ", ".join(f"{run.counts[name]} {standing(name).word.lower()}" for name in names if run.counts.get(name))


def _plot(canvas: Any, runs: Sequence[Run], names: Sequence[str]) -> None:
    axes = canvas.add_axes((0.075, 0.16, 0.74, 0.8))
    frame(axes)
    highest = max(sum(run.counts.get(name, 0) for name in names) for run in runs)
    axes.set_ylim(0, max(1, highest))
    floors = [0] * len(runs)
    for name in names:
        heights = [run.counts.get(name, 0) for run in runs]
        colour = _COLOURS.get(name, OTHER)
        axes.bar(range(len(runs)), heights, bottom=floors, width=0.72, color=colour, edgecolor=PAPER)
        _count(axes, floors, heights)
        floors = [floor + height for floor, height in zip(floors, heights, strict=True)]
    _name(axes, [(name, runs[-1].counts.get(name, 0)) for name in names])
    labels = [clean(run.name)[:10] for run in runs]
    step = -(-len(runs) // 6)
    shown = sorted({*range(len(runs) - 1, -1, -step)})
    axes.set_xticks(shown, [labels[place] for place in shown], fontsize=NAME, color=INK, parse_math=False)
    axes.set_yticks([])


def _name(axes: Any, parts: Sequence[tuple[str, int]]) -> None:
    """Write beside the last bar what the parts of all bars are, with their colours, apart where they would overlap."""
    highest = axes.get_ylim()[1]
    levels = [(sum(count for _, count in parts[:place]) + parts[place][1] / 2) / highest for place in range(len(parts))]
    where: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False}
    for (name, _), level in zip(parts, apart(levels, gap=0.09), strict=True):
        axes.plot([1.02], [level], marker="s", markersize=6, color=_COLOURS.get(name, OTHER), **where)
        axes.text(1.035, level, standing(name).word, transform=axes.transAxes, va="center", color=INK, fontsize=NAME)


def _count(axes: Any, floors: Sequence[int], heights: Sequence[int]) -> None:
    """Write each count into its part of the bar."""
    for place, (floor, height) in enumerate(zip(floors, heights, strict=True)):
        if height >= _LOWEST * axes.get_ylim()[1]:
            axes.text(place, floor + height / 2, str(height), ha="center", va="center", fontsize=NAME, color=PAPER)
