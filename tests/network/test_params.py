import subprocess
import sys

import keras
import numpy as np
import pytest

from audit.network.loading.load import from_model
from audit.network.params import architecture, digest, find_weights, layer_stages
from tests import networks

L = keras.layers


def stages(network):
    return [(stage.name, [name.rsplit("/", 1)[-1] for name in stage.variables]) for stage in network.stages]


def test_one_stage_per_layer_from_output_to_input_with_batch_normalisation_joined():
    assert stages(networks.cnn()) == [
        ("logits", ["kernel", "bias"]),
        ("second", ["kernel", "bias", "gamma", "beta"]),
        ("first", ["kernel", "bias"]),
    ]
    statistics = [stage.statistics for stage in networks.cnn().stages]
    assert statistics == [(), (("normalise/moving_mean", "normalise/moving_variance"),), ()]


def test_nested_and_shared_layers_are_stages_once():
    network = networks.residual()
    assert [name for name, _ in stages(network)] == ["classes", "shared", "block/inside", "first"]
    assert stages(network)[2][1] == ["kernel", "bias", "gamma", "beta"]
    variables = [name for stage in network.stages for name in stage.variables]
    assert len(set(variables)) == len(variables) == sum("moving" not in name for name in network.params)


def test_batch_normalisation_joins_the_nearest_layer_before_it_across_weightless_operations():
    inputs = keras.Input((8,))
    first = L.Dense(4, name="first")(inputs)
    second = L.Dense(4, name="second")(first)
    joined = L.BatchNormalization(name="after")(L.ReLU()(L.Add()([second, first])))
    network = from_model(keras.Model(inputs, L.Dense(2, name="last")(joined)))
    assert [name for name, _ in stages(network)] == ["last", "second", "first"]
    assert stages(network)[1][1] == ["kernel", "bias", "gamma", "beta"]


def test_batch_normalisation_that_follows_no_layer_is_a_stage_and_one_without_weights_joins():
    inputs = keras.Input((8,))
    hidden = L.Dense(4, name="hidden")(L.BatchNormalization(name="start")(inputs))
    plain = L.BatchNormalization(name="plain", scale=False, center=False)(hidden)
    network = from_model(keras.Model(inputs, L.Dense(2, name="last")(plain)))
    assert stages(network) == [
        ("last", ["kernel", "bias"]),
        ("hidden", ["kernel", "bias"]),
        ("start", ["gamma", "beta"]),
    ]
    assert network.stages[1].statistics == (("plain/moving_mean", "plain/moving_variance"),)


NORMALISATIONS = {
    "batch": L.BatchNormalization,
    "layer": L.LayerNormalization,
    "root mean square": L.RMSNormalization,
    "group": lambda **fields: L.GroupNormalization(groups=2, **fields),
    "instance": lambda **fields: L.GroupNormalization(groups=-1, **fields),
    "each time step's": lambda **fields: L.TimeDistributed(L.LayerNormalization(), **fields),
}


class OwnNormalisation(L.LayerNormalization):
    """A normalisation of one's own, as a subclass of one of Keras'."""


@pytest.mark.parametrize("made", [*NORMALISATIONS.values(), OwnNormalisation], ids=[*NORMALISATIONS, "own"])
def test_every_normalisation_joins_the_layer_it_follows_and_is_a_stage_where_it_follows_none(made):
    model = keras.Sequential(
        [
            keras.Input((4, 6)),
            made(name="start"),
            L.Conv1D(4, 1, name="hidden"),
            L.ReLU(),
            made(name="after"),
            L.Flatten(),
            L.Dense(2, name="last"),
        ]
    )
    network = from_model(model)
    assert [name for name, _ in stages(network)] == ["last", "hidden", "start"]
    own = {variable for variable in network.stages[1].variables if "after" in variable}
    assert own and own == {name for name in network.params if "after" in name and "moving" not in name}
    assert [each.variables for each in layer_stages(find_weights(model))] == [each.variables for each in network.stages]


def test_what_has_a_kernel_of_its_own_is_a_stage_though_it_normalises():
    model = keras.Sequential(
        [
            keras.Input((6,)),
            L.Dense(4, name="first"),
            L.SpectralNormalization(L.Dense(4), name="spectral"),
            L.UnitNormalization(),
            L.Dense(2, name="last"),
        ]
    )
    assert [name for name, _ in stages(from_model(model))] == ["last", "spectral", "first"]


