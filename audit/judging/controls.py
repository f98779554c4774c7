"""Controls audit the audit: methods whose verdict is known beforehand, and every map compared with itself."""

from collections.abc import Mapping, Sequence

import numpy as np

from audit.checks.check import Check
from audit.record import (
    Control,
    Doubt,
    Evidence,
    Judgement,
    MethodFacts,
    Outcome,
    Randomized,
    RequirementFacts,
    Verdict,
)

IDENTITY = "identity"

_WITHOUT_DECISION = ("inconclusive", "error", "skipped")
_ABSENT = Judgement(outcome="skipped", code="control", reason="This control was not run.")


def controls_of(
    requirement: RequirementFacts,
    check: Check,
    methods: Sequence[MethodFacts],
    judged: Mapping[str, Verdict],
    evidence: Mapping[str, Sequence[Evidence]],
) -> tuple[Control, ...]:
    """Return the controls of one requirement, the identity last.

    Args:
        requirement: the requirement.
        check: names the control methods and what each must be.
        methods: the audit's methods, controls included.
        judged: the verdict of each method, by id.
        evidence: by method id, for the identity.
    """
    by_name = {method.name: judged[method.id] for method in methods if method.control and method.id in judged}
    controls = tuple(
        _control(requirement, expected, by_name.get(name) or verdict_on(requirement, name, _ABSENT))
        for name, expected in check.controls.items()
    )
    least = {method: _least_self_similarity(each) for method, each in evidence.items()}
    if all(value is None for value in least.values()):
        return controls
    return (*controls, _control(requirement, "pass", verdict_on(requirement, IDENTITY, _identity(least))))


def verdict_on(requirement: RequirementFacts, method: str, judgement: Judgement) -> Verdict:
    """Return a judgement as the verdict of one requirement on one method (by id)."""
    return Verdict(
        requirement=requirement.id,
        check=requirement.check,
        method=method,
        severity=requirement.severity,
        **vars(judgement),
    )


def blocked(check_name: str, check: Check, controls: Sequence[Control]) -> Doubt | None:
    """Return why no verdict of a requirement may pass, and what to do about it, or None.

    A control without a decision gives no support, nor does the identity alone: it shows that nothing changed where
    nothing was re-drawn. A control that does not apply is no obstacle as long as another shows that this check can give
    the same outcome.
    """
    if not check.controls:
        return Doubt(code="no-control", text=_UNCONTROLLED.format(check_name))
    undecided = [each for each in controls if each.verdict.outcome in ("inconclusive", "error")]
    if undecided:
        names = ", ".join(each.method for each in undecided)
        text = f"A control gave no decision ({names}), so nothing shows that this check can tell right from wrong."
        return Doubt(code="control", text=text)
    own = [each for each in controls if each.method != IDENTITY]
    missing = sorted(set(check.controls.values()) - {each.expected for each in own if _decided(each)})
    return Doubt(code="control", text=_unshown(missing[0], own)) if missing else None


_UNCONTROLLED = (
    "No control supports this check, so a pass shows nothing. Declare controls for `{}`: a method that must pass "
    "and one that must fail."
)


def _decided(control: Control) -> bool:
    """Return whether a control gave a verdict: one that contradicts it makes the whole audit invalid."""
    return control.verdict.outcome not in _WITHOUT_DECISION


def _unshown(expected: Outcome, own: Sequence[Control]) -> str:
    silent = "; ".join(f"{each.method}: {each.verdict.reason}" for each in own if each.expected == expected)
    return f"No control that must {expected} gave a verdict, so nothing shows that this check can {expected}. {silent}"


def _control(requirement: RequirementFacts, expected: Outcome, verdict: Verdict) -> Control:
    return Control(
        requirement=requirement.id,
        method=verdict.method,
        expected=expected,
        verdict=verdict,
        behaves=verdict.outcome in (expected, *_WITHOUT_DECISION),
    )


def _least_self_similarity(evidence: Sequence[Evidence]) -> float | None:
    """Return the least similarity with nothing re-drawn; NaN where all are undefined, None where none was measured."""
    stage_0 = [
        each
        for each in evidence
        if isinstance(each.unit.condition, Randomized) and each.unit.condition.stage == 0 and each.status == "done"
    ]
    scores = [np.asarray(s, np.float64) for each in stage_0 for name, s in each.scores.items() if "similarity" in name]
    if not scores:
        return None
    values = np.concatenate(scores)
    return float(values[np.isfinite(values)].min()) if np.isfinite(values).any() else float("nan")


def _identity(least: Mapping[str, float | None]) -> Judgement:
    known = {method: value for method, value in least.items() if value is not None and np.isfinite(value)}
    if not known:
        reason = "With nothing re-drawn, no method gave a map that can be compared with itself."
        return Judgement(outcome="inconclusive", code="undefined-inputs", reason=reason)
    if all(value == 1.0 for value in known.values()):
        return Judgement(outcome="pass", reason="With nothing re-drawn, every map is similar to itself with exactly 1.")
    worst = min(known, key=lambda method: known[method])
    reason = f"With nothing re-drawn, a map of {worst} has a similarity of {known[worst]!r} with itself, not 1."
    return Judgement(outcome="fail", reason=reason)
