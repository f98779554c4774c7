"""From a recipe to what Keras understands: heads, losses, labels, optimizers, augmentation and learning rates."""

import dataclasses

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.network.training.keras_objects import rate
from audit.network.training.trainer import Trainer, TriedOn
from audit.recipe import AUGMENTATIONS, OPTIMIZERS, Recipe
from tests.network.training.trained import L, blobs, network


@pytest.mark.parametrize(
    ("units", "head", "loss"),
    [
        (3, "softmax", None),
        (3, None, None),
        (3, None, "binary_crossentropy"),
        (3, None, "mean_squared_error"),
        (3, "sigmoid", None),
        (3, "softmax", "mean_absolute_error"),
        (1, "sigmoid", None),
        (1, "sigmoid", "mean_squared_error"),
        (1, None, None),
    ],
)
def test_every_head_learns(units, head, loss):
    audited = network(L.Dense(units, activation=head))
    x, y = blobs(90, classes=max(units, 2))
    recipe = Recipe(epochs=15, batch_size=32, loss=loss, optimizer={"adam": {"learning_rate": 0.1}})
    trained = Trainer(audited, recipe).train(x, y, seed=0)
    assert trained.train_accuracy > 0.85 and trained.loss[-1] < trained.loss[0]
    assert abs(trained.accuracy[-1] - trained.train_accuracy) < 0.1


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error"])
def test_a_regression_has_a_loss_and_no_accuracy(loss):
    generator = np.random.default_rng(0)
    x = generator.standard_normal((80, 4)).astype(np.float32)
    y = x @ np.array([1.0, -2.0, 0.5, 0.0]) + 3
    recipe = Recipe(epochs=20, batch_size=16, loss=loss, optimizer={"adam": {"learning_rate": 0.1}})
    trained = Trainer(network(L.Dense(1)), recipe).train(x, y, seed=0, tried_on=TriedOn(test=(x, y)))
    assert np.isnan([*trained.accuracy, trained.train_accuracy, trained.test_accuracy]).all()
    assert trained.loss[-1] < 0.2 < trained.loss[0]
    with pytest.raises(InputError) as caught:
        Trainer(network(L.Dense(1)), dataclasses.replace(recipe, target_accuracy=0.9))
    assert caught.value.code == "M029"


@pytest.mark.parametrize(
    "y", [np.array([0, 1, 3]), np.array([-1, 0, 1]), np.array([0.0, 1.0, 2.0]), np.eye(3, dtype=np.int32)]
)
def test_labels_of_another_kind_are_one_clear_error(y):
    with pytest.raises(InputError) as caught:
        Trainer(network(L.Dense(3)), Recipe(epochs=1)).train(np.ones((3, 4), np.float32), y, seed=0)
    assert caught.value.code == "D040" and str(y.dtype) in str(caught.value.received)


@pytest.mark.parametrize("y", [np.array([0.0, np.nan, 1.0]), np.ones((3, 2))])
def test_targets_that_are_not_numbers_for_the_output_are_one_clear_error(y):
    trainer = Trainer(network(L.Dense(1)), Recipe(epochs=1, loss="mean_squared_error"))
    with pytest.raises(InputError) as caught:
        trainer.train(np.ones((3, 4), np.float32), y, seed=0)
    assert caught.value.code == "D041"


@pytest.mark.parametrize(
    ("units", "head", "loss"),
    [
        (1, "sigmoid", "sparse_categorical_crossentropy"),
        (1, None, "categorical_crossentropy"),
        (3, "softmax", "binary_crossentropy"),
    ],
)
def test_a_loss_that_does_not_fit_the_output_is_refused(units, head, loss):
    with pytest.raises(InputError) as caught:
        Trainer(network(L.Dense(units, activation=head)), Recipe(loss=loss))
    assert caught.value.code == "M025" and caught.value.where == "training.loss"


def test_every_declared_name_is_one_of_keras():
    for name in OPTIMIZERS:
        assert name in map(str.lower, dir(keras.optimizers))
    for name in AUGMENTATIONS:
        kind = getattr(L, name.title().replace("_", ""))
        assert issubclass(kind, L.Layer)


@pytest.mark.parametrize(
    ("fields", "code", "where"),
    [
        ({"optimizer": {"adam": {"learning_rat": 0.1}}}, "M024", "training.optimizer"),
        ({"optimizer": {"sgd": {"momentum": 7}}}, "M024", "training.optimizer"),
        (
            {"augmentation": [{"gaussian_noise": {"stddev": 1}}, {"random_zoom": {"height": 1}}]},
            "M024",
            "training.augmentation[1]",
        ),
        ({"augmentation": ["random_flip"]}, "M026", "training.augmentation[0]"),
    ],
)
def test_what_keras_refuses_is_one_clear_error(fields, code, where):
    with pytest.raises(InputError) as caught:
        Trainer(network(L.Dense(3)), Recipe(**fields))
    assert (caught.value.code, caught.value.where) == (code, where) and caught.value.received


def test_learning_rates_rise_and_fall_as_declared():
    cosine = Recipe(epochs=11, schedule={"cosine": {"warmup": 2, "final": 0.1}})
    rates = [rate(cosine, epoch) for epoch in range(11)]
    np.testing.assert_allclose(rates[:3], [1 / 3, 2 / 3, 1])
    assert rates[-1] == pytest.approx(0.1) and rates[6] == pytest.approx(0.55) and rates[2:] == sorted(rates[2:])[::-1]
    steps = Recipe(epochs=9, schedule={"steps": {"at": [3, 6], "factor": 0.1}})
    np.testing.assert_allclose([rate(steps, epoch) for epoch in range(9)], [1] * 3 + [0.1] * 3 + [0.01] * 3)
    assert {rate(Recipe(), epoch) for epoch in range(20)} == {1.0}
