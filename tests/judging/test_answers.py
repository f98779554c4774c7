"""What is known of the model's answers: in words, and as reasons that make an audit invalid."""

from dataclasses import replace
from typing import Any

import pytest

from audit.judging.answers import UNLABELLED, sentences
from audit.judging.validity import known_before
from audit.record import DataFacts, Facts, OtherFeed, Performance
from tests.audits import make_facts

FOUND = Performance(
    inputs=1797,
    classes=10,
    accuracy=0.842,
    accuracy_interval=(0.825, 0.858),
    balanced=0.841,
    balanced_interval=(0.824, 0.858),
    most_frequent=0.102,
    skill_interval=(0.5, 0.6),
)
FEED = OtherFeed(
    name="the values divided by 255",
    fix="Set `preprocess: {scale: 0.00392156863}` in `dataset`.",
    inputs=400,
    accuracy=0.84,
    declared_accuracy=0.47,
    better=0,
    worse=0,
    p_adjusted=1e-20,
    test="McNemar",
    wins=False,
)
RESCALED = replace(FEED, better=160, worse=12, wins=True)


def data(**changes: object) -> DataFacts:
    return replace(make_facts().data, all_values=(-1.0, 1.0), performance=FOUND, **changes)  # pyright: ignore[reportArgumentType]


def test_the_accuracy_stands_beside_what_is_reached_without_looking() -> None:
    first, second = sentences(data())
    for part in ("0.842 [0.825, 0.858]", "1,797", "0.102", "0.841 [0.824, 0.858]", "by chance 0.100"):
        assert part in first
    assert second == "Values from -1 to 1."


def test_an_area_under_the_curve_is_said_where_there_is_one() -> None:
    both = replace(FOUND, classes=2, auc=0.9, auc_interval=(0.85, 0.95))
    assert "0.900 [0.850, 0.950]" in sentences(replace(data(), performance=both))[0]


def test_data_without_labels_say_that_nothing_is_known() -> None:
    assert sentences(replace(data(), performance=None)) == (UNLABELLED, "Values from -1 to 1.")


def test_labels_of_one_class_say_that_they_show_nothing() -> None:
    assert "all of one class" in sentences(replace(data(), performance=replace(FOUND, classes=1)))[0]


@pytest.mark.parametrize(
    ("feed", "said"),
    [
        (FEED, "cannot matter"),
        (replace(FEED, worse=3), "None of 1 other"),
        (replace(FEED, better=9, wins=True), "does better with the values divided by 255"),
    ],
)
def test_what_other_feeds_change_is_said(feed: OtherFeed, said: str) -> None:
    assert said in sentences(data(other_feeds=(feed,)))[-1]


def test_results_of_an_earlier_version_say_their_accuracy() -> None:
    old = replace(make_facts().data, accuracy=0.9)
    assert sentences(old) == ("Accuracy 0.900 on all of the data.",)


def facts_of(performance: Performance | None, *feeds: OtherFeed) -> Facts:
    facts = make_facts()
    return replace(facts, data=replace(facts.data, performance=performance, other_feeds=feeds))


def useless(low: float) -> Performance:
    return replace(FOUND, balanced=0.11, balanced_interval=(low, 0.2), skill_interval=(-0.3, 0.0))


def test_a_model_that_answers_well_and_is_fed_rightly_gives_no_reason() -> None:
    assert known_before({}, facts_of(FOUND, replace(RESCALED, wins=False))) == ()


def test_unlabelled_data_give_no_reason() -> None:
    assert known_before({}, facts_of(None)) == ()


def test_a_feed_that_does_better_is_named_with_both_accuracies_and_what_to_write() -> None:
    other = replace(RESCALED, name="each channel standardised", accuracy=0.60)
    (reason,) = known_before({}, facts_of(FOUND, other, RESCALED))
    assert reason.kind == "feed" and reason.fix == RESCALED.fix
    for part in (RESCALED.name, "84.0%", "47.0%", "400", "p < 0.001"):
        assert part in reason.sentence


