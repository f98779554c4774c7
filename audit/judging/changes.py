"""What changed from one audit to another: pure, from two records."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import isclose
from typing import Any, Literal

from audit.record import Audit, Change, Comparison, Criterion, Shift, Side, Verdict

Kind = Literal["regression", "fix", "new", "gone", "changed", "numbers"]
KINDS: tuple[Kind, ...] = ("regression", "fix", "new", "gone", "changed", "numbers")

_RANK = {"pass": 0, "inconclusive": 1, "error": 2, "fail": 3}
_CLOSE = 1e-3  # of a number: other machines' last digits are no change
_SMALL = 1e-6  # and what is as near to zero as this is zero

Pair = tuple[str, str]
"""(requirement id, method id)."""


def compare(before: Audit, after: Audit, before_digest: str | None, after_digest: str | None = None) -> Comparison:
    """Return what changed, the gravest first, each kind in the order of the audits.

    A verdict that was skipped, or becomes so, is as good as absent: nothing was, or is, decided.
    """
    old, new = _decided(before), _decided(after)
    pairs = dict.fromkeys((*new, *old))
    found = [_change(pair, old.get(pair), new.get(pair)) for pair in pairs]
    changes = [each for each in found if each is not None]
    return Comparison(
        before=_side(before, before_digest),
        after=_side(after, after_digest),
        notes=tuple(_notes(before, after)),
        changes=tuple(sorted(changes, key=lambda change: KINDS.index(change.kind))),
        same=len(found) - len(changes),
    )


def regressed(comparison: Comparison) -> bool:
    """Return whether anything is worse than before: a verdict, or the validity of the audit itself."""
    invalidated = comparison.before.valid and not comparison.after.valid
    return invalidated or any(change.kind == "regression" for change in comparison.changes)


def trimmed(audit: Audit) -> Audit:
    """Return what a comparison needs of an audit: without curves, controls and trainings."""
    verdicts = (replace(each, curve=(), per_input=(), references=()) for each in audit.verdicts)
    return replace(audit, verdicts=tuple(verdicts), controls=(), trainings=(), comparison=None)


def counted(comparison: Comparison) -> dict[str, int]:
    """Return how many changes there are of each kind, kinds without any left out."""
    kinds = [change.kind for change in comparison.changes]
    return {kind: kinds.count(kind) for kind in KINDS if kind in kinds}


def _decided(audit: Audit) -> dict[Pair, Verdict]:
    return {(each.requirement, each.method): each for each in audit.verdicts if each.outcome != "skipped"}


def _change(pair: Pair, old: Verdict | None, new: Verdict | None) -> Change | None:
    """Return what became of one verdict, None where it is as it was."""
    shifts = _shifts(old, new) if old and new else ()
    kind = _kind(old, new) or ("numbers" if shifts else None)
    shown = new or old
    if kind is None or shown is None:
        return None
    return Change(
        requirement=pair[0],
        method=pair[1],
        kind=kind,
        before=_words(old),
        after=_words(new),
        reason=shown.reason,
        shifts=shifts,
    )


def _kind(old: Verdict | None, new: Verdict | None) -> Kind | None:
    if old is None or new is None:
        return "new" if old is None else "gone"
    if old.outcome == new.outcome:
        return "changed" if _words(old) != _words(new) else None
    if new.outcome == "pass":
        return "fix"
    worse = _RANK[new.outcome] > _RANK[old.outcome]
    return "regression" if worse else "changed"


def _words(verdict: Verdict | None) -> str | None:
    if verdict is None:
        return None
    aside = ["waived"] * (verdict.waived is not None) + ["warning"] * (verdict.severity == "warning")
    return f"{verdict.outcome} ({', '.join(aside)})" if aside else verdict.outcome


def _shifts(old: Verdict, new: Verdict) -> tuple[Shift, ...]:
    known = {criterion.name: criterion for criterion in old.criteria}
    pairs = ((known[each.name], each) for each in new.criteria if each.name in known)
    return tuple(Shift(before=was, after=now) for was, now in pairs if _moved(was, now))


def _moved(was: Criterion, now: Criterion) -> bool:
    limits = (was.relation, was.threshold) != (now.relation, now.threshold)
    return limits or not _near(was.statistic, now.statistic)


def _near(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=_CLOSE, abs_tol=_SMALL)


def _side(audit: Audit, digest: str | None) -> Side:
    header: Mapping[str, Any] = audit.spec.get("audit") or {}
    return Side(
        id=str(header.get("id") or ""),
        digest=digest,
        model=audit.facts.network.digest,
        outcome=audit.outcome,
        valid=audit.valid,
        exit_code=audit.exit_code,
    )


def _notes(before: Audit, after: Audit) -> Iterator[str]:
    """Yield what else differs, so that nobody takes it for a change of the explanations."""
    if before.facts.network.digest != after.facts.network.digest:
        yield f"Another model: {before.facts.network.name} before, {after.facts.network.name} now."
    if before.facts.data.digest != after.facts.data.digest:
        yield "Other inputs, or other explained classes."
    was, now = ({each.id: each for each in audit.requirements} for audit in (before, after))
    if set(was) != set(now):
        listed = (
            f"{word} {', '.join(ids)}" for word, ids in (("added", _only(now, was)), ("gone", _only(was, now))) if ids
        )
        yield f"Another set of requirements: {'; '.join(listed)}."
    other = [name for name in was if name in now and was[name].settings != now[name].settings]
    if other:
        yield f"Other settings of {', '.join(other)}."
    if before.provenance.backend != after.provenance.backend:
        yield f"Another backend: {before.provenance.backend} before, {after.provenance.backend} now."


def _only(these: Mapping[str, object], those: Mapping[str, object]) -> list[str]:
    return [name for name in these if name not in those]
