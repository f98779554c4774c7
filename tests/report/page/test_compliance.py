"""Frameworks beside an audit: the data files, the rule, the words, and the section."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

import pytest

from audit import resources
from audit.record import Audit
from audit.report.page.compliance import DISCLAIMER, KINDS, MEANING, ItemRow, mapped
from audit.report.page.page import page
from audit.spec import frameworks
from tests.report import examples

ALL = frameworks.frameworks()


SIGNED = {"prepared_by": "P. Reparer", "reviewed_by": "R. Viewer", "approved_by": "A. Prover"}


CLAIMS = re.compile(
    r"\b(compl(y|ies|iant|iance)|conform(s|ant|ity)|certif(y|ies|ied|icate|ication)|fulfil(s|led)?|guarantees?)\b", re.I
)


def beside(*references: str, audit: Audit | None = None, **header: object) -> Audit:
    """Return an audit whose spec names frameworks, with other fields of its header."""
    made = audit or examples.audit()
    about = {**made.spec["audit"], "frameworks": list(references), **header}
    return replace(made, spec={**made.spec, "audit": about})


def rows(audit: Audit) -> dict[str, ItemRow]:
    (found,) = mapped(audit)
    return {row.item.id: row for row in found.rows}


def texts() -> Iterator[str]:
    """Return every text of the data files."""
    for each in ALL:
        mapping = each.mapping
        yield from (mapping.title, mapping.document, mapping.read, mapping.scope, mapping.note, *mapping.left_out)
        yield from (text for item in mapping.items for text in (item.id, item.asks, item.outside))


def test_every_kind_of_evidence_is_asked_for_and_has_its_section() -> None:
    asked = {kind for each in ALL for item in each.mapping.items for kind in item.evidence}
    assert asked == set(KINDS)
    shown = page(beside(ALL[0].reference, audit=examples.small()))
    places = {kind.place for kind in KINDS.values()} - {"comparison"}  # there only where a baseline is named
    assert all(f'id="{place}"' in shown for place in places)


def test_what_is_held_decides_and_nothing_else() -> None:
    whole = rows(beside("eu-ai-act", signoff=SIGNED))
    assert whole["Annex IV, 2(g)"].coverage == "supports"
    assert rows(beside("eu-ai-act", signoff={**SIGNED, "approved_by": None}))["Annex IV, 2(g)"].coverage == "partial"
    assert rows(beside("eu-ai-act"))["Annex IV, 2(g)"].coverage == "partial"
    assert whole["Article 12"].coverage == "not covered"
    assert whole["Article 14(4)(c)"].coverage == "partial"  # everything held, and the item asks for more


def test_verdicts_against_methods_are_evidence_as_those_for_them_are() -> None:
    failing = tuple(replace(verdict, outcome="fail") for verdict in examples.audit().verdicts)
    for audit in (examples.passing(), examples.audit(verdicts=failing)):
        assert rows(beside("nist-ir-8312", audit=audit))["Explanation accuracy"].coverage == "supports"


def test_undecided_and_invalid_audits_decide_nothing() -> None:
    open_verdicts = tuple(replace(verdict, outcome="inconclusive") for verdict in examples.audit().verdicts)
    undecided = rows(beside("nist-ir-8312", audit=examples.audit(verdicts=open_verdicts)))
    assert undecided["Explanation accuracy"].coverage == "partial"  # the controls hold, but decided nothing
    assert rows(beside("nist-ir-8312", audit=examples.invalid()))["Explanation accuracy"].coverage == "not covered"
    assert rows(beside("nist-ai-rmf", audit=examples.nothing()))["MEASURE 2.9"].coverage != "supports"


@pytest.mark.parametrize(("reviewer", "independent"), [("R. Viewer", True), ("A. Modeller", False), (None, False)])
def test_a_reviewer_is_somebody_else(reviewer: str | None, independent: bool) -> None:
    found = rows(beside("sr-26-2", signoff={"prepared_by": "P. Reparer", "reviewed_by": reviewer}))
    assert [each.held for each in found["Effective challenge"].evidence] == [independent, True]


def test_no_text_claims_that_anything_complies() -> None:
    assert CLAIMS.search(DISCLAIMER)  # the pattern finds what it is meant to find
    assert [text for text in (*texts(), *MEANING.values()) if CLAIMS.search(text)] == []
    shown = unescape(page(beside(*(each.reference for each in ALL), audit=examples.small(), signoff=SIGNED)))
    words = " ".join(re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", shown, flags=re.DOTALL).split())
    assert DISCLAIMER in words
    assert CLAIMS.findall(words.replace(DISCLAIMER, "")) == []


def test_no_template_claims_it_either() -> None:
    files = sorted(resources.folder("templates").rglob("*.j2"))
    assert files and [file.name for file in files if CLAIMS.search(file.read_text("utf-8"))] == []


def test_the_section_says_what_is_missing_and_what_it_does_not_know() -> None:
    shown = page(beside("eu-ai-act", "elsewhere@2020-01-01", audit=examples.small()))
    assert "missing: who prepared, reviewed and approved, by name" in shown
    assert "does not have this mapping" in shown
    assert 'id="frameworks"' not in page(examples.small())
