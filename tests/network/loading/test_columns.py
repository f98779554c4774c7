"""A model of columns, words among them, becomes one of rows that computes the same."""

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.network.loading.load import from_model, load_file
from audit.network.training.trainer import Trainer
from audit.recipe import Recipe
from tests.network.adapted import TENSORFLOW, L
from tests.network.tables import answers, coded, column_model, rows

MODES = ("int", "one_hot", "multi_hot", "count")


def probabilities(network, x, params=None):
    logits = network.apply(network.params if params is None else params, x)
    return keras.ops.convert_to_numpy(keras.ops.softmax(logits))


KERAS_TAKES_WORDS = pytest.mark.skipif(not TENSORFLOW, reason="on JAX Keras computes no model of words")


@KERAS_TAKES_WORDS
@pytest.mark.parametrize("shape", ["functional", "nested"])
@pytest.mark.parametrize(("mode", "rank"), [*((mode, 2) for mode in MODES), ("int", 1), ("one_hot", 1)])
def test_rows_of_codes_give_what_columns_of_words_give(mode, shape, rank):
    model, (data, _) = column_model(mode, shape, rank), rows(50, seed=1)
    data["colour"][:5] = "unknown"
    network = from_model(model)
    assert network.columns == ("age", "colour", "size") and network.input_shape == (3,)
    assert set(network.words) == {"colour"} and network.words["colour"][0] == "[UNK]"
    np.testing.assert_allclose(probabilities(network, coded(network, data)), answers(model, data), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", ["functional", "nested"])
def test_rows_give_what_the_columns_give_by_hand(shape):
    model, (data, _) = column_model("one_hot", shape), rows(50, seed=1)
    network, known = from_model(model), rows()[0]
    numbers = [(data[name] - known[name].mean()) / known[name].std() for name in ("age", "size")]
    words = [data["colour"] == word for word in network.words["colour"]]
    hidden = np.maximum(np.stack([*numbers, *words], 1) @ _named(network.params, "hidden/kernel"), 0)
    logits = hidden @ _named(network.params, "last/kernel")
    found = keras.ops.convert_to_numpy(network.apply(network.params, coded(network, data)))
    np.testing.assert_allclose(found, logits, rtol=1e-4, atol=1e-5)


def _named(arrays, ending):
    return next(value for name, value in arrays.items() if name.endswith(ending))


@KERAS_TAKES_WORDS
@pytest.mark.parametrize("fields", [{"mask_token": ""}, {"num_oov_indices": 0}])
def test_every_kind_of_table_is_read(fields):
    model, (data, _) = column_model(**fields), rows(50, seed=1)
    network = from_model(model)
    np.testing.assert_allclose(probabilities(network, coded(network, data)), answers(model, data), rtol=1e-5, atol=1e-6)


@KERAS_TAKES_WORDS
def test_a_single_column_of_words_is_a_row_of_one():
    colour = keras.Input((1,), name="colour", dtype="string")
    words = L.StringLookup(vocabulary=["grey", "blue", "green", "red"], output_mode="one_hot")(colour)
    model, (data, _) = keras.Model(colour, L.Dense(2, activation="softmax")(words)), rows(50, seed=1)
    network, data = from_model(model), {"colour": data["colour"]}
    assert network.words == {"colour": ("[UNK]", "grey", "blue", "green", "red")}
    np.testing.assert_allclose(probabilities(network, coded(network, data)), answers(model, data), rtol=1e-5, atol=1e-6)


@KERAS_TAKES_WORDS
def test_a_file_with_words_is_loaded(tmp_path):
    model, (data, _) = column_model(), rows(50, seed=1)
    model.save(tmp_path / "model.keras")
    network = load_file(tmp_path / "model.keras")
    np.testing.assert_allclose(probabilities(network, coded(network, data)), answers(model, data), rtol=1e-5, atol=1e-6)


def test_codes_between_and_beyond_words_count_as_the_nearest():
    network, (data, _) = from_model(column_model()), rows(20, seed=2)
    x = coded(network, data)
    moved, place = x.copy(), network.columns.index("colour")
    moved[:, place] += 0.3
    np.testing.assert_array_equal(probabilities(network, moved), probabilities(network, x))
    moved[:, place], x[:, place] = 1e6, len(network.words["colour"]) - 1
    np.testing.assert_array_equal(probabilities(network, moved), probabilities(network, x))


def test_retraining_keeps_the_table_and_learns_the_embedding():
    network, (data, y) = from_model(column_model()), rows(200, seed=3)
    x = coded(network, data)
    recipe = Recipe(epochs=60, batch_size=32, optimizer={"adam": {"learning_rate": 0.02}})
    trained = Trainer(network, recipe, x[:8]).train(x, y, seed=0)
    kept = [name for name in network.params if name.endswith(("/table", "/mean", "/variance"))]
    assert len(kept) == 5 and all(np.array_equal(trained.params[each], network.params[each]) for each in kept)
    assert trained.train_accuracy > 0.95


def test_words_that_go_elsewhere_are_one_clear_error():
    colour = keras.Input((1,), name="colour", dtype="string")
    hashed = keras.Model(colour, L.Dense(2)(L.Hashing(4, output_mode="one_hot")(colour)))
    many = L.StringLookup(vocabulary=["a"], num_oov_indices=3, output_mode="one_hot")
    empty = L.StringLookup(max_tokens=4, output_mode="one_hot", pad_to_max_tokens=True)
    two = [L.StringLookup(vocabulary=[word], output_mode="one_hot")(colour) for word in "ab"]
    looked_up = [many(colour), empty(colour), L.Concatenate()(two)]
    for model in (hashed, *(keras.Model(colour, L.Dense(2)(each)) for each in looked_up)):
        with pytest.raises(InputError) as caught:
            from_model(model)
        assert caught.value.code == "M035" and "`colour`" in caught.value.what


def test_other_models_of_several_inputs_stay_refused():
    image, number = keras.Input((8, 8, 1)), keras.Input((1,))
    merged = L.Concatenate()([L.Flatten()(image), number])
    with pytest.raises(InputError) as caught:
        from_model(keras.Model([image, number], L.Dense(2)(merged)))
    assert caught.value.code == "M004"
