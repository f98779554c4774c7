"""A model that is fed wrongly: the audit is invalid before anything is measured, and names the better feed."""

import re
from dataclasses import replace

import keras
import numpy as np
import pytest
from ruamel.yaml import YAML

from audit.datasets.dataset import Dataset
from audit.datasets.preprocess import Rescale
from audit.judging.validity import invalidities
from audit.network.loading.from_model import from_model
from audit.record import DataFacts, Invalidity
from audit.running.feed import MOST, other_feeds
from audit.running.inputs import answering, chosen_of, logits_of
from audit.running.observations import data_facts
from audit.running.untrained import performance
from tests.audits import make_facts
from tests.plans import spec_of
from tests.running.fed_models import MODELS, WRONG, Fed, detector

SPEC = spec_of("repeatability")


def facts_of(model: keras.Model, x: np.ndarray, y: np.ndarray | None) -> DataFacts:
    """Return what is known of a model before it is explained on these inputs."""
    network = from_model(model)
    data = Dataset(x=np.ascontiguousarray(x), y=y, ids=np.arange(len(x)).astype(str), class_names=(), name="data")
    answers = answering(network, 500)
    logits = logits_of(answers, data)
    facts = data_facts(SPEC, data, chosen_of(SPEC, data, logits), performance(network, data, logits, seed=0))
    return replace(facts, other_feeds=other_feeds(SPEC, network, data, logits, answers))


def reasons(found: DataFacts) -> tuple[Invalidity, ...]:
    return invalidities({}, replace(make_facts(), data=found), ())


@pytest.mark.parametrize("name", MODELS)
def test_the_right_feed_is_no_reason_and_no_other_does_better(name: str) -> None:
    fed = MODELS[name]()
    found = facts_of(fed.model, fed.x, fed.y)
    assert found.performance is not None and found.performance.balanced_interval[0] > 0.6
    assert reasons(found) == () and not any(each.wins for each in found.other_feeds)
    assert any(each.worse for each in found.other_feeds)


COSTLY = [
    *((name, wrong) for name in MODELS for wrong in ("labels off by one", "double scaling")),
    ("digits", "missing mean subtraction"),
    ("colours", "missing mean subtraction"),
    ("table", "missing mean subtraction"),
    ("colours", "channels swapped"),
]
"""Models and wrong feeds that cost accuracy; rectifiers answer almost alike whatever the scale."""


@pytest.mark.parametrize(("name", "wrong"), COSTLY)
def test_a_wrong_feed_that_costs_accuracy_is_named_with_what_undoes_it(name: str, wrong: str) -> None:
    fed, (change, repair) = MODELS[name](), WRONG[wrong]
    right, found = facts_of(fed.model, fed.x, fed.y), facts_of(fed.model, *change(fed))
    assert right.performance is not None and found.performance is not None
    assert found.performance.accuracy < right.performance.accuracy - 0.02
    winners = [each.name for each in found.other_feeds if each.wins]
    assert any(repair in each for each in winners), (winners, found.performance.accuracy)
    (reason,) = [each for each in reasons(found) if each.kind == "feed"]
    assert any(each in reason.sentence for each in winners)


@pytest.mark.parametrize("name", MODELS)
def test_the_preprocess_that_is_printed_makes_the_feed_right(name: str) -> None:
    fed = MODELS[name]()
    x, y = WRONG["double scaling"][0](fed)
    (reason,) = [each for each in reasons(facts_of(fed.model, x, y)) if each.kind == "feed"]
    written = re.search(r"preprocess: (\{.*?\})", reason.fix)
    assert written is not None, reason
    step = YAML(typ="safe").load(written[1])
    assert not [each for each in reasons(facts_of(fed.model, Rescale(**step).apply(x), y)) if each.kind == "feed"]


@pytest.mark.parametrize("name", MODELS)
def test_random_labels_and_an_untrained_network_know_nothing(name: str) -> None:
    fed = MODELS[name]()
    shuffled = np.random.default_rng(0).permutation(fed.y)
    untrained = keras.models.clone_model(fed.model)
    for model, y in ((fed.model, shuffled), (untrained, fed.y)):
        kinds = [each.kind for each in reasons(facts_of(model, fed.x, y))]
        assert kinds, name


@pytest.mark.parametrize("weight", [1.0, 8.0, 49.0])
def test_a_detector_of_rare_positives_that_is_fed_rightly_is_no_reason(weight: float) -> None:
    fed = detector(weight)
    found = facts_of(fed.model, fed.x, fed.y)
    assert reasons(found) == (), (found.performance, [each for each in found.other_feeds if each.wins])


@pytest.mark.parametrize(
    ("name", "classes"), [("digits", (2, 7)), ("colours", (0, 1, 4)), ("digits", tuple(range(10)))]
)
def test_labels_in_another_order_are_found_on_half_of_the_inputs_and_tried_on_the_rest(
    name: str, classes: tuple[int, ...]
) -> None:
    fed = MODELS[name]()
    order = np.arange(int(fed.y.max()) + 1)
    order[list(classes)] = np.roll(classes, 3 if len(classes) == 10 else 1)
    found = facts_of(fed.model, fed.x, order[fed.y])
    (feed,) = [each for each in found.other_feeds if each.name == "the labels in another order"]
    assert feed.wins and feed.accuracy > 0.9 and feed.inputs < 0.51 * len(fed.x)
    assert all(f"{label} is its {given}" in feed.fix for given, label in enumerate(order.tolist()) if label != given)
    (reason,) = [each for each in reasons(found) if each.kind == "feed"]
    assert feed.name in reason.sentence


def test_without_labels_nothing_is_known_and_nothing_is_tried() -> None:
    fed = MODELS["table"]()
    found = facts_of(fed.model, fed.x, None)
    assert (found.performance, found.other_feeds, reasons(found)) == (None, (), ())


def test_many_inputs_are_compared_on_a_choice_of_them() -> None:
    fed: Fed = MODELS["table"]()
    copies = np.concatenate([fed.x + np.float32(0.001) * step for step in range(4)])
    found = facts_of(fed.model, copies, np.tile(fed.y, 4))
    assert found.performance is not None and found.performance.inputs == 3200
    assert max(each.inputs for each in found.other_feeds) <= MOST


def test_a_model_that_cannot_take_another_feed_is_audited_all_the_same() -> None:
    inputs = keras.Input((3,))
    embedded = keras.layers.Embedding(5, 4)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(embedded)))
    x = np.random.default_rng(0).integers(0, 5, (40, 3)).astype(np.float32)
    found = facts_of(model, x, np.arange(40) % 2)
    assert found.performance is not None and all("lower" in each.name or each.inputs for each in found.other_feeds)
