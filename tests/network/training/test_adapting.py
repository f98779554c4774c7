"""`adapted: again`: each normalisation gets the mean and variance of the inputs that a network is trained on."""

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.network.loading.load import from_model
from audit.network.training.trainer import Trainer
from audit.recipe import Recipe
from tests.network.adapted import KEPT, TABLES, L, layers_of, model_of, numbers

X, Y = 3 * numbers(300, seed=4) + 1, (numbers(300, seed=4)[:, 0] % 3).astype(np.int32)
AGAIN = Recipe(epochs=1, batch_size=64, adapted="again")
CAN = ("normalization", "normalization of all axes", "two normalizations")


def trainer(model, recipe=AGAIN):
    return Trainer(from_model(model), recipe, X[:8])


@pytest.mark.parametrize("shape", ["sequential", "functional", "nested"])
@pytest.mark.parametrize("name", CAN)
def test_it_learns_what_adapting_before_training_gives(name, shape):
    """The same network, adapted by Keras to the (changed) training inputs and kept, is trained to the same numbers."""

    def change(rows, x):
        return x * 2 + 1

    layers = layers_of(name)
    again = trainer(model_of(layers, shape)).train(X, Y, seed=0, transform=change)
    values = change(None, X)
    for layer in layers:
        layer.adapt(values)
        values = keras.ops.convert_to_numpy(layer(values))
    kept = trainer(model_of(layers, shape), Recipe(epochs=1, batch_size=64)).train(X, Y, seed=0, transform=change)
    for mine, yours in zip(again.params.values(), kept.params.values(), strict=True):
        np.testing.assert_allclose(mine, yours, rtol=1e-4, atol=1e-5)
    assert again.train_accuracy == pytest.approx(kept.train_accuracy, abs=0.02)


def test_kept_statistics_are_the_audited_ones_whatever_is_trained_on():
    audited = from_model(model_of(layers_of("normalization")))
    trained = Trainer(audited, Recipe(epochs=1), X[:8]).train(X, Y, seed=0)
    again = Trainer(audited, AGAIN, X[:8]).train(X, Y, seed=0)
    for ending, expected in (("/mean", X.mean(0)), ("/variance", X.var(0))):
        (name,) = [each for each in audited.params if each.endswith(ending)]
        np.testing.assert_array_equal(trained.params[name], audited.params[name])
        np.testing.assert_allclose(again.params[name], expected, rtol=1e-5)


@pytest.mark.parametrize("name", [*[each for each in KEPT if each not in CAN], *TABLES])
def test_what_cannot_be_adapted_again_is_one_clear_error_before_any_training(name):
    with pytest.raises(InputError) as caught:
        trainer(model_of(layers_of(name)))
    assert caught.value.code == "M034" and "keep" in caught.value.fix


def test_a_table_beside_a_normalisation_is_named():
    inputs = keras.Input((4,))
    bins = L.Discretization(num_bins=4, output_mode="multi_hot", name="bins")
    bins.adapt(numbers())
    both = L.Concatenate()([layers_of("normalization")[0](inputs), bins(inputs)])
    with pytest.raises(InputError) as caught:
        trainer(keras.Model(inputs, L.Dense(3, activation="softmax")(both)))
    assert "`bins`" in caught.value.what
