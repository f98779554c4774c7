"""Verdicts are counted against the truth: right ones, wrong ones, and none where nothing is known."""

from collections import Counter

import pytest

from audit.checks.planted_shortcut import PlantedShortcut
from audit.checks.two_object_task import TwoObjectTask
from benchmarks.counting import AUDITS, INPUTS, audits, beside, counts, sample
from tests.checks.diagnostic import FACTS, DiagnosticBench, blind, noise, nothing, sees_only_what_matters

CHECKS = (TwoObjectTask(seeds=3), PlantedShortcut())


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "maps, truth, outcome",
    [(sees_only_what_matters, True, "pass"), (blind, False, "fail"), (nothing, False, "inconclusive")],
)
def test_each_sample_gets_a_verdict_beside_the_truth_over_all(check, maps, truth, outcome):
    assert audits(check, "m", DiagnosticBench(maps), FACTS) == (truth, {outcome: AUDITS})


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("shown, truth", [(0.5, True), (0.025, False)])
def test_an_input_without_a_map_counts_as_one_whose_map_knows_nothing(check, shown, truth):
    """Of the inputs with a map nearly all the magnitude lies where it must; how many have one decides."""

    def on_some(inputs, used):
        maps = sees_only_what_matters(inputs, used)
        maps[round(shown * len(maps)) :] = 0
        return maps

    assert audits(check, "m", DiagnosticBench(on_some), FACTS) == (truth, {"inconclusive": AUDITS})


@pytest.mark.parametrize("check", CHECKS)
def test_a_network_that_does_not_decide_as_it_should_has_no_truth(check):
    bench = DiagnosticBench(sees_only_what_matters, audited=(1, 1))
    assert audits(check, "m", bench, FACTS) == (None, {"inconclusive": AUDITS})


def test_the_same_samples_are_drawn_each_time():
    first, again = (audits(CHECKS[1], "m", DiagnosticBench(noise), FACTS) for _ in range(2))
    assert first == again and first[1].total() == AUDITS


def test_an_audit_has_at_most_a_third_of_the_inputs():
    assert [sample(count) for count in (30, 60, 3 * INPUTS, 1000)] == [10, 20, INPUTS, INPUTS]


def test_a_verdict_is_wrong_where_it_contradicts_a_known_truth():
    found = [
        (True, Counter({"pass": 15, "fail": 2, "inconclusive": 3})),
        (False, Counter({"pass": 1, "fail": 19})),
        (None, Counter({"pass": 4, "fail": 5, "inconclusive": 11})),
    ]
    lost = [(False, Counter({"fail": 20}))]
    assert counts(found, lost) == "20 / 26 / 14 | 1 of 3 | 1 | 2 | 0 / 20 / 0"


def test_verdicts_of_one_check_stand_beside_the_truth_of_another():
    truths = [True, False, True, None, False]
    assert beside(["pass", "pass", "fail", "fail", "fail"], truths) == "2 / 3 / 0 | 2 | 1 | 1"
