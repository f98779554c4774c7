"""The words, symbols and numbers that every format of the report shares: one place decides how a verdict is shown."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from audit.judging.answers import sentences
from audit.record import Audit, Control, Criterion, Invalidity, MethodFacts, Point, RequirementFacts, Verdict, record

DASH = "–"

_SHOWN = {
    "pass": ("✓", "Pass"),
    "fail": ("✗", "Fail"),
    "inconclusive": ("?", "Inconclusive"),
    "error": ("!", "Error"),
    "skipped": ("○", "Skipped"),
    "invalid": ("⊘", "Invalid"),
    "nothing": ("∅", "Nothing evaluated"),
    "void": ("⊘", "Void"),
}

_GATING_ORDER = ("fail", "error", "inconclusive", "void", "skipped", "pass")

# C0 and C1 controls, bidirectional and zero-width marks, line separators, lone surrogates, noncharacters: they break
# XML, or make a text read as something other than what it is.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


@record
class Standing:
    """How an outcome is shown: ``kind`` names its style, symbol and word say it without colour."""

    kind: str
    symbol: str
    word: str


def standing(kind: str) -> Standing:
    """Return the symbol and the word of an outcome."""
    symbol, word = _SHOWN[kind]
    return Standing(kind=kind, symbol=symbol, word=word)


def kind_of(audit: Audit, verdict: Verdict) -> str:
    """Return a verdict's outcome as it counts: in an invalid audit a pass is void."""
    return "void" if verdict.outcome == "pass" and not audit.valid else verdict.outcome


def gates(verdict: Verdict) -> bool:
    """Return whether a verdict can fail the audit: a warning or a waived verdict cannot."""
    return verdict.severity == "error" and verdict.waived is None


def stops(audit: Audit, verdict: Verdict) -> bool:
    """Return whether a verdict keeps the audit from passing: it gates, and the spec's gate does not accept it."""
    kind = kind_of(audit, verdict)
    accepted = kind == "inconclusive" and (audit.spec.get("gate") or {}).get("inconclusive") == "pass"
    return gates(verdict) and kind not in ("pass", "skipped") and not accepted


def note(verdict: Verdict) -> str:
    """Return what keeps a verdict from gating, in words, or nothing."""
    if verdict.waived is not None:
        return f"⚑ waived: {verdict.waived}"
    return "▲ warning only" if verdict.severity == "warning" else ""


def clean(text: object) -> str:
    r"""Return a text with every invisible or illegal character written out as ``\uXXXX``."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", str(text))


def shorten(text: object, longest: int) -> str:
    """Return a cleaned text on one line of at most ``longest`` characters."""
    line = " ".join(clean(text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def answers(audit: Audit) -> tuple[str, ...]:
    """Return what is known of how the model answers and is fed, in sentences; whether the spec judges it is one."""
    lifted = (audit.spec.get("model") or {}).get("accuracy") == "any"
    return (
        *sentences(audit.facts.data),
        *(["The spec does not judge this: it says `accuracy: any`."] if lifted else []),
    )


def finite(value: float | None) -> bool:
    """Return whether there is a number: None, NaN and infinities are none."""
    return value is not None and math.isfinite(value)


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with fixed digits and a true minus sign, or a dash where there is none."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{value + 0.0:.{digits}f}".replace("-", "−") if round(value, digits) else f"{0:.{digits}f}"


def interval(pair: Sequence[float] | None, digits: int = 2) -> str:
    """Return an interval as ``[low, high]``, or a dash where there is none."""
    if pair is None or not all(map(finite, pair)):
        return DASH
    return f"[{number(pair[0], digits)}, {number(pair[1], digits)}]"


def probability(value: float | None) -> str:
    """Return a p-value to three digits, or a dash where there is none."""
    if value is None or not math.isfinite(value):
        return DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def limit(criterion: Criterion) -> str:
    """Return a declared threshold, as ``mean ≤ 0.50``."""
    sign = {"at_most": "≤", "at_least": "≥"}[criterion.relation]
    return f"{criterion.name}\u00a0{sign}\u00a0{number(criterion.threshold)}"


def measured(criterion: Criterion, digits: int = 2) -> str:
    """Return a criterion's statistic with its interval, as ``mean 0.71 [0.66, 0.75]``."""
    if not finite(criterion.statistic):
        return f"{criterion.name} {DASH} not judged"
    around = interval(criterion.interval, digits)
    return (
        f"{criterion.name} {number(criterion.statistic, digits)} {around if around != DASH else 'without an interval'}"
    )


