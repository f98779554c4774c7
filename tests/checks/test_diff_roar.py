"""DiffROAR: its conditions and its verdict from made-up evidence."""

import pytest

from audit.checks.diff_roar import DiffRoar
from audit.record import Removed
from tests.checks.accuracies import INTACT, Accuracy, evidence, facts


def kept(high: float, low: float) -> Accuracy:
    """Return accuracies that depend on which end was kept alone."""
    return lambda each: high if each.part == "bottom" else low


def test_both_ends_keep_the_same_share() -> None:
    planned = [each for each in DiffRoar().conditions(facts()) if isinstance(each, Removed)]
    for part in ("top", "bottom"):
        assert {each.fraction for each in planned if each.part == part} == {0.9, 0.7, 0.5}
    assert {each.fill for each in planned} == {"zero"} and DiffRoar().shared(facts()) == ()


@pytest.mark.parametrize(("high", "low", "outcome"), [(0.8, 0.6, "pass"), (0.7, 0.7, "fail"), (0.6, 0.8, "fail")])
def test_the_verdict_follows_the_difference(high: float, low: float, outcome: str) -> None:
    judgement = DiffRoar().judge(evidence(DiffRoar(), kept(high, low), spread=0.01), facts())
    (criterion,) = judgement.criteria
    assert judgement.outcome == outcome
    assert criterion.statistic == pytest.approx(high - low) and criterion.threshold == 0.02
    assert "highest-ranked 10 to 50 % of the pixels" in judgement.reason


def test_points_are_the_shares_kept_in_ascending_order() -> None:
    check = DiffRoar(fractions=(0.1, 0.3))
    accuracy: Accuracy = lambda each: (0.9 if each.part == "bottom" else 0.5) - (0.2 if each.fraction == 0.9 else 0)  # noqa: E731
    judgement = check.judge(evidence(check, accuracy), facts())
    assert [(p.label, p.similarity, p.null) for p in judgement.curve] == [
        ("10 %", pytest.approx(0.7), pytest.approx(0.3)),
        ("30 %", pytest.approx(0.9), pytest.approx(0.5)),
    ]
    assert [each.name for each in judgement.references] == ["highest kept", "lowest kept"]


def test_a_wide_interval_and_a_bad_recipe_decide_nothing() -> None:
    shared_luck = evidence(DiffRoar(), lambda each: 0.5 + (0.3 if each.seed % 2 and each.part == "top" else 0.0))
    assert DiffRoar().judge(shared_luck, facts()).outcome == "inconclusive"
    judgement = DiffRoar().judge(evidence(DiffRoar(), kept(0.8, 0.6), intact=INTACT - 0.3), facts())
    assert judgement.outcome == "inconclusive" and "further apart" in judgement.reason


def test_missing_evidence_is_an_error() -> None:
    assert DiffRoar().judge(evidence(DiffRoar(), kept(0.8, 0.6))[:-1], facts()).outcome == "error"
