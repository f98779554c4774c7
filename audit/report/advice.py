"""What an audit advises on each method, in words that people act on: a function of the verdicts and of nothing else."""

from collections.abc import Callable, Sequence
from typing import Literal

from audit.judging.validity import why
from audit.record import Audit, MethodFacts, Verdict, record
from audit.report.words import Standing, attention, gates, kind_of, methods

Use = Literal["usable", "limits", "avoid"]

SHOWN: dict[Use, Standing] = {
    "usable": Standing(kind="pass", symbol="✓", word="Usable"),
    "limits": Standing(kind="inconclusive", symbol="▲", word="Usable with limits"),
    "avoid": Standing(kind="fail", symbol="✗", word="Do not use"),
}

RULES: dict[Use, str] = {
    "usable": "all controls are as expected, and the method passes every requirement, at least one discriminating.",
    "limits": "all controls are as expected, no gating requirement fails and a discriminating one passes, but "
    "another requirement is inconclusive, does not apply, is waived, or only a warning that is not met.",
    "avoid": "a gating requirement fails or was not tested, no discriminating one passes, or the audit is invalid.",
}
"""A requirement is discriminating if it counts for the gate, a control had to fail it and did, and no map that ignores
the model may pass it."""

_BLIND = ("edge_detector", "input")


@record
class Cause:
    """Verdicts of one method that stand alike: ``kind`` is their outcome, ``note`` what keeps them from gating."""

    kind: str
    note: str
    verdicts: tuple[Verdict, ...]


@record
class Advice:
    """What is advised on one method, why in words, and the verdicts that led to it, the gravest first."""

    method: MethodFacts
    use: Use
    because: str
    causes: tuple[Cause, ...]


def advise(audit: Audit) -> tuple[Advice, ...]:
    """Return the advice on each audited method, in their order: ``RULES`` says how it is reached."""
    open_verdicts = attention(audit)
    return tuple(
        _advice(audit, method, [v for v in open_verdicts if v.method == method.id]) for method in methods(audit)
    )


def _advice(audit: Audit, method: MethodFacts, unmet: Sequence[Verdict]) -> Advice:
    refused = _refusal(audit, method, unmet)
    limits = [text for applies, text in _LIMITS if any(map(applies, unmet))]
    use: Use = "avoid" if refused else "limits" if limits else "usable"
    because = refused or "; ".join(limits) or _all_passed(audit, method)
    return Advice(method=method, use=use, because=because[0].upper() + because[1:] + ".", causes=_causes(audit, unmet))


def _all_passed(audit: Audit, method: MethodFacts) -> str:
    unclaimed = any(each.code == "not-claimed" for each in audit.verdicts if each.method == method.id)
    return "every requirement passes" + (" that asks for what it claims" if unclaimed else "")


def _causes(audit: Audit, unmet: Sequence[Verdict]) -> tuple[Cause, ...]:
    found: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in unmet:
        found.setdefault((kind_of(audit, verdict), _exempt(verdict)), []).append(verdict)
    return tuple(Cause(kind=kind, note=note, verdicts=tuple(alike)) for (kind, note), alike in found.items())


def _exempt(verdict: Verdict) -> str:
    if gates(verdict) or verdict.outcome == "skipped":
        return ""
    return "(waived)" if verdict.waived is not None else "(warning only)"


def _refusal(audit: Audit, method: MethodFacts, unmet: Sequence[Verdict]) -> str:
    """Return why a method must not be used, or nothing."""
    if audit.invalid:
        return f"the audit is invalid: {why(audit.invalid).removesuffix('.')}"
    grave = {verdict.outcome for verdict in unmet if gates(verdict)}
    if "fail" in grave:
        return "it fails a requirement that counts for the gate"
    if "error" in grave:
        return "a requirement that counts for the gate could not be tested"
    return "" if _told(audit, method) else "no discriminating requirement shows that its maps depend on the model"


def _told(audit: Audit, method: MethodFacts) -> bool:
    """Return whether a method passes a discriminating requirement: an edge detector passes some of the others too."""
    failed = {c.requirement for c in audit.controls if c.expected == c.verdict.outcome == "fail"}
    discriminating = failed - {c.requirement for c in audit.controls if c.method in _BLIND and c.expected == "pass"}
    own = (v for v in audit.verdicts if v.method == method.id and v.requirement in discriminating and gates(v))
    return any(kind_of(audit, verdict) == "pass" for verdict in own)


_LIMITS: tuple[tuple[Callable[[Verdict], bool], str], ...] = (
    (lambda v: v.waived is not None, "an exception was granted"),
    (lambda v: gates(v) and v.outcome == "inconclusive", "a requirement is undecided"),
    (lambda v: v.waived is None and v.severity == "warning" and v.outcome != "skipped", "there is a warning"),
    (lambda v: v.outcome == "skipped", "a requirement does not apply"),
)
