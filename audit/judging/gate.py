"""The gate: waivers, the exit code, and the audit in one sentence.

exit  outcome        when, the first that holds
3     invalid        the record holds a reason why: a control that contradicts what it must be, say
1     fail           a gating verdict fails
3     error          a gating verdict could not be judged
4     inconclusive   a gating verdict is inconclusive, unless ``gate: {inconclusive: pass}``
5     nothing        no gating verdict passes
0     pass           at least one passes and none of the above

A verdict gates unless its severity is ``warning``, it is waived, or it is skipped. Accepting inconclusive verdicts
does not make them passes: an audit that decided nothing, or whose every verdict is waived, is 5 and never 0. The
sentence names the requirements that no method was tested for.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from audit.judging.validity import why
from audit.record import Criterion, Invalidity, Outcome, Verdict, record


@record
class GateResult:
    """How an audit ends."""

    outcome: Outcome | Literal["invalid", "nothing"]
    exit_code: int
    sentence: str


def waived(verdicts: Sequence[Verdict], waivers: Sequence[Mapping[str, Any]], today: datetime.date) -> list[Verdict]:
    """Mark the verdicts that a waiver in force excuses; the outcome never changes.

    A waiver names a check or a requirement's id, and a method, and holds up to and including its ``until``. An expired
    one is mentioned in the reason and excuses nothing. A verdict that passes or was skipped needs no waiver.
    """
    return [_waive(verdict, waivers, today) for verdict in verdicts]


def _waive(verdict: Verdict, waivers: Sequence[Mapping[str, Any]], today: datetime.date) -> Verdict:
    named = [waiver for waiver in waivers if _names(waiver, verdict)]
    if verdict.outcome in ("pass", "skipped") or not named:
        return verdict
    last = max(named, key=_until)
    if today > _until(last):
        expired = f"A waiver expired on {_until(last)} and no longer excuses it."
        return replace(verdict, reason=f"{verdict.reason} {expired}")
    granted = f"until {_until(last)} by {last.get('by', 'unknown')}: {last.get('reason', 'no reason given')}"
    return replace(verdict, waived=granted)


def _names(waiver: Mapping[str, Any], verdict: Verdict) -> bool:
    return waiver["method"] == verdict.method and waiver["check"] in (verdict.requirement, verdict.check)


def _until(waiver: Mapping[str, Any]) -> datetime.date:
    return datetime.date.fromisoformat(str(waiver["until"]))


def gates(verdict: Verdict) -> bool:
    """Return whether a verdict counts for the exit code."""
    return verdict.severity == "error" and verdict.waived is None and verdict.outcome != "skipped"


_CODES: tuple[tuple[Outcome, int], ...] = (("fail", 1), ("error", 3), ("inconclusive", 4), ("pass", 0))
"""The exit code of each outcome, the gravest first."""


def close(
    verdicts: Sequence[Verdict], invalid: Sequence[Invalidity], inconclusive: Literal["fail", "pass"]
) -> GateResult:
    """Return the outcome, the exit code and the sentence.

    Args:
        verdicts: of the audited methods, waivers marked.
        invalid: the reasons why the audit is invalid.
        inconclusive: whether inconclusive verdicts stop the gate (``fail``) or are accepted (``pass``).
    """
    if invalid:
        sentence = f"The audit is invalid and no method passes: {_continued(why(invalid))}"
        return GateResult(outcome="invalid", exit_code=3, sentence=sentence)
    gating = [verdict for verdict in verdicts if gates(verdict)]
    found = {verdict.outcome for verdict in gating} - ({"inconclusive"} if inconclusive == "pass" else set())
    for outcome, code in _CODES:
        if outcome in found:
            return GateResult(outcome=outcome, exit_code=code, sentence=_sentence(outcome, gating, verdicts))
    return GateResult(outcome="nothing", exit_code=5, sentence=_nothing(verdicts))


_VERBS = {"fail": "fail", "error": "could not be judged", "inconclusive": "are inconclusive", "pass": "pass"}
_AUDIT = {
    "fail": "The audit fails",
    "error": "The audit is in error",
    "inconclusive": "The audit is inconclusive",
    "pass": "The audit passes",
}


def _sentence(outcome: Outcome, gating: Sequence[Verdict], verdicts: Sequence[Verdict]) -> str:
    shared = [verdict for verdict in gating if verdict.outcome == outcome]
    worst = max(shared, key=lambda verdict: max((_beyond(each) for each in verdict.criteria), default=float("-inf")))
    which = "the closest to its limit is" if outcome == "pass" else "the worst is"
    return (
        f"{_AUDIT[outcome]}: {len(shared)} of {len(gating)} gating verdicts {_VERBS[outcome]}{_aside(verdicts)}; "
        f"{which} {worst.method} under {worst.requirement}: {_continued(worst.reason)}"
    )


def _beyond(criterion: Criterion) -> float:
    """Return how far a statistic lies beyond its limit, negative on the required side."""
    if criterion.statistic is None:
        return float("-inf")
    distance = criterion.statistic - criterion.threshold
    return distance if criterion.relation == "at_most" else -distance


def _aside(verdicts: Sequence[Verdict]) -> str:
    excused = sum(verdict.waived is not None for verdict in verdicts)
    warned = sum(v.severity == "warning" and v.outcome not in ("pass", "skipped") for v in verdicts)
    untested = ", ".join(_untested(verdicts))
    parts = [f"{excused} waived"] * bool(excused) + [f"{warned} not passed, as warnings"] * bool(warned)
    parts += [f"no method was tested for {untested}"] * bool(untested)
    return f" ({', '.join(parts)})" if parts else ""


def _untested(verdicts: Sequence[Verdict]) -> list[str]:
    """Return the requirements that every method was skipped for: nothing must look audited that was not."""
    tested = {verdict.requirement for verdict in verdicts if verdict.outcome != "skipped"}
    return [each for each in dict.fromkeys(verdict.requirement for verdict in verdicts) if each not in tested]


def _nothing(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return "Nothing was evaluated: no method was asked for."
    return f"Nothing was decided: none of {len(verdicts)} verdicts counts for the gate and passes{_aside(verdicts)}."


def _continued(reason: str) -> str:
    return reason[:1].lower() + reason[1:]
