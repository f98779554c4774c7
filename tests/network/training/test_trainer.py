"""A training is a function of its arguments, and rebuilds the audited architecture."""

import dataclasses
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.network.loading.load import from_model
from audit.network.training.trainer import Trainer, TriedOn
from audit.recipe import Recipe
from tests import networks
from tests.network.training.trained import STATEFUL, L, blobs, network, noisy_network, same


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
    with_test = trainer.train(x, y, seed=0, tried_on=TriedOn(test=held, test_transform=lambda rows, batch: -batch))
    without = trainer.train(x, y, seed=0)
    assert same(with_test, without) and np.isnan(without.test_accuracy)
    unmeasured = trainer.train(x, y, seed=0, tried_on=TriedOn(train=False))
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
