"""ROAD: its conditions and its verdict from made-up evidence."""

import pytest

from audit.checks.road import Road
from audit.record import Removed
from tests.checks.accuracies import evidence, facts, falling


@pytest.mark.parametrize("retrain", [False, True])
def test_pixels_are_imputed_with_noise_and_the_network_is_as_asked(retrain: bool) -> None:
    check = Road(retrain=retrain, noise=0.1)
    planned = (*check.shared(facts()), *check.conditions(facts()))
    assert all(isinstance(each, Removed) for each in planned)
    assert {(each.fill, each.noise, each.unit) for each in planned} == {("noisy_linear", 0.1, "pixel")}  # type: ignore[union-attr]
    assert {each.network for each in planned} == {"retrained" if retrain else "intact"}  # type: ignore[union-attr]


def test_both_orders_pass_when_they_beat_chance() -> None:
    first, last = Road(), Road(order="least_relevant_first")
    assert first.judge(evidence(first, falling(0.8)), facts()).outcome == "pass"
    assert first.judge(evidence(first, falling(0.1)), facts()).outcome == "fail"
    assert last.judge(evidence(last, falling(0.8)), facts()).outcome == "fail"
    assert last.judge(evidence(last, falling(0.1)), facts()).outcome == "pass"


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (Road(), ("without retraining", "highest-ranked")),
        (Road(retrain=True, order="least_relevant_first"), ("retrained", "lowest-ranked")),
    ],
)
def test_the_sentence_says_what_was_done(check: Road, words: tuple[str, ...]) -> None:
    judgement = check.judge(evidence(check, falling(0.8)), facts())
    assert all(word in judgement.reason for word in words)
    assert {each.name for each in judgement.references} == {"method", "bernoulli", "sobel", "blurred_random"}


def test_preconditions_hold_without_retraining_too() -> None:
    judgement = Road().judge(evidence(Road(), falling(0.8)), facts(accuracy=0.5))
    assert judgement.outcome == "inconclusive" and "further apart" in judgement.reason
