import keras
import numpy as np
import pytest

from audit.backend import active
from audit.errors import InputError
from audit.methods.backward.propagate import is_opaque, is_rectifier, propagate
from audit.network.loading.load import from_model
from audit.network.network import call, score
from tests import networks

L = keras.layers


def inputs(network, count=5, seed=1):
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((count, *network.input_shape)).astype("float32")
    return x, np.arange(count, dtype=np.int32) % network.classes


def gradient(network, x, target):
    def function(params, x, target):
        logits, pullback = active().vjp(lambda x: score(network, params, x, target), x)
        return pullback(keras.ops.ones_like(logits))[0]

    return active().to_numpy(active().compile(function)(network.params, x, target))


def relevance(network, rules, x, target):
    return active().to_numpy(active().compile(propagate(network, rules))(network.params, x, target))


def several_outputs():
    inputs = keras.Input((6,))
    first, second = keras.ops.split(L.Dense(8, name="wide")(inputs), 2, axis=-1)
    return from_model(networks.fill(keras.Model(inputs, L.Dense(3)(first * keras.ops.tanh(second) + first)), 0))


def integers_inside():
    inputs = keras.Input((6,))
    best = keras.ops.cast(keras.ops.argmax(inputs, axis=-1, keepdims=True), "float32")
    return from_model(networks.fill(keras.Model(inputs, L.Dense(3)(inputs * best)), 0))


def attention():
    inputs = keras.Input((4, 6))
    attended = L.MultiHeadAttention(2, 3)(inputs, inputs)
    return from_model(networks.fill(keras.Model(inputs, L.Dense(3)(L.Flatten()(attended + inputs))), 0))


NETWORKS = [networks.mlp, networks.cnn, networks.residual, several_outputs, integers_inside, attention]


@pytest.mark.parametrize("build", NETWORKS)
def test_no_rules_give_the_gradient(build):
    network = build()
    x, target = inputs(network)
    expected = gradient(network, x, target)
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(relevance(network, {}, x, target), expected, rtol=1e-5, atol=1e-6)


def test_a_rule_sees_its_nodes_and_replaces_their_derivative():
    network = networks.mlp()
    x, target = inputs(network)
    seen = []

    def triple(node, params, inputs, output, relevance):
        seen.append((node.layer, tuple(inputs[0].shape), tuple(output.shape), tuple(relevance.shape)))
        _, pullback = active().vjp(lambda value: call(node, params, (value,)), *inputs)
        return tuple(3 * part for part in pullback(relevance))

    tripled = relevance(network, {"Activation": triple}, x, target)
    np.testing.assert_allclose(tripled, 9 * gradient(network, x, target), rtol=1e-5, atol=1e-6)
    assert seen == [("hidden2", (5, 8), (5, 8), (5, 8)), ("hidden1", (5, 8), (5, 8), (5, 8))]


def test_the_first_rule_that_applies_is_taken():
    network = networks.mlp()
    x, target = inputs(network)

    def stop(node, params, inputs, output, relevance):
        return tuple(keras.ops.zeros_like(value) for value in inputs)

    def double(node, params, inputs, output, relevance):
        return (2 * relevance,)

    assert not relevance(network, {is_rectifier: stop, "Activation": double}, x, target).any()
    assert relevance(network, {"Activation": double, is_rectifier: stop}, x, target).any()


def test_two_uses_of_one_input_add_up():
    inputs = keras.Input((2,))
    model = keras.Model(inputs, L.Dense(1, use_bias=False)(L.Multiply()([inputs, inputs])))
    model.set_weights([np.ones((2, 1), np.float32)])
    x = np.array([[1.0, -3.0]], np.float32)
    np.testing.assert_allclose(relevance(from_model(model), {}, x, np.zeros(1, np.int32)), 2 * x)


