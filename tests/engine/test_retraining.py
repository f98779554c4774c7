"""Trainings as units: data stay as they are, maps are ranked once per method, and labels are permuted by the seed."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from audit.datasets.dataset import Dataset, identified
from audit.engine.retraining import Retraining, Splits
from audit.errors import InputError, UnitError
from audit.network.loading.load import from_model
from audit.recipe import Recipe
from audit.record import Removed, Trained
from audit.running import loop
from audit.spec.spec import load_spec
from tests.commands import save_model, write_spec

FEATURES, CLASSES = 6, 3
RECIPE = Recipe(optimizer={"adam": {"learning_rate": 0.03}}, batch_size=16, epochs=8)


def split(name, count, seed):
    generator = np.random.default_rng(seed)
    y = np.arange(count, dtype=np.int32) % CLASSES
    x = generator.normal(size=(count, FEATURES)).astype(np.float32)
    x[:, 0] += 3 * y
    ids = np.array([f"{name}-{row}" for row in range(count)])
    return Dataset(x=x, y=y, ids=ids, class_names=(), name=name)


@pytest.fixture(scope="module")
def network():
    layers = keras.layers
    inputs = keras.Input((FEATURES,))
    hidden = layers.Dense(8, activation="relu", name="hidden")(inputs)
    return from_model(keras.Model(inputs, layers.Dense(CLASSES, activation="softmax", name="last")(hidden)))


class Recorded:
    """Maps of a made-up method: the first feature always ranks highest. Counts how often it is asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, method, data):
        self.asked.append((method, data.name))
        return -np.tile(np.arange(FEATURES, dtype=np.float32), (len(data.x), 1)) + FEATURES


@pytest.fixture
def world(network):
    maps, splits = Recorded(), Splits(train=split("train", 48, 0), test=split("test", 24, 1))
    return Retraining(network, RECIPE, splits, maps=maps, seed=0), maps, splits


def never(condition):
    """Recall nothing."""
    return None


def test_the_same_condition_gives_the_same_bytes_whatever_was_trained_between(world):
    retraining, _, _ = world
    first = retraining.train(Trained(labels="true", seed=0))
    retraining.retrain(Removed(by="m", fraction=0.5, seed=1), never)
    again = retraining.train(Trained(labels="true", seed=0))
    assert first.params.keys() == again.params.keys()
    for name in first.params:
        np.testing.assert_array_equal(first.params[name], again.params[name])
    for name in first.scores:
        np.testing.assert_array_equal(first.scores[name], again.scores[name])


def test_evidence_holds_the_history_the_accuracies_and_the_parameters(world, network):
    measured = world[0].train(Trained(labels="true", seed=0))
    assert measured.scores["loss"].shape == measured.scores["accuracy"].shape == (RECIPE.epochs,)
    assert measured.scores["epochs"] == [8] and measured.scores["steps"] == [24]
    assert 0 <= measured.scores["test_accuracy"][0] <= 1 and "seconds" not in measured.scores
    assert list(measured.params) == list(network.params)


def test_labels_are_permuted_as_a_whole_and_differently_by_each_seed(world):
    retraining, _, splits = world
    labels = [retraining._labels(Trained(labels="permuted", seed=seed))[0] for seed in (0, 1, 0)]
    np.testing.assert_array_equal(labels[0], labels[2])
    assert not np.array_equal(labels[0], labels[1])
    for each in labels:
        np.testing.assert_array_equal(np.sort(each), np.sort(splits.train.y))
    np.testing.assert_array_equal(retraining._labels(Trained(labels="true", seed=0))[0], splits.train.y)


def test_networks_that_are_compared_start_from_different_weights(world):
    retraining = world[0]
    fresh = [retraining.params(Trained(labels="none", seed=seed), never) for seed in (0, 1)]
    assert not np.array_equal(fresh[0]["hidden/kernel"], fresh[1]["hidden/kernel"])


def test_maps_are_computed_once_per_method_for_all_fractions_seeds_and_networks(world):
    retraining, maps, _ = world
    for seed in (0, 1):
        for fraction in (0.2, 0.5):
            for network in ("retrained", "mask"):
                retraining.retrain(Removed(by="m", fraction=fraction, seed=seed, network=network), never)
    assert maps.asked == [("m", "train"), ("m", "test")]


def test_removing_the_one_informative_feature_costs_the_accuracy_and_leaves_the_data_alone(world):
    retraining, _, splits = world
    before = splits.train.x.copy(), splits.test.x.copy()

    def accuracy(part: str) -> float:
        """The mean over trainings: one of so few epochs may end anywhere."""
        removals = [Removed(by="m", fraction=1 / FEATURES, seed=seed, part=part) for seed in range(4)]
        return float(np.mean([retraining.retrain(each, never)["test_accuracy"][0] for each in removals]))

    without, without_another = accuracy("top"), accuracy("bottom")
    assert without + 0.1 < without_another
    for kept, now in zip(before, (splits.train.x, splits.test.x), strict=True):
        np.testing.assert_array_equal(kept, now)


def test_the_intact_network_is_tested_and_not_trained(world):
    retraining, _, splits = world
    trained = retraining.train(Trained(labels="true", seed=3))
    recalled = []

    def recall(condition):
        recalled.append(condition)
        return trained.params

    condition = Removed(by="m", fraction=0.5, seed=3, network="intact")
    scores = retraining.retrain(condition, recall)
    assert recalled == [Trained(labels="true", seed=3)] and list(scores) == ["test_accuracy", "test_hits"]
    nothing = replace(condition, fraction=0.0)
    np.testing.assert_allclose(retraining.retrain(nothing, recall)["test_accuracy"], trained.scores["test_accuracy"])