def remark(point: Point) -> str:
    """Return why a point does not count, or why a number of it is missing; nothing where neither is so."""
    if not point.counts:
        return "does not count: its re-draw leaves the logits in place"
    if point.total and point.undefined == point.total:
        return "every map constant or not finite"
    if not finite(point.similarity):
        return "not measured"
    if not finite(point.null) or not finite(point.excess):
        return "no null, so no excess"
    return "" if DASH not in interval(point.interval) else "too few seeds or inputs for an interval"


def plain(value: Any) -> str:
    """Return a setting as a reader would write it: ``a: 1, b: [2, 3]``."""
    if isinstance(value, Mapping):
        return ", ".join(_entry(key, value[key]) for key in sorted(value)) or "none"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(plain, value)) + "]"
    if value is None:
        return "not set"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _entry(key: str, value: Any) -> str:
    """Return one setting; a method without settings of its own, inside another, is its name alone."""
    return key if value == {} else f"{key}: {plain(value)}"


_DOC = ("In short", "What it does", "Why it matters", "Expected relation", "How it can mislead", "Source")


def explained(doc: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return a check's own words in reading order, whatever the order in which they were stored."""
    order = {title: place for place, title in enumerate(_DOC)}
    titles = sorted(doc, key=lambda title: (order.get(title.rstrip("."), len(order)), title))
    return [(title.rstrip("."), doc[title].replace("``", "")) for title in titles]


def methods(audit: Audit) -> tuple[MethodFacts, ...]:
    """Return the audited methods, without the controls."""
    return tuple(method for method in audit.facts.methods if not method.control)


def cell(audit: Audit, requirement: RequirementFacts, method: MethodFacts) -> Verdict | None:
    """Return the verdict of one requirement on one method, None where it was not asked for."""
    found = (v for v in audit.verdicts if v.requirement == requirement.id and v.method == method.id)
    return next(found, None)


def courses(verdict: Verdict) -> list[tuple[str, tuple[Point, ...]]]:
    """Return a verdict's curve and those of its kind beside it, each with what distinguishes it from the first."""
    beside = [(f", {each.name}", each.curve) for each in verdict.references if each.quantity == "similarity"]
    return [("", verdict.curve), *beside] if verdict.curve else []


def explained_class(audit: Audit) -> str:
    """Return which class the maps explain, and where it is chosen anew."""
    fixed = "fixed once, from the trained model, and kept when parameters are re-drawn"
    anew = [each.title for each in audit.requirements if each.settings.get("target") == "rechosen"]
    return f"{fixed}; but under {', '.join(anew)} the class that the re-drawn model predicts" if anew else fixed


def controls_of(audit: Audit, requirement: RequirementFacts) -> tuple[Control, ...]:
    """Return the controls of one requirement."""
    return tuple(control for control in audit.controls if control.requirement == requirement.id)


def counts(audit: Audit) -> dict[str, int]:
    """Return how many verdicts stand as each outcome, the gravest first."""
    kinds = [kind_of(audit, verdict) for verdict in audit.verdicts]
    return {kind: kinds.count(kind) for kind in _GATING_ORDER if kind in kinds}


def attention(audit: Audit) -> tuple[Verdict, ...]:
    """Return every verdict that is not a pass, the gravest first and those that gate before those that do not.

    What a method does not claim says nothing against it, and is no finding.
    """
    found = [verdict for verdict in audit.verdicts if verdict.code != "not-claimed"]
    open_verdicts = [verdict for verdict in found if kind_of(audit, verdict) != "pass"]
    return tuple(sorted(open_verdicts, key=lambda v: (not gates(v), _GATING_ORDER.index(kind_of(audit, v)))))


def about(audit: Audit) -> Mapping[str, Any]:
    """Return the spec's ``audit`` block: id, title, intended use and owner, each possibly absent."""
    return audit.spec.get("audit") or {}


def of_no_control(audit: Audit) -> tuple[Invalidity, ...]:
    """Return the reasons why an audit is invalid that no entry of a control shows."""
    shown = {(control.requirement, control.method) for control in audit.controls}
    return tuple(reason for reason in audit.invalid if (reason.requirement, reason.method) not in shown)


def undecided(audit: Audit) -> list[Control]:
    """Return the controls that gave no decision, neither as expected nor against it: they support no requirement."""
    return [each for each in audit.controls if each.behaves and each.verdict.outcome != each.expected]
