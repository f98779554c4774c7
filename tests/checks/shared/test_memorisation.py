"""What networks must have learned before maps of permuted labels say anything."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.shared.memorisation import chance
from tests.checks.permutations import CHECK, facts_of, trained
from tests.checks.test_label_permutation import judgement


def test_labels_that_were_not_memorised_are_inconclusive_with_the_remedy():
    found = judgement(trained(permuted_1={"train_accuracy": 0.62, "epochs": 7.0}))
    assert found.outcome == "inconclusive" and "not memorised" in found.reason
    assert all(words in found.reason for words in ("seed 1", "0.620", "7 epochs", "`epochs`"))
    assert found.curve[0].similarity is not None and all(each.statistic is None for each in found.criteria)
    lenient = replace(CHECK, memorised=0.6)
    assert judgement(trained(permuted_1={"train_accuracy": 0.62}), check=lenient).outcome == "pass"
    assert judgement(trained(permuted_1={"train_accuracy": 0.95})).outcome == "pass"


@pytest.mark.parametrize("accuracy", [0.3, 0.2, 0.01])
def test_a_network_of_permuted_labels_away_from_chance_is_inconclusive(accuracy):
    found = judgement(trained(permuted_2={"test_accuracy": accuracy}))
    assert found.outcome == "inconclusive" and f"{accuracy:.3f}" in found.reason and "chance" in found.reason


@pytest.mark.parametrize(
    ("accuracy", "count", "outcome"), [(0.13, 2000, "pass"), (0.15, 2000, "inconclusive"), (0.15, 100, "pass")]
)
def test_chance_allows_for_the_sampling_error_of_the_test_data(accuracy, count, outcome):
    facts = facts_of(count=count)
    assert judgement(trained(permuted_0={"test_accuracy": accuracy}), facts=facts).outcome == outcome


def test_true_labels_that_taught_nothing_are_inconclusive():
    found = judgement(trained(true_0={"test_accuracy": 0.12}))
    assert found.outcome == "inconclusive" and "no better than chance" in found.reason.replace("\n", " ")


@pytest.mark.parametrize(
    ("network", "name"),
    [("permuted_0", "train_accuracy"), ("permuted_0", "test_accuracy"), ("true_0", "test_accuracy")],
)
def test_unknown_accuracies_never_pass(network, name):
    assert judgement(trained(**{network: {name: np.nan}})).outcome == "inconclusive"


def test_without_classes_there_is_no_verdict():
    found = judgement(facts=facts_of(train=(), test=()))
    assert found.outcome == "inconclusive" and "class labels" in found.reason


def test_chance_is_between_guessing_and_naming_the_commonest_class():
    generator = np.random.default_rng(0)
    train, test = np.array([0.7, 0.2, 0.1]), np.array([0.5, 0.3, 0.2])
    labels = generator.choice(3, 200_000, p=test)
    guesses = generator.choice(3, 200_000, p=train)
    low, high = chance(facts_of(train=tuple(train), test=tuple(test)).training)
    assert low == pytest.approx((labels == guesses).mean(), abs=0.01) and high == pytest.approx(
        (labels == 0).mean(), abs=0.01
    )
    assert chance(facts_of().training) == pytest.approx((0.1, 0.1))
    low, high = chance(facts_of(train=(0.9, 0.1), test=(0.0, 1.0)).training)  # the commonest class is never right
    assert (low, high) == pytest.approx((0.0, 0.1))
