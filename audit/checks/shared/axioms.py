"""What the checks of axioms share: the networks on which one is tested, what is recorded of each, and the verdict.

An axiom holds for every network or it does not hold, so one network on which it is broken decides. Each network is
judged by itself: they have inputs of their own, and a method need not apply to all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from audit.checks.check import Bench, Judgement, Measurement
from audit.checks.shared.curves import DISTANCE
from audit.checks.shared.judgement import Limits, Target, conclude, stopped, values
from audit.errors import InputError
from audit.record import Condition, Doubt, Evidence, Explained, Outcome, Probed, record

AUDITED = "the audited network"

FOLLOWS = (
    "It breaks a rule that its reader may rely on, on a network where the right answer is known. Say so wherever its "
    "values are read as amounts, or take a method that keeps the rule."
)

DIFFERENCE = 1e-4
"""Two logits that differ by less than this share of the largest logit are one: ten times what rounding in float32 does
to a sum of some thousand terms."""

_ORDER: tuple[Outcome, ...] = ("fail", "inconclusive", "pass")


@record
class Axiom:
    """How a check speaks of an axiom, and what it allows.

    ``quantity`` completes "On the audited network, ... 0.74". ``undefined`` completes "3 of 20 inputs ..., more than".
    """

    score: str
    at_most: float
    quantity: str
    undefined: str
    undefined_at_most: float


def apart(maps: np.ndarray) -> np.ndarray:
    """Return the size of the map at each position: (n, H, W) or (n, F), the largest channel's, float64."""
    sizes = np.abs(maps.astype(np.float64))
    return sizes.max(axis=-1) if sizes.ndim == 4 else sizes


def network_of(bench: Bench, name: str) -> tuple[Any, Explained]:
    """Return the network that a condition names, None for the audited one, and the inputs to explain on it."""
    if name == AUDITED:
        return None, bench.explained
    variant = bench.variant(name)
    return variant.network, variant.explained


def measured(condition: Condition, measure: Callable[[Probed], Mapping[str, np.ndarray]]) -> Measurement:
    """Return scores, or a note that says why there are none: the method, or the construction, does not apply."""
    try:
        return Measurement(scores=measure(cast("Probed", condition)))
    except InputError as error:
        return Measurement(scores={}, note=f"{error.what} [{error.code}]")


def judge(axiom: Axiom, evidence: Sequence[Evidence], networks: Sequence[tuple[Condition, str]]) -> Judgement:
    """Judge an axiom on each network and take the worst outcome.

    Args:
        axiom: what is judged.
        evidence: of one method.
        networks: each condition with the network's name in words.
    """
    error = stopped(evidence, [condition for condition, _ in networks])
    if error:
        return error
    found = {each.unit.condition: each for each in evidence}
    notes = {label: _note(axiom, found[condition], label) for condition, label in networks}
    left_out = {label: note for label, note in notes.items() if note}
    judged = {label: _on(axiom, found, condition, label) for condition, label in networks if not notes[label]}
    if not judged:
        return Judgement(
            outcome="inconclusive", code="not-applicable", reason=f"No network could be judged. {_left_out(left_out)}"
        )
    outcomes = {each.outcome for each in judged.values()}
    outcome: Outcome = next(each for each in _ORDER if each in outcomes)
    chosen = _telling({label: each for label, each in judged.items() if each.outcome == outcome})
    return Judgement(
        outcome=outcome,
        reason=" ".join(filter(None, (_reason(judged, chosen, outcome), _left_out(left_out)))),
        criteria=tuple(criterion for each in judged.values() for criterion in each.criteria),
        curve=tuple(point for each in judged.values() for point in each.curve),
        inputs=sum(each.inputs for each in judged.values()),
        seeds=1,
        undefined=sum(each.undefined for each in judged.values()),
        total=sum(each.total for each in judged.values()),
        per_input=judged[AUDITED].per_input if AUDITED in judged else (),
        code=judged[chosen].code,
    )


def _note(axiom: Axiom, evidence: Evidence, label: str) -> str | None:
    """Return why there is nothing to judge on a network: on the audited one, undefined scores leave a doubt instead."""
    if evidence.note or label == AUDITED or np.isfinite(evidence.scores[axiom.score]).any():
        return evidence.note
    return f"all inputs {axiom.undefined}"


def _on(axiom: Axiom, evidence: Mapping[Condition, Evidence], condition: Condition, label: str) -> Judgement:
    found = values(evidence, [[condition]], [label], score=axiom.score, bounds=DISTANCE)
    target = Target(
        name=label,
        relation="at_most",
        threshold=axiom.at_most,
        places=lambda excess: excess[:, :, 0],
        words=("on average over inputs", ""),
        leads=(f"On {label}, {axiom.quantity}", ""),
    )
    limits = Limits(null_at_most=1.0, undefined_at_most=1.0, fewest_seeds=1)
    left_out, n = int((~found.usable).sum()), len(found.usable)
    doubt = None
    if left_out / n > axiom.undefined_at_most:
        allowed = f"more than the {100 * axiom.undefined_at_most:g} % allowed"
        text = f"On {label}, {left_out} of {n} inputs {axiom.undefined}, {allowed}."
        doubt = Doubt(code="undefined-inputs", text=text)
    return conclude(found, (target,), limits, doubt=doubt)


def _telling(judged: Mapping[str, Judgement]) -> str:
    """Return the network that the sentence is about: the audited one, else the one with the largest value."""
    if AUDITED in judged:
        return AUDITED
    return max(judged, key=lambda label: _statistic(judged[label]))


def _statistic(judgement: Judgement) -> float:
    known = [each.statistic for each in judgement.criteria if each.statistic is not None]
    return max(known, default=-np.inf)


def _reason(judged: Mapping[str, Judgement], chosen: str, outcome: Outcome) -> str:
    verbs = {"fail": "It is broken", "inconclusive": "There is no decision", "pass": "It holds"}
    others = [label for label, each in judged.items() if each.outcome == outcome and label != chosen]
    also = f" {verbs[outcome]} on {', '.join(others)} too." if others else ""
    return judged[chosen].reason + also


def _left_out(notes: Mapping[str, str]) -> str:
    grouped: dict[str, list[str]] = {}
    for label, note in notes.items():
        grouped.setdefault(note, []).append(label)
    return " ".join(f"Not judged on {', '.join(labels)}: {note}." for note, labels in grouped.items())


def conditions(networks: Mapping[str, str]) -> tuple[tuple[Probed, str], ...]:
    """Return a condition for each network, by the name of its variant, with its name in words."""
    return tuple((Probed(name=name), label) for name, label in networks.items())
