"""What is known of the model's answers, in words."""

from dataclasses import replace

import pytest

from audit.judging.answers import UNLABELLED, sentences
from audit.record import DataFacts, OtherFeed, Performance
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
    name="the values times 255",
    fix="",
    inputs=9,
    accuracy=1.0,
    declared_accuracy=1.0,
    better=0,
    worse=0,
    p_adjusted=1.0,
    test="McNemar",
    wins=False,
)


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
        (replace(FEED, better=9, wins=True), "does better with the values times 255"),
    ],
)
def test_what_other_feeds_change_is_said(feed: OtherFeed, said: str) -> None:
    assert said in sentences(data(other_feeds=(feed,)))[-1]


def test_results_of_an_earlier_version_say_their_accuracy() -> None:
    old = replace(make_facts().data, accuracy=0.9)
    assert sentences(old) == ("Accuracy 0.900 on all of the data.",)
