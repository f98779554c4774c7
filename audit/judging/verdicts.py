"""From evidence to an audit: one verdict per requirement and method, the controls, the gate. Pure, no framework.

Not called ``judge.py``: ``audit.judge`` is the public function, and a module of that name would replace it.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from audit.checks.check import Check, Judgement
from audit.errors import AuditError
from audit.judging import gate
from audit.judging.controls import blocked, controls_of
from audit.judging.learning_curves import histories
from audit.record import (
    SCHEMA_VERSION,
    Audit,
    Control,
    Criterion,
    Evidence,
    Facts,
    Provenance,
    RequirementFacts,
    Verdict,
)
from audit.statistics import holm

Pair = tuple[str, str]
"""(requirement id, method id)."""


def judge(
    spec: Mapping[str, Any],
    facts: Facts,
    *,
    requirements: Sequence[tuple[RequirementFacts, Check]],
    planned: Mapping[Pair, Sequence[str]],
    evidence: Mapping[str, Evidence],
    provenance: Provenance,
    today: datetime.date,
    skipped: Mapping[Pair, str] | None = None,
) -> Audit:
    """Decide everything: verdicts, controls, validity, exit code.

    Args:
        spec: the resolved spec as JSON values; ``waivers`` and ``gate`` are read here, the rest is kept.
        facts: what was measured of the world.
        requirements: each with the check that judges it.
        planned: the unit keys of each (requirement, method) to judge, controls included.
        evidence: by unit key; keys that are absent are missing evidence, an error.
        provenance: where the numbers come from.
        today: on which waivers are in force or expired.
        skipped: why a (requirement, method) does not apply, in one sentence.
    """
    verdicts: list[Verdict] = []
    controls: list[Control] = []
    for requirement, check in requirements:
        found = _found(requirement, facts, planned, evidence)
        judged = {method: _verdict(requirement, check, method, each, facts) for method, each in found.items()}
        judged |= _skips(requirement, facts, skipped or {})
        own = controls_of(requirement, check, facts.methods, judged, found)
        audited = [judged[method.id] for method in facts.methods if method.id in judged and not method.control]
        verdicts += [_held_back(verdict, blocked(requirement.check, check, own)) for verdict in _adjusted(audited)]
        controls += own
    broken = [control for control in controls if not control.behaves]
    verdicts = gate.waived([_voided(verdict, broken) for verdict in verdicts], spec.get("waivers") or (), today)
    ending = gate.close(verdicts, broken, (spec.get("gate") or {}).get("inconclusive", "fail"))
    return Audit(
        schema_version=SCHEMA_VERSION,
        spec=spec,
        facts=facts,
        requirements=tuple(requirement for requirement, _ in requirements),
        verdicts=tuple(verdicts),
        controls=tuple(controls),
        provenance=provenance,
        valid=not broken,
        outcome=ending.outcome,
        exit_code=ending.exit_code,
        sentence=ending.sentence,
        trainings=histories(evidence[key] for key in sorted(evidence)),
    )


def _found(
    requirement: RequirementFacts,
    facts: Facts,
    planned: Mapping[Pair, Sequence[str]],
    evidence: Mapping[str, Evidence],
) -> dict[str, list[Evidence]]:
    """Return the evidence there is, by the id of each method that was planned."""
    pairs = ((method.id, planned.get((requirement.id, method.id))) for method in facts.methods)
    return {method: [evidence[k] for k in keys if k in evidence] for method, keys in pairs if keys is not None}


def _verdict(
    requirement: RequirementFacts, check: Check, method: str, evidence: Sequence[Evidence], facts: Facts
) -> Verdict:
    try:
        judgement = check.judge(evidence, facts)
    except AuditError as error:
        judgement = Judgement(outcome="error", reason=f"The evidence cannot be judged: {error.what}.")
    except (KeyError, IndexError, ValueError) as error:  # scores missing or of another length: damaged, or a plug-in's
        judgement = Judgement(outcome="error", reason=f"The evidence is not what the check needs: {error!r}.")
    return Verdict(
        requirement=requirement.id,
        check=requirement.check,
        method=method,
        severity=requirement.severity,
        **vars(judgement),
    )


def _skips(requirement: RequirementFacts, facts: Facts, skipped: Mapping[Pair, str]) -> dict[str, Verdict]:
    return {
        method.id: Verdict(
            requirement=requirement.id,
            check=requirement.check,
            method=method.id,
            severity=requirement.severity,
            outcome="skipped",
            reason=skipped[requirement.id, method.id],
        )
        for method in facts.methods
        if (requirement.id, method.id) in skipped
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


def _held_back(verdict: Verdict, reason: str | None) -> Verdict:
    """Turn a pass that the controls do not support into inconclusive."""
    if verdict.outcome != "pass" or reason is None:
        return verdict
    return replace(verdict, outcome="inconclusive", reason=f"{reason} Measured: {verdict.reason}")


def _voided(verdict: Verdict, broken: Sequence[Control]) -> Verdict:
    if verdict.outcome != "pass" or not broken:
        return verdict
    names = ", ".join(sorted({f"{control.method} ({control.requirement})" for control in broken}))
    reason = f"The audit is invalid because its controls broke: {names}. Measured: {verdict.reason}"
    return replace(verdict, outcome="inconclusive", reason=reason)
