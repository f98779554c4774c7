"""What the evidence of an audit is to the items of a framework: a function of the audit and of a data file alone."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from audit.record import Audit, Category, record
from audit.report.words import about
from audit.spec.frameworks import Coverage, Evidence, Framework, Item, find

DISCLAIMER = (
    "This section shows which items of a framework the evidence in this report relates to. It is not legal advice, and "
    "it does not say that a system, a model or an organisation complies with anything: others must determine that, "
    "from more than this report."
)

MEANING: Mapping[Coverage, str] = {
    "supports": "the report has the evidence on explanation maps that the item asks for, whether favourable or not.",
    "partial": "the report has part of that evidence, or the item asks for more than such an audit can show.",
    "not covered": "the report has no evidence that the item asks for.",
}

_CATEGORIES: Mapping[Category, str] = {
    "dependence": "verdicts on whether maps depend on the model",
    "robustness": "verdicts on whether maps stay the same when they must",
    "faithfulness": "verdicts on whether what maps mark matters to the model",
    "axiom": "verdicts on rules that a method must keep",
    "localisation": "verdicts on whether maps mark what is known to matter",
}
"""The words of the evidence that the checks of one category leave."""


@record
class EvidenceKind:
    """A kind of evidence: its words, the section that holds it, and whether an audit has it."""

    words: str
    place: str
    held: Callable[[Audit], bool]


@record
class EvidenceStatus:
    """One kind of evidence as an audit has it, or has it not."""

    words: str
    place: str
    held: bool


@record
class ItemRow:
    """An item with what this audit is to it."""

    item: Item
    coverage: Coverage
    evidence: tuple[EvidenceStatus, ...]


@record
class MappedFramework:
    """A framework beside an audit; ``framework`` is None where this version does not know the reference."""

    reference: str
    framework: Framework | None
    rows: tuple[ItemRow, ...]


def framed(audit: Audit) -> dict[str, Any]:
    """Return what the section's template reads."""
    return {"frameworks": mapped(audit), "disclaimer": DISCLAIMER, "coverages": MEANING}


def mapped(audit: Audit) -> tuple[MappedFramework, ...]:
    """Return the frameworks that the spec names, each beside the audit."""
    return tuple(_mapped(audit, reference) for reference in about(audit).get("frameworks") or ())


def _mapped(audit: Audit, reference: str) -> MappedFramework:
    framework = find(reference)
    rows = tuple(_row(audit, item) for item in framework.mapping.items) if framework else ()
    return MappedFramework(reference=reference, framework=framework, rows=rows)


def _row(audit: Audit, item: Item) -> ItemRow:
    found = tuple(
        EvidenceStatus(words=kind.words, place=kind.place, held=kind.held(audit))
        for kind in map(KINDS.__getitem__, item.evidence)
    )
    return ItemRow(item=item, coverage=_coverage(item.at_most, [each.held for each in found]), evidence=found)


def _coverage(at_most: Coverage, held: Collection[bool]) -> Coverage:
    if at_most == "not covered" or not any(held):
        return "not covered"
    return at_most if all(held) else "partial"


def _decided(audit: Audit, category: Category | None = None) -> bool:
    """Return whether a verdict, of a category or of any, says yes or no; in an invalid audit none does."""
    asked = {each.id for each in audit.requirements if category in (None, each.category)}
    found = (verdict for verdict in audit.verdicts if verdict.requirement in asked)
    return audit.valid and any(verdict.outcome in ("pass", "fail") for verdict in found)


def _controlled(audit: Audit) -> bool:
    return bool(audit.controls) and all(control.behaves for control in audit.controls)


def _signed(audit: Audit) -> Mapping[str, str | None]:
    return about(audit).get("signoff") or {}


def _reviewed(audit: Audit) -> bool:
    """Return whether the reviewer is named and is nobody who has a part in what is reviewed."""
    reviewer = _signed(audit).get("reviewed_by")
    owner = (about(audit).get("owner") or {}).get("name")
    return reviewer is not None and reviewer not in (owner, _signed(audit).get("prepared_by"))


KINDS: Mapping[Evidence, EvidenceKind] = {
    "criteria": EvidenceKind(
        words="requirements with thresholds, declared in the spec", place="summary", held=lambda a: bool(a.requirements)
    ),
    "decisions": EvidenceKind(words="verdicts that decide, for or against a method", place="summary", held=_decided),
    **{
        category: EvidenceKind(words=words, place="summary", held=partial(_decided, category=category))
        for category, words in _CATEGORIES.items()
    },
    "controls": EvidenceKind(words="controls with the expected verdicts", place="controls", held=_controlled),
    "data": EvidenceKind(
        words="the data and how inputs were chosen", place="subject", held=lambda a: bool(a.facts.data.ids)
    ),
    "provenance": EvidenceKind(
        words="digests, versions and seeds", place="provenance", held=lambda a: bool(a.provenance.versions)
    ),
    "limits": EvidenceKind(
        words="limitations, and how each check can mislead", place="limitations", held=lambda a: bool(a.requirements)
    ),
    "findings": EvidenceKind(words="findings and dated waivers", place="findings", held=lambda a: bool(a.verdicts)),
    "use": EvidenceKind(words="the intended use", place="cover", held=lambda a: bool(about(a).get("intended_use"))),
    "signoff": EvidenceKind(
        words="who prepared, reviewed and approved, by name",
        place="cover",
        held=lambda a: bool(_signed(a)) and all(_signed(a).values()),
    ),
    "review": EvidenceKind(words="a reviewer who neither prepared nor owns the audit", place="cover", held=_reviewed),
    "comparison": EvidenceKind(
        words="the comparison with an earlier audit", place="comparison", held=lambda a: a.comparison is not None
    ),
}