def test_a_subclassed_model_has_its_layers_in_reverse_order_of_creation():
    assert [name.rsplit("/", 1)[-1] for name, _ in stages(networks.subclassed())] == ["last", "hidden"]


def test_frozen_layers_are_stages_too_and_the_model_stays_frozen():
    model = networks.cnn_model()
    model.get_layer("first").trainable = False
    assert stages(from_model(model)) == stages(networks.cnn())
    assert stages(from_model(keras.models.clone_model(model))) == stages(networks.cnn())  # frozen from the start
    assert not model.get_layer("first").trainable and model.get_layer("second").trainable
    assert len(model.trainable_weights) == 6


def test_names_are_unique_where_paths_are_not():
    def inner(seed):
        return keras.Sequential([keras.Input((4,)), L.Dense(4, name="same")], name="twin")

    inputs = keras.Input((4,))
    first, second = inner(0), inner(1)
    second.name = "other"
    model = networks.fill(keras.Model(inputs, L.Dense(2, name="last")(second(first(inputs)))), 0)
    network = from_model(model)
    assert len(network.params) == len(model.weights) == 6
    arrays = [array.tobytes() for array in network.params.values()]
    assert sorted(arrays) == sorted(np.asarray(weight).tobytes() for weight in model.get_weights())


def test_parameters_are_plain_arrays_in_graph_order_that_cannot_be_written():
    params = networks.cnn().params
    assert [name.split("/")[0] for name in params] == ["first"] * 2 + ["second"] * 2 + ["normalise"] * 4 + [
        "logits"
    ] * 2
    assert all(type(array) is np.ndarray and array.dtype == np.float32 for array in params.values())
    with pytest.raises(ValueError, match="read-only"):
        next(iter(params.values()))[...] = 0
    with pytest.raises(TypeError):
        params["new"] = 0


def test_the_digest_sees_every_bit_name_shape_and_order():
    params = dict(networks.mlp().params)
    name, array = next(iter(params.items()))
    flipped = array.copy()
    flipped.view(np.uint32).flat[0] ^= 1
    others = [
        {**params, name: flipped},
        {**params, name: array.reshape(array.shape[::-1])},
        {("x" if key == name else key): value for key, value in params.items()},
        dict(reversed(params.items())),
    ]
    assert digest(params) == digest({key: value.copy() for key, value in params.items()})
    assert len({digest(each) for each in [params, *others]}) == 5


def test_the_architecture_is_told_apart_from_the_weights():
    def build(strides=1, activation="relu", weight=0):
        inputs = keras.Input((6, 6, 1))
        hidden = L.Conv2D(2, 3, strides=strides, padding="same", activation=activation, name="c")(inputs)
        model = keras.Model(inputs, L.Dense(2, name="d")(L.GlobalAveragePooling2D(name="p")(hidden)))
        return architecture(from_model(networks.fill(model, weight)))

    assert build() == build(weight=1)
    assert len({build(), build(strides=2), build(activation="tanh")}) == 3


def test_digests_are_the_same_in_another_process(repository):
    code = (
        "import sys, types; tests = sys.modules['tests'] = types.ModuleType('tests'); tests.__path__ = ['tests']\n"
        "from tests import networks; from audit.network.params import architecture, digest\n"
        "network = networks.residual(); print(architecture(network), digest(network.params))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True)
    keras.utils.clear_session()  # as loading does: unnamed layers are numbered from the start
    network = networks.residual()
    assert run.stdout.split() == [architecture(network), digest(network.params)]


def test_the_architecture_holds_the_words_of_its_tables():
    def of_words(words):
        column = keras.Input((1,), name="colour", dtype="string")
        looked_up = keras.layers.StringLookup(vocabulary=words, output_mode="one_hot")(column)
        return architecture(from_model(keras.Model(column, keras.layers.Dense(2, name="last")(looked_up), name="m")))

    assert of_words(["a", "b"]) != of_words(["b", "a"])
    if keras.backend.backend() != "tensorflow":
        return

    def of_numbers(numbers):
        layers = [keras.layers.IntegerLookup(output_mode="multi_hot", name="table"), keras.layers.Dense(2, name="last")]
        layers[0].adapt(np.array(numbers))
        return architecture(from_model(keras.Sequential([keras.Input((3,)), *layers], name="m")))

    assert of_numbers([[1], [2]]) == of_numbers([[1], [2]]) != of_numbers([[1], [3]])
