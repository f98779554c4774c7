"""A model built again for training: every parameter has its variable, and what is not trained has a start."""

import keras
import numpy as np
import pytest

from audit.network.loading.load import from_model
from audit.network.params import value_of
from audit.network.training.rebuilt import rebuilt, starting_state, variables_of
from tests.network.adapted import ALL_KEPT, FILLED, layers_of, model_of, numbers


@pytest.mark.parametrize("name", ["normalization", "code book", "spectral norm"])
def test_every_parameter_has_a_variable_of_its_shape(name):
    network = from_model(model_of(layers_of(name), "nested"))
    variables = variables_of(network, rebuilt(network))
    assert list(variables) == list(network.params)
    assert all(tuple(variables[each].shape) == np.shape(array) for each, array in network.params.items())


@pytest.mark.parametrize("name", [*ALL_KEPT, *FILLED])
def test_what_batches_fill_starts_as_built_and_all_else_as_audited(name):
    network = from_model(model_of(layers_of(name)))
    model = rebuilt(network)
    built = {id(each): value_of(each) for each in model.non_trainable_weights}
    for each in starting_state(network, model, numbers()):
        assert each.filled == (name in FILLED)
        expected = built[id(each.variable)] if each.filled else value_of(each.variable)
        np.testing.assert_array_equal(each.value, expected)


def test_fresh_values_are_the_same_in_every_call_and_leave_the_callers_random_numbers_alone():
    network = from_model(model_of(layers_of("code book")))
    keras.utils.set_random_seed(1)
    one, other = (rebuilt(network).non_trainable_weights[0] for _ in range(2))
    np.testing.assert_array_equal(value_of(one), value_of(other))
