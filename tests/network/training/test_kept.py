"""Retraining keeps what was not learned: adapted layers stay, what batches fill starts anew, both in every training."""

import dataclasses

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.network.loading.load import from_model
from audit.network.random_states import draw_keys
from audit.network.training.trainer import Trainer
from audit.recipe import Recipe
from tests.network.adapted import ALL_KEPT, FILLED, Forgetful, L, layers_of, model_of, numbers
from tests.network.random_models import CHANGING, DRAWING, MIXING, STEADY, images
from tests.network.training.trained import same

X, Y = numbers(90), (numbers(90)[:, 0] % 3).astype(np.int32)
STILL = Recipe(epochs=1, batch_size=90, optimizer={"sgd": {"learning_rate": 0.0}})
SHORT = Recipe(epochs=2, batch_size=32)


def trainer(model, recipe=SHORT):
    return Trainer(from_model(model), recipe, X[:8])


@pytest.mark.parametrize("shape", ["sequential", "nested"])
@pytest.mark.parametrize("name", ALL_KEPT)
def test_a_training_computes_with_what_was_adapted(name, shape):
    """With a learning rate of nothing the running loss is that of the fresh parameters on the audited network."""
    audited = from_model(model_of(layers_of(name), shape))
    still = Trainer(audited, STILL, X[:8])
    trained, fresh = still.train(X, Y, seed=3), still.fresh(3)
    logits = keras.ops.convert_to_numpy(audited.apply(fresh, X)).astype(np.float64)
    losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(Y)), Y]
    np.testing.assert_allclose(trained.loss, [losses.mean()], rtol=1e-4)
    assert all(np.array_equal(trained.params[each], fresh[each]) for each in fresh)
    learned = {each for stage in audited.stages for each in stage.variables}
    for each in set(audited.params) - learned:
        assert np.array_equal(fresh[each], audited.params[each]), each


@pytest.mark.parametrize("shape", ["sequential", "nested"])
@pytest.mark.parametrize("name", FILLED)
def test_what_batches_fill_starts_anew_in_every_training_and_is_filled_again(name, shape):
    """Two models of one architecture that batches have filled differently are retrained to the same numbers."""
    models = [model_of(layers_of(name), shape) for _ in range(2)]
    for each in range(5):
        models[1](2 * numbers(seed=each) + 1, training=True)
    for own, other in zip(models[0].trainable_weights, models[1].trainable_weights, strict=True):
        other.assign(own)
    one, other = map(trainer, models)
    first, second = one.train(X, Y, seed=0), other.train(X, Y, seed=0)
    one.train(X[::-1], Y, seed=1)
    assert same(first, one.train(X, Y, seed=0))
    for mine, yours in zip(first.params, second.params, strict=True):
        np.testing.assert_allclose(first.params[mine], second.params[yours], rtol=1e-5, atol=1e-6)
    fresh, held = one.fresh(0), [each.name for each in models[0].non_trainable_weights if "float" in each.dtype]
    moved = [name for name in fresh if name.rpartition("/")[2].partition("#")[0] in held]
    assert moved and all(not np.array_equal(first.params[each], fresh[each]) for each in moved)


def test_a_random_start_is_that_of_the_seed():
    one, other = trainer(model_of(layers_of("code book"))), trainer(model_of(layers_of("code book")))
    (name,) = [each for each in one.fresh(0) if each.endswith("/book")]
    (again,) = [each for each in other.fresh(0) if each.endswith("/book")]
    np.testing.assert_array_equal(one.fresh(0)[name], other.fresh(0)[again])
    assert not np.array_equal(one.fresh(0)[name], one.fresh(1)[name])


def test_normalised_features_are_learned_as_well_as_they_were():
    """Features of scales far apart: without its statistics the clone learns next to nothing."""
    generator = np.random.default_rng(0)
    y = np.arange(240) % 3
    x = (generator.standard_normal((240, 4)) * 0.5 + np.eye(4)[y]).astype(np.float32) * [1e-3, 1, 1e3, 1e4] + 5e4
    normal = L.Normalization()
    normal.adapt(x)
    model = keras.Sequential([keras.Input((4,)), normal, L.Dense(16, "relu"), L.Dense(3, "softmax")])
    recipe = Recipe(epochs=30, batch_size=32, optimizer={"adam": {"learning_rate": 0.01}})
    trained = Trainer(from_model(model), recipe, x[:8]).train(x.astype(np.float32), y.astype(np.int32), seed=0)
    assert trained.train_accuracy > 0.7


def test_a_state_that_is_kept_nowhere_is_one_clear_error_before_any_training():
    layer = Forgetful()
    layer.number = 0.5
    with pytest.raises(InputError) as caught:
        trainer(model_of([layer]))
    assert caught.value.code == "M033" and "save_assets" in caught.value.fix


def test_solving_exactly_needs_no_state():
    audited = from_model(keras.Sequential([keras.Input((4,)), L.Dense(3)]))
    solved = Trainer(audited, Recipe(solver="least_squares")).train(X, Y, seed=0)
    assert list(solved.params) == list(audited.params)


RANDOM = {name: build for name, (build, _) in {**DRAWING, **CHANGING, **MIXING}.items()}
ALL = {**RANDOM, **{f"steady: {name}": build for name, build in STEADY.items()}}


@pytest.mark.parametrize("name", ALL)
def test_a_model_that_answers_by_more_than_its_input_is_not_taken_for_another_one(name):
    """What is random in it says nothing of what was restored; a model without a configuration is refused as ever."""
    network = dataclasses.replace(from_model(ALL[name]()), draws=draw_keys(0, 1) if name in RANDOM else ())
    try:
        Trainer(network, SHORT, images())
    except InputError as error:
        assert error.code == "M023"
