"""Why an audit is invalid: one reason for each control that contradicts its expected verdict, with what to do."""

from dataclasses import replace
from typing import Any

import pytest

from audit.checks.cascading_randomization import CascadingRandomization
from audit.judging.validity import invalidities, why
from audit.record import Audit, Facts, OtherFeed, Performance
from tests.audits import SOUND, judged, make_facts
from tests.report import examples

CHECK = CascadingRandomization(seeds=2)


def audit(**similarities: float) -> Audit:
    return judged(CHECK, {"gradient": 0.1, **SOUND, **similarities})


def test_a_sound_audit_has_no_reason():
    assert audit().invalid == () and audit().valid


def test_each_control_that_contradicts_its_expected_verdict_is_a_reason_and_no_other_is():
    found = audit(edge_detector=0.0, random_map=1.0)
    assert [reason.method for reason in found.invalid] == ["edge_detector", "random_map"]
    assert not found.valid and found.invalid == invalidities({}, found.facts, found.controls)
    for reason, control in zip(found.invalid, (found.controls[0], found.controls[2]), strict=True):
        assert reason.kind == "control" and reason.requirement == control.requirement
        for part in (control.method, f"must {control.expected}", control.verdict.outcome, control.verdict.reason):
            assert part in reason.sentence
        assert control.requirement in reason.fix


def test_the_gate_and_each_voided_pass_give_the_reason_and_count_the_others():
    one, two = audit(random_map=1.0), audit(edge_detector=0.0, random_map=1.0)
    assert why(one.invalid) == one.invalid[0].sentence
    assert why(two.invalid).endswith(" 1 more reason makes it invalid.")
    for found in (one, two):
        told = why(found.invalid)
        assert found.sentence.endswith(told[1:]) and told in found.verdicts[0].reason


def test_validity_follows_from_the_reasons_whatever_it_is_given():
    assert examples.audit(invalid=(examples.FED_WRONGLY,), valid=True).valid is False
    assert examples.audit(valid=False).valid is True


GOOD = Performance(
    inputs=500,
    classes=10,
    accuracy=0.84,
    accuracy_interval=(0.80, 0.87),
    balanced=0.83,
    balanced_interval=(0.79, 0.87),
    most_frequent=0.11,
    skill_interval=(0.5, 0.6),
)
RESCALED = OtherFeed(
    name="the values divided by 255",
    fix="Set `preprocess: {scale: 0.00392156863}` in `dataset`.",
    inputs=400,
    accuracy=0.84,
    declared_accuracy=0.47,
    better=160,
    worse=12,
    p_adjusted=1e-20,
    test="McNemar",
    wins=True,
)


def facts_of(performance: Performance | None, *feeds: OtherFeed) -> Facts:
    facts = make_facts()
    return replace(facts, data=replace(facts.data, performance=performance, other_feeds=feeds))


def useless(low: float) -> Performance:
    return replace(GOOD, balanced=0.11, balanced_interval=(low, 0.2), skill_interval=(-0.3, 0.0))


def test_a_model_that_answers_well_and_is_fed_rightly_gives_no_reason() -> None:
    assert invalidities({}, facts_of(GOOD, replace(RESCALED, wins=False)), ()) == ()


def test_unlabelled_data_give_no_reason() -> None:
    assert invalidities({}, facts_of(None), ()) == ()


def test_a_feed_that_does_better_is_named_with_both_accuracies_and_what_to_write() -> None:
    other = replace(RESCALED, name="each channel standardised", accuracy=0.60)
    (reason,) = invalidities({}, facts_of(GOOD, other, RESCALED), ())
    assert reason.kind == "feed" and reason.fix == RESCALED.fix
    for part in (RESCALED.name, "84.0%", "47.0%", "400", "p < 0.001"):
        assert part in reason.sentence


def test_of_feeds_that_do_about_as_well_the_first_is_named() -> None:
    other = replace(RESCALED, name="each channel standardised", accuracy=0.85)
    (reason,) = invalidities({}, facts_of(GOOD, RESCALED, other), ())
    assert RESCALED.name in reason.sentence and reason.fix == RESCALED.fix


@pytest.mark.parametrize("low", [0.02, 0.1])
def test_an_interval_that_holds_chance_is_a_reason(low: float) -> None:
    (reason,) = invalidities({}, facts_of(useless(low)), ())
    assert reason.kind == "accuracy" and "0.100 is reached" in reason.sentence and "accuracy: any" in reason.fix


def test_probabilities_that_beat_the_frequencies_are_knowledge_although_no_answer_is_the_rare_class() -> None:
    detector = replace(GOOD, balanced=0.5, balanced_interval=(0.49, 0.51), skill_interval=(0.001, 0.003))
    assert invalidities({}, facts_of(detector), ()) == ()


@pytest.mark.parametrize(("as_good", "reasons"), [(0, 0), (1, 0), (2, 1), (39, 1)])
def test_a_model_that_looks_untrained_must_do_better_than_its_copies(as_good: int, reasons: int) -> None:
    copies = (0.2,) * as_good + (0.1,) * (39 - as_good)
    assert len(invalidities({}, facts_of(replace(GOOD, own=0.2, copies=copies)), ())) == reasons


def test_labels_of_one_class_show_nothing_and_are_no_reason() -> None:
    assert invalidities({}, facts_of(replace(GOOD, classes=1, balanced_interval=(0.5, 0.9))), ()) == ()


def test_any_accuracy_lifts_every_reason_of_the_answers() -> None:
    facts = facts_of(useless(0.05), RESCALED)
    assert len(invalidities({}, facts, ())) == 2
    assert invalidities({"model": {"accuracy": "any"}}, facts, ()) == ()


@pytest.mark.parametrize(
    ("asked", "reasons"),
    [
        ({"accuracy_at_least": 0.8}, 0),
        ({"accuracy_at_least": 0.81}, 1),
        ({"auc_at_least": 0.9}, 0),
        ({"auc_at_least": 0.95}, 1),
        ({"accuracy_at_least": 0.9, "auc_at_least": 0.99}, 2),
        ({"accuracy_at_least": None}, 0),
    ],
)
def test_what_the_spec_asks_must_be_reached_by_the_whole_interval(asked: dict[str, Any], reasons: int) -> None:
    found = invalidities({"model": asked}, facts_of(replace(GOOD, auc=0.95, auc_interval=(0.92, 0.97))), ())
    assert len(found) == reasons and all(each.kind == "accuracy" for each in found)
