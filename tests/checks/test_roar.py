"""The verdict of ROAR from made-up evidence."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.roar import Roar
from audit.record import Evidence, Removed, Trained
from tests.checks.accuracies import INTACT, evidence, facts, falling, hits


def outcome(check: Roar, found: list[Evidence], **known: object) -> str:
    return check.judge(found, facts(**known)).outcome  # type: ignore[arg-type]


def test_a_ranking_that_costs_more_than_chance_passes() -> None:
    judgement = Roar().judge(evidence(Roar(), falling(0.8), spread=0.01), facts())
    (criterion,) = judgement.criteria
    assert judgement.outcome == criterion.outcome == "pass"
    assert (criterion.name, criterion.relation, criterion.threshold) == ("area", "at_least", 0.02)
    # The advantage is 0.4 t, a line from 0 to 0.36, shifted in the seeds but not at fraction 0.
    assert criterion.statistic == pytest.approx(0.18, abs=0.01)
    assert criterion.interval is not None and criterion.interval[0] < 0.18 < criterion.interval[1]
    assert criterion.p_value is not None and criterion.p_value < 0.025
    assert "retraining, is 0.1" in judgement.reason and "highest-ranked 10 to 90 % of the pixels" in judgement.reason


@pytest.mark.parametrize("rate", [0.4, 0.2])
def test_a_ranking_no_better_than_chance_fails(rate: float) -> None:
    assert outcome(Roar(), evidence(Roar(), falling(rate), spread=0.005)) == "fail"


def test_a_wide_interval_decides_nothing() -> None:
    judgement = Roar().judge(evidence(Roar(), falling(0.45), spread=0.04), facts())
    assert judgement.outcome == "inconclusive" and "more seeds" in judgement.reason
    assert judgement.criteria[0].interval is not None


def test_keeping_turns_the_sign() -> None:
    check = Roar(keep=True)
    assert all(each.part == "bottom" for each in check.conditions(facts()) if isinstance(each, Removed))
    assert outcome(check, evidence(check, falling(0.1))) == "pass"
    assert outcome(check, evidence(check, falling(0.8))) == "fail"


def test_the_curve_holds_both_accuracies_and_their_difference() -> None:
    judgement = Roar().judge(evidence(Roar(), falling(0.8), spread=0.01), facts())
    assert [point.label for point in judgement.curve] == ["0 %", "10 %", "30 %", "50 %", "70 %", "90 %"]
    first, last = judgement.curve[0], judgement.curve[-1]
    assert (first.similarity, first.null, first.excess, first.interval) == (INTACT, INTACT, 0, (0, 0))
    assert last.null == pytest.approx(INTACT - 0.36) and last.excess == pytest.approx(0.36, abs=0.01)
    assert last.similarity == pytest.approx(INTACT - 0.72, abs=0.01)
    assert last.interval is not None and last.interval[0] < 0.36 < last.interval[1]
    assert (judgement.inputs, judgement.seeds) == (1000, 5)


def test_all_controls_are_shown_with_their_intervals() -> None:
    check = Roar(mask_leak=True, without_retraining=True)
    judgement = check.judge(evidence(check, falling(0.8), spread=0.01), facts())
    shown = {each.name: each.curve for each in judgement.references}
    assert list(shown) == [
        "method",
        "bernoulli",
        "sobel",
        "blurred_random",
        "method, not retrained",
        "bernoulli, not retrained",
        "method, masks alone",
    ]
    assert len(shown["sobel"]) == 6 and len(shown["method, masks alone"]) == 5
    assert all(point.interval is not None and point.excess is None for curve in shown.values() for point in curve)


# --- Preconditions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accuracy", [0.80, 0.999])
def test_a_recipe_that_gives_another_accuracy_decides_nothing(accuracy: float) -> None:
    limit = Roar(baseline_within=0.04)
    judgement = limit.judge(evidence(limit, falling(0.8)), facts(accuracy=accuracy))
    assert judgement.outcome == "inconclusive" and f"{accuracy:.3f}" in judgement.reason
    assert judgement.criteria[0].statistic is None and judgement.curve


def test_networks_at_chance_decide_nothing() -> None:
    found = evidence(Roar(), lambda each: 0.1, intact=0.11)
    judgement = Roar().judge(found, facts(accuracy=0.12))
    assert judgement.outcome == "inconclusive" and "most frequent class" in judgement.reason


def test_unlabelled_explained_inputs_have_no_accuracy_to_reach() -> None:
    assert outcome(Roar(), evidence(Roar(), falling(0.8)), accuracy=None) == "pass"


# --- Evidence that failed, is missing or is broken ------------------------------------------------------------------


@pytest.mark.parametrize("by", ["method", "bernoulli", "training"])
def test_failed_and_missing_evidence_is_an_error(by: str) -> None:
    complete = evidence(Roar(), falling(0.8))
    chosen = next(place for place, each in enumerate(complete) if getattr(each.unit.condition, "by", "training") == by)
    failed = replace(complete[chosen], status="failed", scores={}, error="the loss is not finite")
    judgement = Roar().judge([*complete[:chosen], failed, *complete[chosen + 1 :]], facts())
    assert judgement.outcome == "error" and "the loss is not finite" in judgement.reason
    judgement = Roar().judge([*complete[:chosen], *complete[chosen + 1 :]], facts())
    assert judgement.outcome == "error" and "missing" in judgement.reason


@pytest.mark.parametrize("by", ["sobel", "blurred_random"])
def test_a_control_that_is_only_shown_holds_up_no_verdict(by: str) -> None:
    complete = evidence(Roar(), falling(0.8))
    found = [
        replace(each, status="failed", scores={}) if getattr(each.unit.condition, "by", "") == by else each
        for each in complete
    ]
    judgement = Roar().judge(found, facts())
    assert judgement.outcome == "pass"
    assert {"bernoulli", "sobel", "blurred_random"} - {each.name for each in judgement.references} == {by}


@pytest.mark.parametrize("value", [np.nan, 1.5, -0.1])
def test_an_accuracy_that_is_none_is_refused(value: float) -> None:
    from audit.errors import UnitError

    complete = evidence(Roar(), falling(0.8))
    broken = replace(complete[-1], scores={"test_hits": np.full(1000, value)})
    with pytest.raises(UnitError, match="share"):
        Roar().judge([*complete[:-1], broken], facts())


# --- Relations ------------------------------------------------------------------------------------------------------


def test_a_higher_margin_is_never_easier() -> None:
    order = ["pass", "inconclusive", "fail"]
    found = evidence(Roar(), falling(0.8), spread=0.03)
    outcomes = [Roar(margin=margin).judge(found, facts()).outcome for margin in np.linspace(0, 0.4, 41)]
    assert set(outcomes) == set(order)
    assert [order.index(each) for each in outcomes] == sorted(order.index(each) for each in outcomes)


def test_order_of_evidence_does_not_matter_and_pairs_share_a_seed() -> None:
    check = Roar(seeds=4)
    luck = {0: -0.2, 1: 0.03, 2: 0.0, 3: 0.05}  # of a seed, the same for every ranking: it cancels
    found = evidence(check, lambda each: falling(0.6)(each) + luck[each.seed])
    judgement = check.judge(found, facts())
    assert judgement == check.judge(found[::-1], facts())
    low, high = judgement.criteria[0].interval or (0.0, 1.0)
    assert judgement.criteria[0].statistic == pytest.approx(0.09) and high - low < 0.03


@pytest.mark.parametrize("outcome", ["fail", "inconclusive"])
def test_rows_that_show_no_difference_leave_open_what_so_few_cannot_show(outcome: str) -> None:
    inputs = {"fail": 400, "inconclusive": 100}[outcome]
    found = [replace(each, scores={"test_hits": hits(0.8, inputs)}) for each in evidence(Roar(), falling(0.4))]
    judgement = Roar().judge(found, facts(accuracy=0.8, test=inputs))
    low, high = judgement.criteria[0].interval or (0.0, 0.0)
    assert judgement.outcome == outcome and low == pytest.approx(-3.69 / inputs) == -high


def test_one_fraction_is_enough() -> None:
    check = Roar(fractions=(0.9,))
    judgement = check.judge(evidence(check, falling(0.8)), facts())
    assert judgement.outcome == "pass" and judgement.criteria[0].statistic == pytest.approx(0.18)
    assert "90 % of the pixels" in judgement.reason


def test_fraction_zero_is_trained_for_everything_at_once() -> None:
    trained = Roar().trainings(facts())
    assert trained == tuple(Trained(labels="true", seed=seed) for seed in range(5))
    assert all(each.fraction > 0 for each in (*Roar().shared(facts()), *Roar().conditions(facts())))