def test_of_feeds_that_do_about_as_well_the_first_is_named() -> None:
    other = replace(RESCALED, name="each channel standardised", accuracy=0.85)
    (reason,) = known_before({}, facts_of(FOUND, RESCALED, other))
    assert f"with {RESCALED.name} it" in reason.sentence and reason.fix == RESCALED.fix
    assert reason.sentence.endswith("About as well: with each channel standardised.")


@pytest.mark.parametrize("low", [0.02, 0.1])
def test_an_interval_that_holds_chance_is_a_reason(low: float) -> None:
    (reason,) = known_before({}, facts_of(useless(low)))
    assert reason.kind == "accuracy" and "0.100 is reached" in reason.sentence and "accuracy: any" in reason.fix


def test_probabilities_that_beat_the_frequencies_are_knowledge_although_no_answer_is_the_rare_class() -> None:
    detector = replace(FOUND, balanced=0.5, balanced_interval=(0.49, 0.51), skill_interval=(0.001, 0.003))
    assert known_before({}, facts_of(detector)) == ()


@pytest.mark.parametrize(
    ("auc", "skill", "reasons"),
    [((0.8, 0.9), (-0.001, 0.002), 0), ((0.8, 0.9), (-0.004, -0.001), 1), ((0.45, 0.7), (-0.001, 0.002), 1)],
)
def test_a_few_rare_positives_that_are_ranked_above_others_by_fair_probabilities_are_knowledge(
    auc: tuple[float, float], skill: tuple[float, float], reasons: int
) -> None:
    detector = replace(FOUND, classes=2, balanced_interval=(0.49, 0.51), skill_interval=skill, auc_interval=auc)
    assert len(known_before({}, facts_of(detector))) == reasons


@pytest.mark.parametrize(("as_good", "reasons"), [(0, 0), (1, 0), (2, 1), (39, 1)])
def test_a_model_that_looks_untrained_must_do_better_than_its_copies(as_good: int, reasons: int) -> None:
    copies = (0.2,) * as_good + (0.1,) * (39 - as_good)
    assert len(known_before({}, facts_of(replace(FOUND, own=0.2, copies=copies)))) == reasons


def test_a_model_that_was_not_trained_is_given_no_other_feed() -> None:
    for performance in (
        replace(FOUND, own=0.2, copies=(0.3,) * 39),
        replace(useless(0.05), own=0.1, copies=(0.3,) * 39),
    ):
        assert [each.kind for each in known_before({}, facts_of(performance, RESCALED))] == ["accuracy"]


def test_labels_of_one_class_show_nothing_and_are_no_reason() -> None:
    assert known_before({}, facts_of(replace(FOUND, classes=1, balanced_interval=(0.5, 0.9)))) == ()


def test_any_accuracy_lifts_every_reason_of_the_answers() -> None:
    facts = facts_of(useless(0.05), RESCALED)
    assert len(known_before({}, facts)) == 2
    assert known_before({"model": {"accuracy": "any"}}, facts) == ()


@pytest.mark.parametrize(
    ("asked", "reasons"),
    [
        ({"accuracy_at_least": 0.8}, 0),
        ({"accuracy_at_least": 0.83}, 1),
        ({"auc_at_least": 0.9}, 0),
        ({"auc_at_least": 0.95}, 1),
        ({"accuracy_at_least": 0.9, "auc_at_least": 0.99}, 2),
        ({"accuracy_at_least": None}, 0),
    ],
)
def test_what_the_spec_asks_must_be_reached_by_the_whole_interval(asked: dict[str, Any], reasons: int) -> None:
    found = known_before({"model": asked}, facts_of(replace(FOUND, auc=0.95, auc_interval=(0.92, 0.97))))
    assert len(found) == reasons and all(each.kind == "accuracy" for each in found)
