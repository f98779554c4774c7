"""How well a model answers: each number derived slowly, and each interval and test held against samples."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from audit.performance import above_chance, balanced, matching, paired_test, performance_of, right


def answers(labels: np.ndarray, accuracy: float, classes: int, random: np.random.Generator) -> np.ndarray:
    """Return logits (n, K) that name the label with this probability, and otherwise another class."""
    named = np.where(
        random.random(len(labels)) < accuracy,
        labels,
        (labels + random.integers(1, classes, len(labels))) % classes,
    )
    return np.eye(classes)[named]


def test_every_number_is_that_of_a_library() -> None:
    random = np.random.default_rng(0)
    labels = random.choice(3, 200, p=[0.6, 0.3, 0.1])
    found = performance_of(answers(labels, 0.7, 3, random), labels)
    named = answers(labels, 0.7, 3, np.random.default_rng(0))
    assert (found.inputs, found.classes, found.auc) == (200, 3, None)
    assert found.most_frequent == np.bincount(labels).max() / 200
    hits = right(named, labels)
    assert balanced(hits, labels) == pytest.approx(balanced_accuracy_score(labels, named.argmax(axis=1)))


@pytest.mark.parametrize("columns", [1, 2])
def test_two_classes_have_an_area_under_the_curve_with_one_logit_or_two(columns: int) -> None:
    random = np.random.default_rng(1)
    labels = np.arange(120) % 2
    score = np.round(labels + random.normal(size=120), 1)  # with ties
    logits = score[:, None] - 0.5 if columns == 1 else np.stack([-score, score], axis=1)
    found = performance_of(logits, labels)
    assert found.auc == pytest.approx(roc_auc_score(labels, score))
    assert found.auc_interval is not None and found.auc_interval[0] < found.auc < found.auc_interval[1]


def test_logits_that_are_not_finite_are_wrong_answers() -> None:
    logits = np.array([[1.0, 0.0], [np.nan, 0.0], [np.inf, 0.0], [0.0, 1.0]])
    assert right(logits, np.array([0, 0, 0, 1])).tolist() == [True, False, False, True]


@pytest.mark.parametrize("classes", [2, 10, 200])
@pytest.mark.parametrize("each", [1, 3, 20])
def test_answers_that_do_not_look_at_the_input_are_rarely_above_chance(classes: int, each: int) -> None:
    random, labels = np.random.default_rng(classes + each), np.repeat(np.arange(classes), each)
    trials = 300
    above = sum(above_chance(random.integers(0, classes, len(labels)) == labels, labels) for _ in range(trials))
    assert above <= 0.05 * trials
    constant = np.zeros(len(labels), int)
    assert not above_chance(constant == labels, labels)


def test_naming_the_most_frequent_class_is_not_above_chance_and_a_detector_of_few_positives_is() -> None:
    labels = (np.arange(1000) < 20).astype(int)
    assert not above_chance(labels == 0, labels)
    found = np.where(labels == 1, np.arange(1000) < 14, np.arange(1000) < 990)
    assert above_chance(found, labels)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5])
def test_intervals_of_accuracy_balanced_accuracy_and_area_hold_the_truth(share: float) -> None:
    random, held, trials = np.random.default_rng(3), np.zeros(3), 300
    for _ in range(trials):
        labels = (random.random(300) < share).astype(int)
        labels[:2] = 0, 1
        score = labels * 1.5 + random.normal(size=300)
        found = performance_of((score - 0.75)[:, None], labels)
        truth = 0.7734, 0.7734, 0.8556  # of two normal distributions 1.5 apart, cut in the middle
        intervals = found.accuracy_interval, found.balanced_interval, found.auc_interval or (0, 0)
        held += [low <= value <= high for value, (low, high) in zip(truth, intervals, strict=True)]
    assert (held >= 0.92 * trials).all(), held


def test_the_paired_test_is_mcnemars_where_classes_are_of_one_size() -> None:
    labels = np.arange(40) % 4
    other, feed = np.ones(40, bool), np.ones(40, bool)
    other[:2], feed[2:13] = False, False  # eleven better, two worse
    slow = 2 * sum(np.prod([13 - i for i in range(k)]) / np.prod(np.arange(1, k + 1)) for k in range(3)) / 2**13
    assert paired_test(other, feed, labels) == pytest.approx(slow)
    assert paired_test(feed, other, labels) == pytest.approx(slow)
    assert paired_test(feed, feed, labels) == 1.0


def test_the_paired_test_of_unequal_classes_is_that_of_every_sign() -> None:
    labels = np.array([0] * 20 + [1] * 5 + [2] * 2)
    other, feed = np.zeros(27, bool), np.zeros(27, bool)
    other[[0, 1, 2, 20, 21, 25]], feed[[3, 4, 22]] = True, True
    weight = np.maximum(np.rint(1000 * 2 / np.bincount(labels)[labels]), 1)[other != feed]
    observed = abs(np.sum(weight * np.where(other[other != feed], 1, -1)))
    sums = [abs(np.dot(signs, weight)) for signs in itertools.product((-1, 1), repeat=len(weight))]
    assert paired_test(other, feed, labels) == pytest.approx(np.mean(np.array(sums) >= observed))


def test_feeds_that_answer_equally_well_differ_as_rarely_as_the_level_says() -> None:
    random, labels = np.random.default_rng(5), np.array([0] * 380 + [1] * 20)
    found = [paired_test(random.random(400) < 0.7, random.random(400) < 0.7, labels) for _ in range(400)]
    assert np.mean(np.array(found) < 0.05) <= 0.07


def test_labels_in_another_order_are_matched_and_a_class_without_inputs_keeps_its_label() -> None:
    random, order = np.random.default_rng(8), np.array([2, 0, 1, 3])
    labels = random.integers(0, 3, 300)
    assert matching(answers(order[labels], 0.7, 4, random), labels).tolist() == order.tolist()
    assert matching(answers(labels, 0.7, 4, random), labels).tolist() == [0, 1, 2, 3]
