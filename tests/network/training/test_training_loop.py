"""The loop: batches in the declared order, the ends of a training, and nothing carried over."""

import dataclasses

import keras
import numpy as np
import pytest

from audit.errors import UnitError
from audit.network.training.trainer import Trainer
from audit.network.training.training_loop import shuffled
from audit.recipe import OPTIMIZERS, Recipe
from tests.network.training.trained import STATEFUL, Counter, L, blobs, network, noisy_network, same


def test_later_trainings_are_not_traced_again(stateful):
    x, y = blobs(shape=(6, 6, 1))
    stateful.train(x, y, seed=0)
    Counter.calls = 0
    stateful.train(x[::-1], y[::-1], seed=1)
    stateful.train(x, y, seed=2, transform=lambda rows, batch: 2 * batch)
    assert Counter.calls == 0


def descend(kernel, bias, x, y, *, seed, epochs, size, rates):
    """Stochastic gradient descent on the cross-entropy of softmax(x W + b), slowly."""
    losses, steps = [], 0
    for epoch in range(epochs):
        total, order = 0.0, shuffled(len(x), seed, "epoch", epoch)
        assert sorted(order) == list(range(len(x)))
        for start in range(0, len(x), size):
            rows = order[start : start + size]
            logits = x[rows] @ kernel + bias
            p = np.exp(logits - logits.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            total -= np.log(p[np.arange(len(rows)), y[rows]]).sum()
            slope = (p - np.eye(p.shape[1])[y[rows]]) / len(rows)
            kernel, bias = kernel - rates[epoch] * x[rows].T @ slope, bias - rates[epoch] * slope.sum(0)
            steps += 1
        losses.append(total / len(x))
    return kernel, bias, losses, steps


@pytest.mark.parametrize("loss", [None, "categorical_crossentropy"])
@pytest.mark.parametrize("head", [None, "softmax"])
def test_a_training_is_gradient_descent_in_the_declared_order(head, loss):
    seed = 5  # from here no probability falls below 1e-7, where Keras clips and gradient descent does not
    (x, y), transform = blobs(70), lambda rows, batch: batch * (1 + rows[:, None] % 3)
    audited = network(L.Dense(3, activation=head, name="dense"))
    slower = {"steps": {"at": [2], "factor": 0.5}}
    recipe = Recipe(epochs=4, batch_size=32, optimizer={"sgd": {"learning_rate": 0.05}}, schedule=slower, loss=loss)
    trainer = Trainer(audited, recipe)
    start = trainer.fresh(seed)
    trained = trainer.train(x, y, seed=seed, transform=transform)
    changed = transform(np.arange(70), x).astype(np.float64)
    rates = [0.05, 0.05, 0.025, 0.025]
    first = (start["dense/kernel"].astype(float), start["dense/bias"].astype(float))
    kernel, bias, losses, steps = descend(*first, changed, y, seed=seed, epochs=4, size=32, rates=rates)
    np.testing.assert_allclose(trained.params["dense/kernel"], kernel, atol=1e-5)
    np.testing.assert_allclose(trained.params["dense/bias"], bias, atol=1e-5)
    np.testing.assert_allclose(trained.loss, losses, rtol=1e-4)
    assert (trained.epochs, trained.steps, trained.ended) == (4, steps, "all epochs") and steps == 12
    named = (changed @ kernel + bias).argmax(1)
    assert trained.train_accuracy == np.mean(named == y)


def test_it_stops_after_the_epoch_that_reaches_the_target():
    audited, (x, y) = network(L.Dense(16, "relu"), L.Dense(3, "softmax")), blobs(60)
    recipe = Recipe(epochs=60, batch_size=16, optimizer={"adam": {"learning_rate": 0.02}})
    whole = Trainer(audited, recipe).train(x, y, seed=0)
    target = float(whole.accuracy[:30].max())
    first = int(np.argmax(whole.accuracy >= target)) + 1
    assert 1 < first < 60
    stopped = Trainer(audited, dataclasses.replace(recipe, target_accuracy=target)).train(x, y, seed=0)
    assert (stopped.epochs, stopped.steps, stopped.ended) == (first, 4 * first, "target accuracy")
    np.testing.assert_array_equal(stopped.loss, whole.loss[:first])


def test_an_early_stop_looks_only_at_training_data_held_out_and_keeps_the_best_epoch():
    audited, x = network(L.Dense(32, "relu"), L.Dense(3)), blobs(60)[0]
    noise = np.random.default_rng(0).integers(0, 3, 60).astype(np.int32)  # nothing to learn but the rows themselves
    rule = {"patience": 3, "validation_fraction": 0.25}
    recipe = Recipe(epochs=200, batch_size=16, optimizer={"adam": {"learning_rate": 0.03}}, early_stop=rule)
    trainer = Trainer(audited, recipe)
    stopped = trainer.train(x, noise, seed=0)
    assert stopped.ended == "early stop" and 4 <= stopped.epochs < 200
    assert stopped.steps == stopped.epochs * 3  # 45 of 60 rows
    held = shuffled(60, 0, "held out")[:15]
    other = noise.copy()
    other[held] = (other[held] + 1) % 3
    changed = trainer.train(x, other, seed=0)
    both = min(stopped.epochs, changed.epochs)
    np.testing.assert_array_equal(stopped.loss[:both], changed.loss[:both])
    best = Trainer(audited, dataclasses.replace(recipe, epochs=stopped.epochs - 3)).train(x, noise, seed=0)
    assert same(stopped, best)


def test_a_recipe_that_diverges_is_an_error_that_names_epoch_and_loss_and_leaves_the_trainer_sound():
    trainer, (x, y) = Trainer(network(L.Dense(3)), Recipe(epochs=3, batch_size=16)), blobs()
    before = trainer.train(x, y, seed=0)
    with pytest.raises(UnitError) as caught:
        trainer.train(x, y, seed=0, transform=lambda rows, batch: batch * np.float32(np.nan))
    assert caught.value.code == "R811" and "epoch 1" in caught.value.what and "nan" in caught.value.what
    assert same(before, trainer.train(x, y, seed=0))


def test_weights_that_are_not_finite_are_an_error_even_where_the_loss_still_is():
    audited, (x, y) = network(L.Dense(3)), blobs(16)
    recipe = Recipe(epochs=1, batch_size=16, optimizer={"sgd": {"learning_rate": 1e39}})  # more than float32 holds
    with pytest.raises(UnitError) as caught:
        Trainer(audited, recipe).train(x, y, seed=0)
    assert caught.value.code == "R812" and "epoch 1" in caught.value.what


def test_epochs_that_were_not_run_are_an_error():
    trainer, (x, y) = Trainer(network(L.Dense(3)), Recipe(epochs=3, batch_size=16)), blobs()
    keras.config.set_max_epochs(2)
    try:
        with pytest.raises(UnitError) as caught, pytest.warns(UserWarning, match="Limiting epochs to 2"):
            trainer.train(x, y, seed=0)
    finally:
        keras.config.set_max_epochs(None)
    assert caught.value.code == "R813"
    assert trainer.train(x, y, seed=0).epochs == 3


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_forgets_its_last_training(optimizer):
    trainer, (x, y) = Trainer(network(L.Dense(3)), Recipe(epochs=2, batch_size=32, optimizer=optimizer)), blobs()
    first = trainer.train(x, y, seed=0)
    trainer.train(x[:40], y[:40], seed=1)
    assert same(first, trainer.train(x, y, seed=0))
    kernel = next(iter(first.params))
    assert not np.array_equal(first.params[kernel], trainer.fresh(0)[kernel])


def test_augmentation_changes_training_and_nothing_else(stateful):
    x, y = blobs(shape=(6, 6, 1))
    plain = Trainer(noisy_network(), dataclasses.replace(STATEFUL, augmentation=()))
    one, other = plain.train(x, y, seed=0), stateful.train(x, y, seed=0)
    assert not same(one, other) and list(one.params) == list(other.params)
    assert plain.accuracy(one.params, x, y) == stateful.accuracy(one.params, x, y)
