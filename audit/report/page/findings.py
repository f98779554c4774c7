"""What the summary leaves open: who excused what, and what was not measured."""

from collections.abc import Iterator

from audit.record import Audit, record
from audit.report.words import kind_of, standing


@record
class Granted:
    """A waiver as the spec declares it, and the number of verdicts that it excuses."""

    method: str
    check: str
    until: str
    by: str
    reason: str
    verdicts: int


@record
class Gap:
    """Something that was asked for and has no number."""

    what: str
    of: str
    kind: str
    why: str


def waivers(audit: Audit) -> tuple[Granted, ...]:
    """Return every waiver that the spec declares, in its order; one that excuses nothing has expired or is idle."""
    return tuple(
        Granted(
            method=waiver["method"],
            check=waiver["check"],
            until=str(waiver["until"]),
            by=waiver["by"],
            reason=waiver["reason"],
            verdicts=_excused(audit, waiver["method"], waiver["check"], str(waiver["until"])),
        )
        for waiver in audit.spec.get("waivers") or ()
    )


def _excused(audit: Audit, method: str, check: str, until: str) -> int:
    found = (v for v in audit.verdicts if v.method == method and check in (v.requirement, v.check))
    return sum(v.waived is not None and until in v.waived for v in found)


def gaps(audit: Audit) -> tuple[Gap, ...]:
    """Return what was not measured, and why, in the order of the verdicts; then trainings that failed."""
    return (*_unmeasured(audit), *_untrained(audit))


def _unmeasured(audit: Audit) -> Iterator[Gap]:
    titles = {each.id: each.title for each in audit.requirements}
    for verdict in [*audit.verdicts, *(control.verdict for control in audit.controls)]:
        title = titles.get(verdict.requirement, verdict.requirement)
        if verdict.outcome in ("error", "skipped"):
            kind = standing(kind_of(audit, verdict)).word
            yield Gap(what=verdict.method, of=title, kind=kind, why=verdict.reason)
        if verdict.undefined:
            why = f"{verdict.undefined} of {verdict.total} have no number: a map was constant or not finite."
            yield Gap(what=verdict.method, of=title, kind="Undefined", why=why)


def _untrained(audit: Audit) -> Iterator[Gap]:
    for training in audit.trainings:
        if training.error:
            yield Gap(
                what=f"training, seed {training.seed}", of=f"{training.labels} labels", kind="Error", why=training.error
            )
