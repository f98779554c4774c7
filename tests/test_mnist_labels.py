"""Trainings on real digits: the network of Adebayo et al. 2018 on 3,000 images, with permuted labels and masked pixels.

One seed of each training, where the check asks for two at least: its ``measure`` is called as a run calls it, without a
verdict. The training on permuted labels takes about a minute on two cores; hence on one backend only.
"""

import importlib.util
import os
from dataclasses import replace

import keras
import numpy as np
import pytest

from audit.checks.label_permutation import LabelPermutation
from audit.checks.shared.comparison import compare, measure_whole
from audit.datasets.dataset import choose
from audit.datasets.npz import Npz
from audit.datasets.preprocess import Rescale
from audit.engine.bench import BenchSettings, Explained, NetworkBench
from audit.engine.retraining import Retraining, Splits
from audit.methods.gradient import Gradient
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.integrated_gradients import IntegratedGradients
from audit.methods.smoothgrad import SmoothGrad
from audit.network.loading.load import from_model
from audit.recipe import Recipe
from audit.record import Null, Original, Removed, Trained
from audit.similarities.spearman import Spearman
from audit.spec.entries import DatasetEntry

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.environ.get("KERAS_BACKEND") != "tensorflow", reason="minutes long: on TensorFlow only"),
]

METHODS = {
    "gradient": Gradient(),
    "smoothgrad": SmoothGrad(samples=30),
    "guided_backprop": GuidedBackprop(),
    "input_times_gradient": InputTimesGradient(),
    "integrated_gradients": IntegratedGradients(steps=50),
}
MASKED = ("input_times_gradient", "integrated_gradients")
TRUE, PERMUTED = Trained(labels="true", seed=0), Trained(labels="permuted", seed=0)
IMAGES = 3000
RECIPE = Recipe(optimizer={"adam": {"learning_rate": 0.001}}, batch_size=128, epochs=60, target_accuracy=0.96)


@pytest.fixture(scope="module")
def splits(mnist):
    source = Npz(path=mnist.name, channels="add")
    entry = DatasetEntry(name="npz", source=source, inputs=50, preprocess=Rescale(scale=1 / 255))
    train = entry.load_training(mnist.parent)
    assert train is not None and len(train.x) > IMAGES
    train = replace(train, x=train.x[:IMAGES], y=train.y[:IMAGES], ids=train.ids[:IMAGES])
    return Splits(train=train, test=entry.load(mnist.parent))


@pytest.fixture(scope="module")
def network(repository, splits):
    """The audited network: trained with a seed of its own, so that no other starts from its weights."""
    place = importlib.util.spec_from_file_location("train_mnist_cnn", repository / "examples" / "train_mnist_cnn.py")
    example = importlib.util.module_from_spec(place)
    place.loader.exec_module(example)
    keras.utils.set_random_seed(7)
    model = example.network()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(splits.train.x, splits.train.y, batch_size=128, epochs=2, verbose=0)
    return from_model(model)


def retraining(network, recipe, splits):
    def no_maps(method, data):
        raise AssertionError("nothing is ranked by a method here")

    return Retraining(network, recipe, splits, maps=no_maps, seed=0)


@pytest.fixture(scope="module")
def trained(network, splits):
    """Both trainings, by condition."""
    workshop = retraining(network, RECIPE, splits)
    return {condition: workshop.train(condition) for condition in (TRUE, PERMUTED)}


@pytest.fixture(scope="module")
def bench(network, splits, trained):
    rows = choose(splits.test, 50, seed=0)
    explained = Explained(
        inputs=splits.test.x[rows], ids=splits.test.ids[rows].tolist(), targets=splits.test.y[rows].astype(np.int32)
    )
    bench = NetworkBench(network, METHODS, explained, BenchSettings(seed=0, batch=50))
    bench.equip(retraining(network, RECIPE, splits), lambda condition: trained[condition].params)
    return bench


@pytest.fixture(scope="module")
def scores(bench):
    """What label permutation measures of each method: of the null, and of the network of permuted labels."""
    check = LabelPermutation(seeds=2)
    return {
        method: (check.measure(method, Null(), bench).scores, check.measure(method, PERMUTED, bench).scores)
        for method in METHODS
    }


@pytest.fixture(scope="module")
def whole(bench):
    """The same of whole maps, as published: the null, and by pair the mean similarity."""
    options = {"similarity": Spearman(), "channels": "sum"}

    def of(method):
        maps = {each: bench.maps(method, each) for each in (Original(), TRUE, PERMUTED)}
        alike = {
            name: compare(maps[PERMUTED], maps[other], **options, keys=None)["similarity_absolute"].mean()
            for name, other in (("similarity_absolute", Original()), ("partner_similarity_absolute", TRUE))
        }
        null = measure_whole(method, Null(), bench, **options).scores["null_absolute"].mean()
        return null, alike

    return {method: of(method) for method in METHODS}


def test_permuted_labels_are_memorised_and_say_nothing_of_the_test_data(trained):
    accuracy = {condition: measured.scores for condition, measured in trained.items()}
    assert accuracy[PERMUTED]["train_accuracy"][0] > 0.95
    assert abs(accuracy[PERMUTED]["test_accuracy"][0] - 0.10) <= 0.03
    assert accuracy[TRUE]["test_accuracy"][0] > 0.9


@pytest.mark.parametrize("pair", ["similarity_absolute", "partner_similarity_absolute"])
@pytest.mark.parametrize("method", MASKED)
def test_maps_masked_by_the_input_are_nearly_equal_and_equal_to_their_null_and_not_where_the_input_is(
    scores, whole, method, pair
):
    null, alike = whole[method]
    assert alike[pair] > 0.975 and abs(alike[pair] - null) < 0.005
    null_there, measured = scores[method]
    assert measured[pair].mean() < 0.5 and measured[pair].mean() - null_there["null_absolute"].mean() < 0.1


@pytest.mark.parametrize("pair", ["similarity_absolute", "partner_similarity_absolute"])
def test_the_published_order_holds(whole, pair):
    kept = {method: alike[pair] for method, (_, alike) in whole.items()}
    assert min(kept[method] for method in MASKED) > kept["guided_backprop"]
    assert kept["guided_backprop"] > max(kept["gradient"], kept["smoothgrad"]) + 0.1


def test_retraining_recovers_more_than_20_points_where_90_percent_of_the_pixels_are_gone_at_random(
    network, splits, trained
):
    workshop = retraining(network, Recipe(batch_size=128, epochs=8), splits)
    recall = {TRUE: trained[TRUE].params}.get
    accuracy = {
        kind: workshop.retrain(Removed(by="bernoulli", fraction=0.9, seed=0, network=kind), recall)["test_accuracy"][0]
        for kind in ("retrained", "intact")
    }
    assert accuracy["retrained"] > accuracy["intact"] + 0.20