def test_copies_of_a_test_input_are_one_draw_and_count_in_proportion(network):
    train, test = (identified(split(name, count, seed), 0) for name, count, seed in (("a", 48, 0), ("b", 24, 1)))
    twice, one_more = np.repeat(np.arange(24), 2), np.append(np.arange(24), 0)
    alone, doubled, uneven = (
        Retraining(network, RECIPE, Splits(train=train, test=part), maps=Recorded(), seed=0).train(
            Trained(labels="true", seed=0)
        )
        for part in (test, _rows(test, twice), _rows(test, one_more))
    )
    np.testing.assert_allclose(doubled.scores["test_hits"], alone.scores["test_hits"])
    assert uneven.scores["test_hits"].shape == (24,)
    for each in (alone, doubled, uneven):
        np.testing.assert_allclose(each.scores["test_hits"].mean(), each.scores["test_accuracy"][0])


def _rows(data, rows):
    return replace(data, x=data.x[rows], y=data.y[rows], ids=data.ids[rows])


def test_a_training_that_failed_is_named_by_what_needs_it(world):
    with pytest.raises(UnitError, match="R010|true labels"):
        world[0].params(Trained(labels="true", seed=0), never)


def test_the_plan_s_estimate_is_a_positive_time(world):
    assert 0 < world[0].seconds_per_training() < 60


# --- Whole audits ---------------------------------------------------------------------------------------------------

SMALL = {
    "methods": ["gradient"],
    "require": [
        {"label_permutation": {"seeds": 2, "null_draws": 1}},
        {"roar": {"fractions": [0.5], "seeds": 2}},
    ],
    "training": {"epochs": 1, "batch_size": 256},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("retraining")
    save_model(folder)
    return folder


def trainings(monkeypatch) -> list[str]:
    """Return a list that will hold each network trained from now on."""
    seen: list[str] = []
    real = Retraining._fit

    def spy(self, seed, *options):
        seen.append(str(seed))
        return real(self, seed, *options)

    monkeypatch.setattr(Retraining, "_fit", spy)
    return seen


def test_one_more_method_retrains_only_what_is_new_and_a_second_run_nothing(folder, tmp_path, monkeypatch):
    seen = trainings(monkeypatch)
    loop.run(load_spec(write_spec(folder, **SMALL)), out=tmp_path)
    # True and permuted labels, twice; then 50 % removed by gradient, random_map and three controls, twice.
    assert len(seen) == 4 + 5 * 2
    seen.clear()
    loop.run(load_spec(write_spec(folder, **SMALL)), out=tmp_path)
    assert seen == []
    loop.run(load_spec(write_spec(folder, **{**SMALL, "methods": ["gradient", "input_times_gradient"]})), out=tmp_path)
    assert len(seen) == 2


def test_another_recipe_leaves_other_evidence_alone(folder, tmp_path, monkeypatch):
    spec = {**SMALL, "require": [{"repeatability": {"seeds": 2}}, {"roar": {"fractions": [0.5], "seeds": 2}}]}
    loop.run(load_spec(write_spec(folder, **spec)), out=tmp_path)
    kept = {path.name for path in (tmp_path / "evidence").iterdir()}
    loop.run(load_spec(write_spec(folder, **{**spec, "training": {"epochs": 1, "batch_size": 128}})), out=tmp_path)
    checks = [
        json.loads((path / "record.json").read_text())["unit"]["check"]
        for path in (tmp_path / "evidence").iterdir()
        if path.name not in kept
    ]
    assert set(checks) == {"training", "removal", "roar"}


def test_a_recipe_that_diverges_is_an_error_with_its_reason_and_the_other_checks_finish(folder, tmp_path):
    wild = {"epochs": 2, "optimizer": {"sgd": {"learning_rate": 1e30}}}
    require = [*SMALL["require"], {"repeatability": {"seeds": 2}}]
    audit = loop.run(
        load_spec(write_spec(folder, **{**SMALL, "require": require, "training": wild})), out=tmp_path
    ).audit
    outcomes = {verdict.requirement: verdict for verdict in audit.verdicts}
    assert outcomes["label_permutation"].outcome == outcomes["roar"].outcome == "error"
    assert "diverged" in outcomes["roar"].reason and audit.exit_code == 3
    assert outcomes["repeatability"].outcome in ("pass", "fail", "inconclusive")


def test_training_data_that_do_not_fit_are_one_error_before_anything_runs(folder, tmp_path):
    images = np.random.default_rng(0).random((20, 8, 8, 1), np.float32)
    labels = np.arange(20) % 10
    cases = {
        "D013": {"x_test": images, "y_test": labels},
        "D008": {"x_test": images, "y_test": labels, "x_train": images, "y_train": labels + 1},
        "D015": {"x_test": images, "y_test": labels, "x_train": images, "y_train": labels},
        "D005": {"x_test": images, "y_test": labels, "x_train": images[:, 1:], "y_train": labels},
    }
    for code, arrays in cases.items():
        np.savez(folder / "data.npz", **arrays)
        dataset = {"source": "npz", "path": "data.npz", "inputs": 12}
        with pytest.raises(InputError, match=code):
            loop.run(load_spec(write_spec(folder, **{**SMALL, "dataset": dataset})), out=tmp_path / "out")
        assert not (tmp_path / "out").exists()
