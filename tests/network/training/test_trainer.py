import dataclasses
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from audit.errors import InputError, UnitError
from audit.network.loading.load import from_model
from audit.network.training.keras_objects import rate
from audit.network.training.trainer import Trainer
from audit.network.training.training_loop import shuffled
from audit.recipe import AUGMENTATIONS, OPTIMIZERS, Recipe
from tests import networks

L = keras.layers


def network(*layers, shape=(4,)):
    return from_model(keras.Sequential([keras.Input(shape), *layers]))


def blobs(count=70, classes=3, shape=(4,), seed=0):
    """Classes that a line can nearly tell apart."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, classes, count).astype(np.int32)
    centres = 2 * generator.standard_normal((classes, *shape))
    return (centres[y] + generator.standard_normal((count, *shape))).astype(np.float32), y


def noisy_network():
    """Everything that keeps a state: batch normalisation, dropout, a layer that counts how often it is traced."""
    layers = [
        *(L.Conv2D(3, 3, name="first"), L.BatchNormalization(name="normalise"), Counter(name="counter")),
        *(L.Flatten(name="flatten"), L.Dropout(0.4, name="drop"), L.Dense(3, activation="softmax", name="last")),
    ]
    return network(*layers, shape=(6, 6, 1))


class Counter(keras.layers.Layer):
    """Passes on what it is given, and counts its calls in training."""

    calls = 0

    def call(self, inputs, training=False):
        Counter.calls += bool(training)
        return inputs


SHIFT = {"random_translation": {"height_factor": 0.2, "width_factor": 0.2}}
STATEFUL = Recipe(epochs=3, batch_size=32, optimizer="nadam", augmentation=("random_flip", SHIFT))


@pytest.fixture(scope="module")
def stateful():
    """A trainer of everything that keeps a state, compiled once for all tests."""
    return Trainer(noisy_network(), STATEFUL)


def same(one, other):
    return [one.params[name].tobytes() for name in one.params] == [other.params[name].tobytes() for name in one.params]


# --- A training is a function of its arguments -----------------------------------------------------------------------


def test_nothing_carries_over_from_one_training_to_the_next(stateful):
    (x, y), (other_x, other_y) = blobs(shape=(6, 6, 1)), blobs(50, shape=(6, 6, 1), seed=1)
    first = stateful.train(x, y, seed=1)
    stateful.train(other_x, other_y, seed=2)
    again, elsewhere = stateful.train(x, y, seed=1), Trainer(noisy_network(), STATEFUL).train(x, y, seed=1)
    for each in (again, elsewhere):
        assert same(first, each)
        np.testing.assert_array_equal(first.loss, each.loss)
        np.testing.assert_array_equal(first.accuracy, each.accuracy)
        assert first.train_accuracy == each.train_accuracy
    different = stateful.train(x, y, seed=2)
    assert all(first.params[name].tobytes() != different.params[name].tobytes() for name in first.params)


def test_a_training_does_not_touch_the_audited_network_or_the_data():
    audited, (x, y) = networks.cnn(6), blobs(shape=(6, 6, 1))
    before, kept = {name: array.copy() for name, array in audited.params.items()}, x.copy()
    trained = Trainer(audited, Recipe(epochs=1, batch_size=32)).train(x, y, seed=0)
    assert all(np.array_equal(audited.params[name], before[name]) for name in before)
    np.testing.assert_array_equal(x, kept)
    assert list(trained.params) == list(audited.params)
    for name, array in trained.params.items():
        assert array.shape == before[name].shape and array.dtype == np.float32
        with pytest.raises(ValueError):
            array[...] = 0


def test_global_seeds_decide_nothing(stateful):
    x, y = blobs(shape=(6, 6, 1))
    results = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        results.append(stateful.train(x, y, seed=0))
    assert same(*results)


PROGRAM = """
import keras, numpy as np
from audit.network.loading.load import from_model
from audit.network.params import digest
from audit.network.training.trainer import Trainer
from audit.recipe import Recipe
L = keras.layers
layers = [L.Conv2D(3, 3), L.BatchNormalization(), L.Flatten(), L.Dropout(0.4), L.Dense(3, activation="softmax")]
network = from_model(keras.Sequential([keras.Input((6, 6, 1)), *layers]))
x = np.random.default_rng(0).standard_normal((70, 6, 6, 1)).astype(np.float32)
trainer = Trainer(network, Recipe(epochs=3, batch_size=32))
for seed in ORDER:
    trained = trainer.train(x, np.arange(70) % 3, seed=seed)
