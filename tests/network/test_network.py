import keras
import numpy as np
import pytest

from audit.backend import active
from audit.errors import InputError
from audit.network.loading.from_model import from_model
from audit.network.network import call, find_layer, replay, score, sources, spatial_layers, tap
from tests import networks


def numpy(function, *arguments):
    return active().to_numpy(active().compile(function)(*arguments))


@pytest.mark.parametrize("layer", ["first", "add", "block/leak", "leak", "shared", "pool", "classes"])
def test_a_network_split_at_a_layer_is_the_same_network(layer):
    network = networks.residual()
    x = np.random.default_rng(0).standard_normal((3, 8, 8, 2)).astype("float32")
    trunk, head = tap(network, layer)
    joined = numpy(lambda params, x: head(params, x, trunk(params, x)), network.params, x)
    np.testing.assert_allclose(joined, numpy(network.apply, network.params, x), atol=1e-6)


def test_a_tap_is_after_the_activation_and_computes_nothing_above_it():
    network = networks.cnn()
    x = np.random.default_rng(0).standard_normal((2, 8, 8, 1)).astype("float32")
    trunk, head = tap(network, "first")
    activation = numpy(trunk, network.params, x)
    assert activation.shape == (2, 6, 6, 4) and activation.min() == 0
    below = {name: array for name, array in network.params.items() if not name.startswith("first")}
    assert len(below) == len(network.params) - 2
    expected = numpy(network.apply, network.params, x)
    np.testing.assert_allclose(numpy(head, below, x, activation), expected, atol=1e-6)


def test_replay_stops_where_it_is_told_and_takes_what_it_is_given():
    network = networks.mlp()
    x = np.ones((2, 6), np.float32)
    hidden = find_layer(network, "hidden1")
    assert numpy(lambda p, x: replay(network, p, x, until=hidden), network.params, x).shape == (2, 8)
    np.testing.assert_array_equal(numpy(lambda p, x: replay(network, p, x, until=-1), network.params, x), x)
    given = numpy(lambda p, x: replay(network, p, x, override={hidden: keras.ops.zeros((2, 8))}), network.params, x)
    assert np.ptp(given, axis=0).max() == 0 and not np.allclose(given, numpy(network.apply, network.params, x))


def test_one_operation_can_be_computed_with_other_weights():
    network = networks.mlp()
    node = network.graph[0]
    assert [ref.node for ref in sources(node)] == [-1]
    other = {name: np.ones_like(array) for name, array in network.params.items()}
    result = active().to_numpy(call(node, other, (np.ones((2, 6), np.float32),)))
    np.testing.assert_allclose(result, np.full((2, 8), 7.0))


def test_the_score_is_the_targets_logit():
    network = networks.mlp()
    x = np.random.default_rng(0).standard_normal((3, 6)).astype("float32")
    target = np.array([2, 0, 1], np.int32)
    logits = numpy(network.apply, network.params, x)
    scores = numpy(lambda p, x, t: score(network, p, x, t), network.params, x, target)
    np.testing.assert_allclose(scores, logits[np.arange(3), target], rtol=1e-6)


def test_parameters_are_arguments():
    network = networks.cnn()
    x = np.random.default_rng(0).standard_normal((2, 8, 8, 1)).astype("float32")
    compiled = active().compile(network.apply)
    silent = {name: np.zeros_like(array) for name, array in network.params.items()}
    assert active().to_numpy(compiled(network.params, x)).any()
    assert not active().to_numpy(compiled(silent, x)).any()
    assert compiled.traces == 1


def test_layers_that_give_images_are_named_in_order():
    assert spatial_layers(networks.cnn()) == ("first", "second", "normalise", "rectify", "pool")
    assert spatial_layers(networks.mlp()) == ()


@pytest.mark.parametrize(("wrong", "near"), [("frist", "first"), ("clases", "classes"), ("block", "block/leak")])
def test_a_layer_that_does_not_exist_is_named_with_its_nearest(wrong, near):
    with pytest.raises(InputError) as caught:
        find_layer(networks.residual(), wrong)
    assert caught.value.code == "M011" and wrong in caught.value.what
    assert near in caught.value.fix or near in caught.value.expected


def test_a_subclassed_model_has_a_function_and_no_layers_to_tap():
    network = networks.subclassed()
    assert network.graph is None and network.classes == 3 and network.input_shape == (4,)
    with pytest.raises(InputError) as caught:
        tap(network, "hidden")
    assert caught.value.code == "M012"


class OneColumnBeside(keras.Model):
    """Code that adds (B, 5) and (B, 1): a subclassed model, whose operations are not recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.narrow = keras.layers.Dense(5), keras.layers.Dense(1)

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.wide.build(shape)
        self.narrow.build(shape)

    def call(self, x):
        return keras.ops.add(self.wide(x), self.narrow(x))


def one_column_beside_in_code() -> keras.Model:
    model = OneColumnBeside()
    model(np.zeros((2, 8), np.float32))
    return model


def one_column_beside() -> keras.Model:
    x = keras.Input((8,))
    return keras.Model(x, keras.layers.Add()([keras.layers.Dense(5)(x), keras.layers.Dense(1)(x)]))


def one_channel_beside() -> keras.Model:
    x, layers = keras.Input((6, 6, 3)), keras.layers
    gate = layers.Conv2D(1, 1)(layers.GlobalAveragePooling2D(keepdims=True)(x))
    summed = layers.Add()([layers.Conv2D(4, 3, padding="same")(x), gate])
    return keras.Model(x, layers.Dense(3)(layers.GlobalAveragePooling2D()(summed)))


@pytest.mark.parametrize("build", [one_column_beside, one_channel_beside, one_column_beside_in_code])
def test_logits_and_gradients_of_an_input_do_not_depend_on_the_batch_where_axes_coincide(build):
    keras.utils.set_random_seed(0)
    network = from_model(build())
    x = np.random.default_rng(0).standard_normal((9, *network.input_shape)).astype(np.float32)
    target = np.arange(9, dtype=np.int32) % 3

    def logits_and_gradients(params, x, target):
        value, pullback = active().vjp(lambda x: score(network, params, x, target), x)
        return network.apply(params, x), pullback(keras.ops.ones_like(value))[0]

    compute = active().compile(logits_and_gradients)
    alone = [compute(network.params, x[k : k + 1], target[k : k + 1]) for k in range(9)]
    for batch in range(2, 10):
        for part, found in enumerate(compute(network.params, x[:batch], target[:batch])):
            expected = np.concatenate([active().to_numpy(each[part]) for each in alone[:batch]])
            np.testing.assert_allclose(active().to_numpy(found), expected, atol=1e-5, err_msg=f"batch {batch}")
