"""A model that is built again holds what the audited one holds; what a training step fills is measured."""

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.network.loading.load import from_model
from audit.network.loading.state import copy_state, filled
from audit.network.params import value_of
from tests.network.adapted import ALL_KEPT, FILLED, WITH_TABLES, layers_of, model_of, numbers

SHAPES = ("sequential", "functional", "nested")


def rebuilt(model):
    other = from_model(model).rebuild()
    copy_state(model, other)
    return other


def outputs(model):
    return keras.ops.convert_to_numpy(model(numbers()))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", [*ALL_KEPT, *FILLED])
def test_a_rebuilt_model_computes_what_the_first_one_does(name, shape):
    model = model_of(layers_of(name), shape)
    if name in FILLED:
        model(numbers(), training=True)
    expected, fresh = outputs(model), outputs(from_model(model).rebuild()) if name not in WITH_TABLES else None
    assert name in WITH_TABLES or not np.allclose(fresh, expected, atol=1e-3)
    np.testing.assert_allclose(outputs(rebuilt(model)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ALL_KEPT)
def test_no_training_step_fills_what_was_adapted(name, shape):
    model = rebuilt(model_of(layers_of(name), shape))
    assert not filled(model, numbers())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", FILLED)
def test_what_batches_fill_is_found_and_left_as_it_was(name, shape):
    model = rebuilt(model_of(layers_of(name), shape))
    before = [value_of(each) for each in model.weights]
    found = filled(model, numbers())
    own = [each for each in model.non_trainable_weights if "seed" not in each.path]
    assert found == {id(each) for each in own} and found
    assert all(np.array_equal(old, value_of(new)) for old, new in zip(before, model.weights, strict=True))


def test_another_number_of_layers_is_one_clear_error():
    with pytest.raises(InputError) as caught:
        copy_state(model_of([keras.layers.Dense(4)]), model_of([]))
    assert caught.value.code == "M028"
