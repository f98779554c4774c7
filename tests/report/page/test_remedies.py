"""Each finding has a number, a weight and something to do."""

from dataclasses import replace

from audit.registry import places
from audit.report import words
from audit.report.page import remedies
from audit.report.page.page import page
from tests.report import examples


def test_every_check_that_ships_says_what_follows_from_its_failure() -> None:
    verdict = examples.audit().verdicts[0]
    general = remedies.follows(replace(verdict, check="a_plug_in"), "fail")
    found = {check: remedies.follows(replace(verdict, check=check), "fail") for check in places("checks")}
    assert [check for check, text in found.items() if text == general] == []


def test_every_outcome_but_a_pass_has_its_words() -> None:
    verdict = examples.audit().verdicts[0]
    texts = [remedies.follows(verdict, kind) for kind in ("fail", "inconclusive", "error", "void", "skipped")]
    assert len(set(texts)) == len(texts)


def test_findings_are_numbered_the_gravest_first_and_weighed() -> None:
    audit = examples.audit()
    shown = page(audit)
    found = words.attention(audit)
    assert [f'id="f{number}"' in shown for number in range(1, len(found) + 2)] == [True] * len(found) + [False]
    weights = [remedies.severity(verdict) for verdict in found]
    assert weights[0] == "gates" and {"⚑ waived", "▲ warning only", "no finding"} <= set(weights)
    assert all((weight == "gates") <= words.gates(verdict) for weight, verdict in zip(weights, found, strict=True))