def test_one_trace_serves_twenty_parameter_sets():
    network = networks.cnn()
    x, target = inputs(network)
    compiled = active().compile(propagate(network, {}))
    for seed in range(20):
        generator = np.random.default_rng(seed)
        compiled({name: generator.permutation(array) for name, array in network.params.items()}, x, target)
    assert compiled.traces == 1


def test_a_subclassed_model_is_refused_with_a_reason():
    with pytest.raises(InputError, match="cannot record"):
        propagate(networks.subclassed(), {})


RECTIFIERS = {
    "ReLU": lambda x: L.ReLU()(x),
    "ReLU6": lambda x: L.ReLU(max_value=6)(x),
    "activation": lambda x: L.Activation("relu")(x),
    "activation6": lambda x: L.Activation("relu6")(x),
    "leaky activation": lambda x: L.Activation("leaky_relu")(x),
    "layer as activation": lambda x: L.Activation(L.LeakyReLU())(x),
    "LeakyReLU": lambda x: L.LeakyReLU()(x),
    "PReLU": lambda x: L.PReLU()(x),
    "fused": lambda x: L.Dense(4, activation="relu")(x),
    "fused6": lambda x: L.Dense(4, activation=keras.activations.relu6)(x),
    "ops": keras.ops.relu,
    "ops6": keras.ops.relu6,
    "leaky ops": keras.ops.leaky_relu,
    "function": keras.activations.relu,
    "maximum": lambda x: keras.ops.maximum(x, 0),
    "maximum turned": lambda x: keras.ops.maximum(0.0, x),
    "clip": lambda x: keras.ops.clip(x, 0.0, 6.0),
}


@pytest.mark.parametrize("name", RECTIFIERS)
def test_every_form_of_rectifier_is_recognised(name):
    inputs = keras.Input((4,))
    graph = from_model(keras.Model(inputs, L.Dense(2)(RECTIFIERS[name](L.Dense(4)(inputs))))).graph
    assert [is_rectifier(node) for node in graph].count(True) == 1
    assert not any(map(is_opaque, graph))


OTHERS = {
    "gelu": lambda x: L.Activation("gelu")(x),
    "tanh": lambda x: L.Activation("tanh")(x),
    "fused sigmoid": lambda x: L.Dense(4, activation="sigmoid")(x),
    "linear": lambda x: L.Dense(4)(x),
    "silu": keras.ops.silu,
    "maximum of one": lambda x: keras.ops.maximum(x, 1.0),
    "maximum of two": lambda x: keras.ops.maximum(x, -x),
    "clip": lambda x: keras.ops.clip(x, -1.0, 1.0),
}


@pytest.mark.parametrize("name", OTHERS)
def test_nothing_else_is_a_rectifier(name):
    inputs = keras.Input((4,))
    graph = from_model(keras.Model(inputs, L.Dense(2)(OTHERS[name](L.Dense(4)(inputs))))).graph
    assert not any(map(is_rectifier, graph)) and not any(map(is_opaque, graph))


class Foreign(keras.layers.Layer):
    def call(self, x):
        return keras.ops.relu(x)


HIDING = {
    "foreign": lambda: Foreign(),
    "wrapped fused": lambda: L.TimeDistributed(L.Dense(4, activation="relu")),
    "wrapped": lambda: L.TimeDistributed(L.ReLU()),
    "recurrent": lambda: L.SimpleRNN(4, activation="relu", return_sequences=True),
    "recurrent both ways": lambda: L.Bidirectional(L.SimpleRNN(4, activation="relu", return_sequences=True)),
    "foreign activation": lambda: L.Dense(4, activation=lambda x: keras.ops.relu(x)),
}


@pytest.mark.parametrize("name", HIDING)
def test_layers_that_may_hide_a_rectifier_are_named(name):
    inputs, layer = keras.Input((3, 4)), HIDING[name]()
    graph = from_model(keras.Model(inputs, L.Dense(2)(L.Flatten()(layer(inputs))))).graph
    assert [node.layer for node in graph if is_opaque(node)] == [layer.name]
