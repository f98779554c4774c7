"""summary.md: the verdict, the matrix and the reasons, short enough for a pull request or a job summary."""

from collections.abc import Iterator

from audit.record import Audit
from audit.report.markdown import badge, escaped, matrix
from audit.report.words import (
    about,
    answers,
    attention,
    gates,
    kind_of,
    note,
    standing,
    undecided,
)

LONGEST = 60_000  # bytes: job summaries and comments of code hosts end a little above


def summary(audit: Audit) -> str:
    """Return the summary in Markdown, at most ``LONGEST`` bytes; what is left out is counted."""
    lines, left = [], LONGEST - 200
    blocks = list(_blocks(audit))
    for place, block in enumerate(blocks):
        left -= len(block.encode()) + 1
        if left < 0:
            lines.append(f"\n… and {len(blocks) - place} more lines; the report shows all of them.")
            break
        lines.append(block)
    return "\n".join(lines) + "\n"


def _blocks(audit: Audit) -> Iterator[str]:
    verdict = standing(audit.outcome)
    yield f"# {badge(verdict)}: {escaped(about(audit).get('title') or audit.facts.network.name, 120)}\n"
    yield f"{escaped(audit.sentence, 1000)}\n"
    measured = audit.facts.network.randomness
    if measured and measured.averaged:
        yield f"The model draws random numbers: {escaped(measured.words, 400)}.\n"
    if not audit.valid:
        yield "**The audit is invalid: no verdict below counts as a pass.**\n"
        for reason in audit.invalid:
            yield f"- {badge(standing('invalid'))} {escaped(reason.sentence, 400)} {escaped(reason.fix, 400)}"
        yield ""
    yield f"Model: {escaped(' '.join(answers(audit)), 1000)}\n"
    yield from matrix(audit)
    yield from _open(audit)
    yield from _controls(audit)
    yield f"\nExit code {audit.exit_code}."


def _open(audit: Audit) -> Iterator[str]:
    verdicts = attention(audit)
    if verdicts:
        yield "\n## What needs attention\n"
    for verdict in verdicts:
        remark = f" ({escaped(note(verdict), 120)})" if not gates(verdict) else ""
        place = f"**{escaped(verdict.method, 60)}**, {escaped(verdict.requirement, 60)}"
        yield f"- {badge(standing(kind_of(audit, verdict)))}{remark} {place}: {escaped(verdict.reason, 400)}"


def _controls(audit: Audit) -> Iterator[str]:
    """Yield how many controls got the expected verdict, and those without one; those that contradict it stand above."""
    if not audit.controls:
        return
    good = sum(control.verdict.outcome == control.expected for control in audit.controls)
    yield f"\n## Controls\n\n{good} of {len(audit.controls)} controls got the expected verdict."
    for control in undecided(audit):
        place = f"**{escaped(control.method, 60)}**, {escaped(control.requirement, 60)}"
        yield f"- {badge(standing('inconclusive'))} {place}: no decision, so the requirement cannot pass."
