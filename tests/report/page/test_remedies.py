"""Each finding has a number, a weight and something to do."""

from dataclasses import replace

from audit.record import FOLLOWS, Audit
from audit.registry import find, places
from audit.report import words
from audit.report.page import remedies
from audit.report.page.page import page
from tests.report import examples


def failing(follows: str) -> Audit:
    whole = examples.audit()
    return replace(whole, requirements=tuple(replace(each, follows=follows) for each in whole.requirements))


def test_what_follows_from_a_failure_is_what_the_check_says() -> None:
    audit = failing("Do not use it on Mondays.")
    assert remedies.follows(audit, audit.verdicts[0], "fail") == "Do not use it on Mondays."
    found = [verdict for verdict in audit.verdicts if words.kind_of(audit, verdict) == "fail"]
    assert page(audit).count("Do not use it on Mondays.") == len(found) > 0


def test_every_check_that_ships_says_what_follows_from_its_failure() -> None:
    assert [name for name in places("checks") if find("checks", name).follows == FOLLOWS] == []


def test_every_outcome_but_a_pass_has_its_words() -> None:
    audit = examples.audit()
    kinds = ("fail", "inconclusive", "error", "void", "skipped")
    assert len({remedies.follows(audit, audit.verdicts[0], kind) for kind in kinds}) == len(kinds)


def test_findings_are_numbered_the_gravest_first_and_weighed() -> None:
    audit = examples.audit()
    shown = page(audit)
    found = words.attention(audit)
    assert [f'id="f{number}"' in shown for number in range(1, len(found) + 2)] == [True] * len(found) + [False]
    weights = [remedies.severity(verdict) for verdict in found]
    assert weights[0] == "gates" and {"⚑ waived", "▲ warning only", "no finding"} <= set(weights)
    assert all((weight == "gates") <= words.gates(verdict) for weight, verdict in zip(weights, found, strict=True))
