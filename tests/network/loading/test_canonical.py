import keras
import numpy as np
import pytest

from audit.backend import active
from audit.network.loading.load import from_model
from audit.network.network import sources
from tests import networks

L = keras.layers


def outputs(network, x, finish=lambda logits: logits):
    def function(params, x):
        return finish(network.apply(params, x))

    return active().to_numpy(active().compile(function)(network.params, x))


def whole(model, x):
    """The model's own output, from a graph in which its weights are arguments too."""
    weights = {str(place): weight for place, weight in enumerate(model.weights)}

    def function(values, x):
        with keras.StatelessScope([(weight, values[name]) for name, weight in weights.items()]):
            return model(x, training=False)

    values = {name: active().to_numpy(weight.value) for name, weight in weights.items()}
    return active().to_numpy(active().compile(function)(values, x))


def images(model, count=2):
    return np.random.default_rng(1).uniform(0, 1, (count, *model.input_shape[1:])).astype("float32")


@pytest.fixture
def quick_initializers(monkeypatch):
    """Weights are filled in afterwards: drawing them twice takes a minute with JAX."""

    def zeros(self, shape, dtype=None):
        return keras.ops.convert_to_tensor(np.zeros(shape, "float32"))

    monkeypatch.setattr(keras.initializers.VarianceScaling, "__call__", zeros)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size"), [("MobileNetV2", 64), ("ResNet50", 48), ("InceptionV3", 75), ("EfficientNetB0", 48)]
)
def test_replaying_an_application_gives_its_output_to_the_bit(name, size, quick_initializers):
    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classes=7)
    networks.fill(model, 0)
    network, x = from_model(model), images(model)
    replayed, expected = outputs(network, x, keras.ops.softmax), whole(model, x)
    assert np.isfinite(expected).all() and expected.std() > 0
    np.testing.assert_array_equal(replayed, expected)


@pytest.mark.parametrize("build", [networks.cnn_model, networks.residual_model])
def test_replaying_gives_the_models_output_to_the_bit(build):
    model = build()
    network, x = from_model(model), images(model, 5)
    finish = keras.ops.softmax if "softmax" in network.head else lambda logits: logits
    np.testing.assert_array_equal(outputs(network, x, finish), whole(model, x))


def test_a_compiled_model_of_models_within_models_is_flattened():
    inner = keras.Sequential([keras.Input((4,)), L.Dense(4, activation="tanh", name="deep")], name="inner")
    middle_in = keras.Input((4,))
    middle = keras.Model(middle_in, L.Add()([inner(middle_in), inner(inner(middle_in))]), name="middle")
    model = keras.Sequential([keras.Input((4,)), middle, L.Dense(2, name="last"), L.Softmax()])
    model.compile("adam", "sparse_categorical_crossentropy")
    network, x = from_model(networks.fill(model, 0)), images(model)
    assert [node.layer for node in network.graph].count("middle/inner/deep") == 6  # three calls, split in two
    assert {node.kind for node in network.graph} == {"Dense", "Activation", "Add"}
    np.testing.assert_array_equal(outputs(network, x, keras.ops.softmax), whole(model, x))


def test_an_inner_model_with_two_inputs_and_another_size():
    first, second = keras.Input((None, None, 2)), keras.Input((None, None, 2))
    inner = keras.Model([first, second], L.Conv2D(3, 3, name="c")(L.Concatenate()([first, second])), name="inner")
    inputs = keras.Input((6, 6, 2))
    model = keras.Model(inputs, L.Dense(2)(L.Flatten()(inner([inputs, inputs * 2.0]))))
    network, x = from_model(networks.fill(model, 0)), images(model)
    assert next(node.shape for node in network.graph if node.layer == "inner/c") == (None, 4, 4, 3)
    np.testing.assert_array_equal(outputs(network, x), whole(model, x))


def test_the_graph_can_be_computed_in_order_and_ends_in_the_logits():
    graph = networks.residual().graph
    for position, node in enumerate(graph):
        assert all(ref.node < position for ref in sources(node))
    used = {ref.node for node in graph for ref in sources(node)}
    assert used == set(range(-1, len(graph) - 1))
    assert len({node.name for node in graph}) == len(graph)
    assert graph[-1].shape == (None, 3)


def test_a_fused_activation_becomes_a_node_of_its_own_over_the_same_weights():
    model = networks.cnn_model()
    graph = from_model(model).graph
    assert [(node.kind, node.layer) for node in graph[:2]] == [("Conv2D", "first"), ("Activation", "first")]
    assert all(a is b for a, b in zip(graph[0].operation.weights, model.get_layer("first").weights, strict=True))
    assert model.get_layer("first").activation is keras.activations.relu  # the model itself is left as it was


def test_layers_for_training_act_where_the_graph_switches_them_on_and_nowhere_else():
    inputs = keras.Input((4,))

    def model(training: bool) -> keras.Model:
        return networks.fill(keras.Model(inputs, L.Dense(3)(L.BatchNormalization()(inputs, training=training))), 0)

    for each in (model(True), model(False)):
        network, x = from_model(each), images(each)
        expected = np.asarray(keras.ops.convert_to_numpy(each(x)))  # by the batch's statistics, or the moving ones
        np.testing.assert_allclose(outputs(network, x), expected, rtol=1e-5, atol=1e-5)