print(digest(trained.params))
"""


@pytest.mark.slow
def test_another_process_gives_the_same_bytes(repository):
    runs = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM.replace("ORDER", order)],
            cwd=repository,
            env={**os.environ, "PYTHONHASHSEED": order[-2]},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()[-1]
        for order in ("[4]", "[5, 4]")
    ]
    assert runs[0] == runs[1] and len(runs[0]) == 64


def test_later_trainings_are_not_traced_again(stateful):
    x, y = blobs(shape=(6, 6, 1))
    stateful.train(x, y, seed=0)
    Counter.calls = 0
    stateful.train(x[::-1], y[::-1], seed=1)
    stateful.train(x, y, seed=2, transform=lambda rows, batch: 2 * batch)
    assert Counter.calls == 0


# --- What a training computes ----------------------------------------------------------------------------------------


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
    (x, y), transform = blobs(70), lambda rows, batch: batch * (1 + rows[:, None] % 3)
    audited = network(L.Dense(3, activation=head, name="dense"))
    slower = {"steps": {"at": [2], "factor": 0.5}}
    recipe = Recipe(epochs=4, batch_size=32, optimizer={"sgd": {"learning_rate": 0.05}}, schedule=slower, loss=loss)
    trainer = Trainer(audited, recipe)
    start = trainer.fresh(7)
    trained = trainer.train(x, y, seed=7, transform=transform)
    changed = transform(np.arange(70), x).astype(np.float64)
    rates = [0.05, 0.05, 0.025, 0.025]
    first = (start["dense/kernel"].astype(float), start["dense/bias"].astype(float))
    kernel, bias, losses, steps = descend(*first, changed, y, seed=7, epochs=4, size=32, rates=rates)
    np.testing.assert_allclose(trained.params["dense/kernel"], kernel, atol=1e-5)
    np.testing.assert_allclose(trained.params["dense/bias"], bias, atol=1e-5)
    np.testing.assert_allclose(trained.loss, losses, rtol=1e-4)
    assert (trained.epochs, trained.steps, trained.ended) == (4, steps, "all epochs") and steps == 12
    named = (changed @ kernel + bias).argmax(1)
    assert trained.train_accuracy == np.mean(named == y)


@pytest.mark.parametrize("kind", ["functional", "subclassed", "normalised", "sigmoid"])
def test_the_rebuilt_model_computes_what_the_network_computes(kind):
    """With a learning rate of nothing the running loss is that of the fresh parameters."""
    audited = {
        "functional": lambda: without_normalisation(),
        "subclassed": lambda: networks.subclassed(4, 3),
        "normalised": lambda: network(L.Normalization(mean=[1.0] * 4, variance=[4.0] * 4), L.Dense(3, "softmax")),
        "sigmoid": lambda: network(L.Dense(5, "relu"), L.Dense(1, "sigmoid")),
    }[kind]()
    x, y = blobs(50, classes=2 if kind == "sigmoid" else 3, shape=audited.input_shape)
    trainer = Trainer(audited, Recipe(epochs=1, batch_size=16, optimizer={"sgd": {"learning_rate": 0.0}}))
    trained, fresh = trainer.train(x, y, seed=3), trainer.fresh(3)
    assert all(np.array_equal(trained.params[name], fresh[name]) for name in fresh)
    logits = keras.ops.convert_to_numpy(audited.apply(fresh, x)).astype(np.float64)
    if kind == "sigmoid":
        losses = np.log1p(np.exp(-np.where(y == 1, logits[:, 0], -logits[:, 0])))
        correct = (logits[:, 0] > 0) == y
    else:
        losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(y)), y]
        correct = logits.argmax(1) == y
    np.testing.assert_allclose(trained.loss, [losses.mean()], rtol=1e-4)
    np.testing.assert_allclose(trained.accuracy, [correct.mean()], atol=1e-6)
    assert trained.train_accuracy == correct.mean()


def without_normalisation():
    inputs = keras.Input((6, 6, 2))
    shared = L.Conv2D(2, 1, name="shared")
    added = L.Add()([shared(inputs), keras.ops.relu(shared(shared(inputs)))])
    block = keras.Sequential([keras.Input((6, 6, 2)), L.Conv2D(3, 3, name="inside"), L.PReLU()], name="block")
    return from_model(keras.Model(inputs, L.Dense(3, "softmax")(L.Flatten()(block(added)))))


def test_fresh_weights_come_from_the_initializers_and_know_nothing_of_the_audited_ones():
    audited = networks.cnn()
    trainer = Trainer(audited, Recipe())
    first, again, other = trainer.fresh(0), trainer.fresh(0), trainer.fresh(1)
    for name in audited.params:
        assert (
            first[name].tobytes() == again[name].tobytes() and first[name].tobytes() != audited.params[name].tobytes()
        )
        constant = name.rsplit("/", 1)[-1] in ("bias", "beta", "gamma", "moving_mean", "moving_variance")
        assert np.array_equal(first[name], other[name]) == constant
        if constant:
            assert np.all(first[name] == (1 if name.endswith(("gamma", "variance")) else 0))


def test_frozen_layers_learn_too():
    frozen = L.Dense(4, name="frozen", trainable=False)
    trainer = Trainer(network(frozen, L.Dense(3, name="last")), Recipe(epochs=1, batch_size=16))
    fresh, trained = trainer.fresh(0), trainer.train(*blobs(), seed=0)
    assert all(not np.array_equal(trained.params[name], fresh[name]) for name in fresh)


def test_the_test_data_decide_nothing():
    trainer, (x, y) = Trainer(network(L.Dense(3)), Recipe(epochs=2, batch_size=16)), blobs()
    held = blobs(30, seed=5)
    with_test = trainer.train(x, y, seed=0, test=held, test_transform=lambda rows, batch: -batch)
    without = trainer.train(x, y, seed=0)
    assert same(with_test, without) and np.isnan(without.test_accuracy)
    unmeasured = trainer.train(x, y, seed=0, train_accuracy=False)
    assert same(unmeasured, without) and np.isnan(unmeasured.train_accuracy)
    assert with_test.test_accuracy == trainer.accuracy(without.params, -held[0], held[1])
    kernel, bias = with_test.params.values()
    assert with_test.test_accuracy == np.mean((-held[0] @ kernel + bias).argmax(1) == held[1])


def test_accuracies_do_not_depend_on_how_many_inputs_are_asked_for():
    audited = networks.linear(np.eye(3).tolist(), [0.0] * 3)
    trainer = Trainer(audited, Recipe())
    x = np.random.default_rng(0).standard_normal((300, 3)).astype(np.float32)
    y = np.arange(300) % 3
    for count in (1, 255, 256, 257, 300):
        expected = np.mean(x[:count].argmax(1) == y[:count])
        assert trainer.accuracy(audited.params, x[:count], y[:count]) == expected


# --- When a training ends --------------------------------------------------------------------------------------------


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
        with pytest.raises(UnitError) as caught:
            trainer.train(x, y, seed=0)
    finally:
        keras.config.set_max_epochs(None)
    assert caught.value.code == "R813"
    assert trainer.train(x, y, seed=0).epochs == 3


# --- Heads, losses and labels ----------------------------------------------------------------------------------------


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
    trained = Trainer(network(L.Dense(1)), recipe).train(x, y, seed=0, test=(x, y))
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


# --- Recipes ---------------------------------------------------------------------------------------------------------


def test_every_declared_name_is_one_of_keras():
    for name in OPTIMIZERS:
        assert name in map(str.lower, dir(keras.optimizers))
    for name in AUGMENTATIONS:
        kind = getattr(L, name.title().replace("_", ""))
        assert issubclass(kind, L.Layer)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_forgets_its_last_training(optimizer):
    trainer, (x, y) = Trainer(network(L.Dense(3)), Recipe(epochs=2, batch_size=32, optimizer=optimizer)), blobs()
    first = trainer.train(x, y, seed=0)
    trainer.train(x[:40], y[:40], seed=1)
    assert same(first, trainer.train(x, y, seed=0))
    kernel = next(iter(first.params))
    assert not np.array_equal(first.params[kernel], trainer.fresh(0)[kernel])


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


def test_augmentation_changes_training_and_nothing_else(stateful):
    x, y = blobs(shape=(6, 6, 1))
    plain = Trainer(noisy_network(), dataclasses.replace(STATEFUL, augmentation=()))
    one, other = plain.train(x, y, seed=0), stateful.train(x, y, seed=0)
    assert not same(one, other) and list(one.params) == list(other.params)
    assert plain.accuracy(one.params, x, y) == stateful.accuracy(one.params, x, y)


# --- Rebuilding ------------------------------------------------------------------------------------------------------


class Closed(keras.Model):
    """A subclassed model whose configuration says nothing."""

    def __init__(self, last):
        super().__init__()
        self.last = last

    def call(self, inputs):
        return self.last(inputs)


class Shrinking(networks.Subclassed):
    """A model that its configuration describes wrongly."""

    @classmethod
    def from_config(cls, config):
        return cls(classes=2)


def test_a_model_without_a_configuration_is_audited_but_not_retrained():
    model = Closed(L.Dense(3))
    model(np.zeros((1, 4), np.float32))
    audited = from_model(model)
    with pytest.raises(InputError) as caught:
        Trainer(audited, Recipe())
    assert caught.value.code == "M023" and "get_config" in caught.value.fix
    with pytest.raises(InputError) as caught:
        Trainer(dataclasses.replace(audited, rebuild=None), Recipe())
    assert caught.value.code == "M023"


def test_a_model_that_comes_back_as_another_is_one_clear_error():
    model = Shrinking(3)
    model(np.zeros((1, 4), np.float32))
    with pytest.raises(InputError) as caught:
        Trainer(from_model(model), Recipe())
    assert caught.value.code == "M028" and "last/kernel" in caught.value.expected


class Unnamed(keras.Model):
    """Its layers are named by Keras, with numbers that go up at each building, and have distinct initial values."""

    def __init__(self, classes=3):
        super().__init__()
        self.parts = [L.Dense(4, kernel_initializer=keras.initializers.Constant(0.1 * n)) for n in (1, 2, 3)]
        self.last = L.Dense(classes, kernel_initializer="ones")

    def call(self, inputs):
        for part in self.parts:
            inputs = part(inputs)
        return self.last(inputs)


def test_weights_are_matched_by_place_where_keras_made_up_their_names():
    model = Unnamed()
    model(np.zeros((1, 4), np.float32))
    audited = from_model(model)
    trainer = Trainer(audited, Recipe(epochs=1, batch_size=16, optimizer={"sgd": {"learning_rate": 0.0}}))
    trained = trainer.train(*blobs(), seed=0)
    kernels = [trained.params[name] for name in audited.params if name.endswith("kernel")]
    np.testing.assert_allclose([kernel.mean() for kernel in kernels], [0.1, 0.2, 0.3, 1.0], rtol=1e-6)


# --- The exact solution ----------------------------------------------------------------------------------------------

EXACT = Recipe(solver="least_squares")


@pytest.mark.parametrize("classes", [1, 3])
def test_least_squares_solves_the_normal_equations(classes):
    x, y = blobs(60, classes=max(classes, 2))
    trained = Trainer(network(L.Dense(classes, name="dense")), EXACT).train(x, y, seed=0, test=(x, y))
    design = np.column_stack([x, np.ones(60)]).astype(np.float64)
    wanted = np.where(y == 1, 1.0, -1.0)[:, None] if classes == 1 else np.eye(3)[y]
    solution = np.linalg.solve(design.T @ design, design.T @ wanted)
    np.testing.assert_allclose(trained.params["dense/kernel"], solution[:-1], atol=1e-5)
    np.testing.assert_allclose(trained.params["dense/bias"], solution[-1], atol=1e-5)
    values = design @ solution
    named = values.argmax(1) if classes > 1 else values[:, 0] > 0
    assert trained.train_accuracy == trained.test_accuracy == trained.accuracy[0] == np.mean(named == y)
    np.testing.assert_allclose(trained.loss, [np.mean((values - wanted) ** 2)], rtol=1e-6)
    assert (trained.epochs, trained.steps) == (1, 1)


def test_least_squares_takes_changed_inputs_constant_features_and_no_intercept():
    x, y = blobs(60, classes=2, shape=(2, 2))
    trainer = Trainer(network(L.Flatten(), L.Dense(1, use_bias=False, name="dense"), shape=(2, 2)), EXACT)

    def removed(rows, batch):
        return np.concatenate([np.zeros_like(batch[:, :1]), batch[:, 1:]], axis=1)

    trained = trainer.train(x, y, seed=0, transform=removed)
    flat = removed(None, x).reshape(60, 4).astype(np.float64)
    np.testing.assert_allclose(trained.params["dense/kernel"][:, 0], np.linalg.pinv(flat) @ (2.0 * y - 1), atol=1e-5)
    np.testing.assert_allclose(trained.params["dense/kernel"][:2], 0, atol=1e-6)


def test_least_squares_refuses_anything_but_one_dense_layer():
    for audited in (network(L.Dense(3), L.Dense(3)), network(L.Dense(3, "relu")), networks.subclassed()):
        with pytest.raises(InputError) as caught:
            Trainer(audited, EXACT)
        assert caught.value.code == "M027"
