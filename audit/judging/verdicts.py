"""From evidence to an audit: one verdict per requirement and method, the controls, the gate. Pure, no framework.

Not called ``judge.py``: ``audit.judge`` is the public function, and a module of that name would replace it.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from audit.checks.check import Check, Judgement
from audit.errors import AuditError
from audit.judging import gate
from audit.judging.controls import blocked, controls_of, verdict_on
from audit.judging.learning_curves import histories
from audit.judging.validity import invalidities, why
from audit.record import (
    SCHEMA_VERSION,
    Audit,
    Control,
    Criterion,
    Doubt,
    Evidence,
    Facts,
    Invalidity,
    Provenance,
    RequirementFacts,
    Verdict,
    record,
)
from audit.statistics import holm

Pair = tuple[str, str]
"""(requirement id, method id)."""


@record
class JudgingInput:
    """What was measured, and by what it is judged.

    Args:
        spec: the resolved spec as JSON values; ``waivers`` and ``gate`` are read here, the rest is kept.
        facts: what was measured of the world.
        requirements: each with the check that judges it.
        planned: the unit keys of each (requirement, method) to judge, controls included.
        evidence: by unit key; keys that are absent are missing evidence, an error.
        provenance: where the numbers come from.
        today: on which waivers are in force or expired.
        skipped: why a (requirement, method) is not measured.
    """

    spec: Mapping[str, Any]
    facts: Facts
    requirements: Sequence[tuple[RequirementFacts, Check]]
    planned: Mapping[Pair, Sequence[str]]
    evidence: Mapping[str, Evidence]
    provenance: Provenance
    today: datetime.date
    skipped: Mapping[Pair, Doubt] = field(default_factory=dict[Pair, Doubt])


@record
class _Judged:
    """What one requirement says: of the audited methods, and of its controls."""

    verdicts: tuple[Verdict, ...]
    controls: tuple[Control, ...]


def judge(given: JudgingInput) -> Audit:
    """Decide everything: verdicts, controls, validity, exit code."""
    judged = [_judged(given, requirement, check) for requirement, check in given.requirements]
    controls = tuple(control for each in judged for control in each.controls)
    invalid = invalidities(given.spec, given.facts, controls)
    found = [_voided(verdict, invalid) for each in judged for verdict in each.verdicts]
    verdicts = gate.waived(found, given.spec.get("waivers") or (), given.today)
    options: Mapping[str, Any] = given.spec.get("gate") or {}
    ending = gate.close(verdicts, invalid, options.get("inconclusive", "fail"))
    return Audit(
        schema_version=SCHEMA_VERSION,
        spec=given.spec,
        facts=given.facts,
        requirements=tuple(requirement for requirement, _ in given.requirements),
        verdicts=tuple(verdicts),
        controls=controls,
        provenance=given.provenance,
        invalid=invalid,
        trainings=histories(given.evidence[key] for key in sorted(given.evidence)),
        **vars(ending),
    )


def _judged(given: JudgingInput, requirement: RequirementFacts, check: Check) -> _Judged:
    methods, found = given.facts.methods, _found(given, requirement)
    judged = {method: _verdict(requirement, check, method, each, given.facts) for method, each in found.items()}
    judged |= _skips(given, requirement)
    controls = controls_of(requirement, check, methods, judged, found)
    held = blocked(requirement.check, check, controls)
    audited = [judged[method.id] for method in methods if method.id in judged and not method.control]
    return _Judged(verdicts=tuple(_held_back(verdict, held) for verdict in _adjusted(audited)), controls=controls)


def _found(given: JudgingInput, requirement: RequirementFacts) -> dict[str, list[Evidence]]:
    """Return the evidence there is, by the id of each method that was planned."""
    pairs = ((method.id, given.planned.get((requirement.id, method.id))) for method in given.facts.methods)
    known = given.evidence
    return {method: [known[key] for key in keys if key in known] for method, keys in pairs if keys is not None}


def _verdict(
    requirement: RequirementFacts, check: Check, method: str, evidence: Sequence[Evidence], facts: Facts
) -> Verdict:
    try:
        judgement = check.judge(evidence, facts)
    except AuditError as error:
        judgement = Judgement(outcome="error", reason=f"The evidence cannot be judged: {error.what}.")
    except (KeyError, IndexError, ValueError) as error:  # scores missing or of another length: damaged, or a plug-in's
        judgement = Judgement(outcome="error", reason=f"The evidence is not what the check needs: {error!r}.")
    return verdict_on(requirement, method, _coded(judgement))


def _coded(judgement: Judgement) -> Judgement:
    """Give a plug-in's reason the code of all others, and none to what is decided."""
    code = (judgement.code or "other") if judgement.outcome == "inconclusive" else None
    return judgement if code == judgement.code else replace(judgement, code=code)


def _skips(given: JudgingInput, requirement: RequirementFacts) -> dict[str, Verdict]:
    reasons = {method.id: given.skipped.get((requirement.id, method.id)) for method in given.facts.methods}
    return {
        method: verdict_on(requirement, method, Judgement(outcome="skipped", code=reason.code, reason=reason.text))
        for method, reason in reasons.items()
        if reason is not None
    }


def _adjusted(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Add Holm's adjustment to each criterion, over the methods of the requirement.

    Not over its criteria: all of them must hold, and a conjunction of tests needs no correction.
    """
    names = {criterion.name for verdict in verdicts for criterion in verdict.criteria}
    adjusted: dict[tuple[str, str], float] = {}
    for name in sorted(names):
        found = [(v.method, c.p_value) for v in verdicts for c in v.criteria if c.name == name]
        known = [(method, p) for method, p in found if p is not None]
        values = holm([p for _, p in known])
        adjusted |= {(method, name): value for (method, _), value in zip(known, values, strict=True)}
    return [
        replace(v, criteria=tuple(_with(c, adjusted.get((v.method, c.name))) for c in v.criteria)) for v in verdicts
    ]


def _with(criterion: Criterion, adjusted: float | None) -> Criterion:
    return replace(criterion, p_adjusted=adjusted)


def _held_back(verdict: Verdict, doubt: Doubt | None) -> Verdict:
    """Turn a pass that the controls do not support into inconclusive."""
    if verdict.outcome != "pass" or doubt is None:
        return verdict
    reason = f"{doubt.text} Measured: {verdict.reason}"
    return replace(verdict, outcome="inconclusive", code=doubt.code, reason=reason)


def _voided(verdict: Verdict, invalid: Sequence[Invalidity]) -> Verdict:
    """Turn a pass of an invalid audit into inconclusive."""
    if verdict.outcome != "pass" or not invalid:
        return verdict
    reason = f"The audit is invalid: {why(invalid)} Measured: {verdict.reason}"
    return replace(verdict, outcome="inconclusive", code="invalid", reason=reason)
