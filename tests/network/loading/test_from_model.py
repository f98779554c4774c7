"""A Keras model becomes a network that gives logits, or is refused."""

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.network.loading import canonical
from audit.network.loading.load import from_model
from tests import networks
from tests.network.adapted import TENSORFLOW, WITH_TABLES, layers_of, model_of
from tests.network.loading.test_canonical import images, outputs

L = keras.layers


@pytest.mark.parametrize("output", ["auto", "softmax"])
@pytest.mark.parametrize(
    "head",
    [
        lambda x: L.Dense(3, activation="softmax")(x),
        lambda x: L.Activation("softmax")(L.Dense(3)(x)),
        lambda x: L.Softmax()(L.Dense(3)(x)),
        lambda x: keras.ops.softmax(L.Dense(3)(x)),
        lambda x: L.Activation("linear")(L.Dropout(0.5)(L.Dense(3, activation="softmax")(x))),
    ],
    ids=["fused", "activation", "layer", "operation", "followed by nothing"],
)
def test_a_final_softmax_is_removed(head, output):
    inputs = keras.Input((4,))
    model = networks.fill(keras.Model(inputs, head(inputs)), 0)
    network, x = from_model(model, output=output), images(model)
    kernel, bias = (network.params[name] for name in network.params)
    np.testing.assert_allclose(outputs(network, x), x @ kernel + bias, atol=1e-6)
    assert network.classes == 3 and "final softmax was removed" in network.head


def test_a_single_sigmoid_unit_is_one_logit():
    inputs = keras.Input((4,))
    network = from_model(networks.fill(keras.Model(inputs, L.Dense(1, activation="sigmoid")(inputs)), 0))
    assert network.classes == 1 and "sigmoid was removed" in network.head
    assert outputs(network, np.full((1, 4), 9, np.float32)).shape == (1, 1)
    assert [node.kind for node in network.graph] == ["Dense"]


def test_a_softmax_over_something_else_stays():
    inputs = keras.Input((2, 3))
    inside = L.Flatten()(L.Softmax(axis=1)(inputs))
    graph = from_model(networks.fill(keras.Model(inputs, L.Dense(2)(inside)), 0)).graph
    assert [node.kind for node in graph] == ["Softmax", "Flatten", "Dense"]


@pytest.mark.parametrize(
    ("activation", "output"),
    [
        ("softmax", "logits"),
        ("sigmoid", "logits"),
        ("linear", "softmax"),
        ("linear", "sigmoid"),
        ("softmax", "sigmoid"),
    ],
)
def test_another_head_than_the_spec_says_is_an_error(activation, output):
    inputs = keras.Input((4,))
    with pytest.raises(InputError) as caught:
        from_model(keras.Model(inputs, L.Dense(3, activation=activation)(inputs)), output=output)
    assert caught.value.code == "M010"


def test_probabilities_made_in_another_way_are_refused():
    inputs = keras.Input((4,))
    positive = keras.ops.exp(L.Dense(3)(inputs))
    with pytest.raises(InputError) as caught:
        from_model(keras.Model(inputs, positive / keras.ops.sum(positive, axis=-1, keepdims=True)))
    assert caught.value.code == "M009"


class OwnCall(keras.Sequential):
    def call(self, inputs, training=None, mask=None):
        return 2 * super().call(inputs, training=training, mask=mask)


def test_a_model_with_a_call_of_its_own_is_not_taken_for_its_graph():
    model = networks.fill(OwnCall([keras.Input((4,)), L.Dense(3)]), 0)
    assert not canonical.is_graph(model)
    network, x = from_model(model, input_shape=(4,)), np.ones((2, 4), np.float32)
    assert network.graph is None
    np.testing.assert_allclose(outputs(network, x), 2 * (x @ model.weights[0] + model.weights[1]), rtol=1e-5)


@pytest.mark.parametrize("name", WITH_TABLES)
def test_tables_of_tensorflow_are_one_clear_error_elsewhere(name):
    if TENSORFLOW:
        assert from_model(model_of(layers_of(name))).classes == 3
        return
    model = keras.Sequential([keras.Input((4,)), L.Hashing(8, output_mode="multi_hot"), L.Dense(3)])
    with pytest.raises(InputError) as caught:
        from_model(model)
    assert caught.value.code == "M036" and "KERAS_BACKEND=tensorflow" in caught.value.fix


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_weight_that_is_no_number_is_refused_although_a_rectifier_may_hide_it(place):
    model = networks.cnn_model()
    weights = model.get_weights()
    weights[place].flat[-1] = np.nan
    model.set_weights(weights)
    with pytest.raises(InputError, match="M038") as caught:
        from_model(model)
    assert "1 of" in caught.value.what
