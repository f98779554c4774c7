"""Why an audit is invalid: each reason in words, with what to do. Whoever shows one reads it from the record."""

from collections.abc import Mapping, Sequence
from typing import Any

from audit.judging.answers import reasons
from audit.judging.controls import IDENTITY
from audit.judging.model_randomness import own_randomness
from audit.record import Control, Facts, Invalidity

_LIMITS = "Check the limits and the number of inputs of `{}`, then run the audit again."
_REPEATABLE = "Make each method give the same map for the same parameters and random key, then run the audit again."


def invalidities(spec: Mapping[str, Any], facts: Facts, controls: Sequence[Control]) -> tuple[Invalidity, ...]:
    """Return the reasons that make an audit invalid, those measured before the run first; none where it is valid.

    Args:
        spec: the resolved spec; its section ``model`` says what is asked of the model.
        facts: what was measured before the first unit.
        controls: with their verdicts.
    """
    misbehaving = (_misbehaving(control) for control in controls if not control.behaves)
    return (*known_before(spec, facts), *misbehaving)


def known_before(spec: Mapping[str, Any], facts: Facts) -> tuple[Invalidity, ...]:
    """Return the reasons that are known before any unit runs: how the model answers, and what of it is chance."""
    chance = own_randomness(facts.network.randomness) if facts.network.randomness else ()
    return (*chance, *reasons(spec.get("model") or {}, facts.data))


def why(invalid: Sequence[Invalidity]) -> str:
    """Return the first reason in words, and how many more there are."""
    more = len(invalid) - 1
    counted = f" {more} more {'reasons make' if more > 1 else 'reason makes'} it invalid." if more else ""
    return f"{invalid[0].sentence}{counted}"


def _misbehaving(control: Control) -> Invalidity:
    return Invalidity(
        kind="control",
        sentence=f"The control {control.method} must {control.expected} {control.requirement} and was judged "
        f"{control.verdict.outcome}: {control.verdict.reason}",
        fix=_REPEATABLE if control.method == IDENTITY else _LIMITS.format(control.requirement),
        requirement=control.requirement,
        method=control.method,
    )
