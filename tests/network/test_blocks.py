"""Stages of more than one layer: listed by a spec, or told by names and branches."""

import keras
import pytest

from audit.errors import InputError
from audit.network.blocks import by_name, layers, listed
from audit.network.loading.load import from_model
from tests import networks

L = keras.layers


@pytest.fixture(scope="module")
def residual():
    return networks.residual()


@pytest.fixture(scope="module")
def cnn():
    return networks.cnn()


def variables(network):
    return sorted(name for stage in network.stages for name in stage.variables)


def statistics(network):
    return sorted(pair for stage in network.stages for pair in stage.statistics)


def test_listed_blocks_hold_their_layers_and_the_normalisation_that_follows(cnn):
    found = listed(cnn, [["logits"], ["second", "first"]])
    assert [stage.name for stage in found.stages] == ["logits", "second to first"]
    assert layers(found.stages[1]) == ("second", "normalise", "first") or set(layers(found.stages[1])) == {
        "first",
        "second",
        "normalise",
    }
    assert variables(found) == variables(cnn) and statistics(found) == statistics(cnn)


def test_a_normalisation_goes_where_it_is_named(cnn):
    found = listed(cnn, [["logits", "normalise"], ["second"], ["first"]])
    assert set(layers(found.stages[0])) == {"logits", "normalise"} and layers(found.stages[1]) == ("second",)
    assert [len(stage.statistics) for stage in found.stages] == [1, 0, 0] and variables(found) == variables(cnn)


def test_any_normalisation_goes_with_its_layer_where_it_is_not_named_and_where_it_is_named_otherwise():
    dense, normalise = L.Dense, L.LayerNormalization
    hidden = [dense(4, name="first"), normalise(name="scale"), dense(4, name="second")]
    network = from_model(keras.Sequential([keras.Input((6,)), *hidden, dense(3, name="logits")]))
    found = listed(network, [["logits"], ["second"], ["first"]])
    assert [layers(each) for each in found.stages] == [("logits",), ("second",), ("first", "scale")]
    moved = listed(network, [["logits", "scale"], ["second"], ["first"]])
    assert set(layers(moved.stages[0])) == {"logits", "scale"} and variables(moved) == variables(network)


def test_layers_inside_a_model_are_named_by_path_or_by_its_end(residual):
    by_path = listed(residual, [["classes"], ["shared", "block/inside"], ["first"]])
    by_end = listed(residual, [["classes"], ["shared", "inside"], ["first"]])
    assert by_path == by_end and variables(by_path) == variables(residual)


@pytest.mark.parametrize(
    "blocks, code, words",
    [
        ([["logits"], ["secnd"], ["first"]], "M050", "did you mean `second`?"),
        ([["logits", "rectify"], ["second"], ["first"]], "M050", "rectify"),
        ([["logits"], ["second", "first"], ["first"]], "M051", "first"),
        ([["logits"], ["second"]], "M052", "first"),
        ([["logits"], ["normalise"], ["first"]], "M052", "second"),
    ],
)
def test_unknown_doubled_and_forgotten_layers_are_refused(cnn, blocks, code, words):
    with pytest.raises(InputError) as caught:
        listed(cnn, blocks)
    assert caught.value.code == code and words in str(caught.value)


def test_names_that_begin_alike_are_one_block():
    model = keras.Sequential([keras.Input((4,))])
    names = [
        "conv1_a",
        "conv2_block1_1_conv",
        "conv2_block1_2_conv",
        "block_3_expand",
        "block_3_project",
        "top",
        "last_1",
    ]
    for name in names:
        model.add(L.Dense(4, name=name))
    found = by_name(from_model(model))
    assert [stage.name for stage in found.stages] == ["last_1", "top", "block_3", "conv2_block1", "conv1"]
    assert layers(found.stages[2]) == ("block_3_project", "block_3_expand")


def test_without_a_graph_names_alone_count():
    plain = networks.subclassed()
    assert [stage.name for stage in by_name(plain).stages] == [stage.name for stage in plain.stages]


@pytest.mark.slow
def test_an_inception_network_has_the_stages_of_the_published_cascade():
    whole = from_model(keras.applications.InceptionV3(weights=None, classes=3))
    found = by_name(whole)
    names = [stage.name for stage in found.stages]
    assert names[:12] == ["predictions", *(f"mixed{number}" for number in range(10, -1, -1))]
    assert len(names) == 17 and all(len(layers(stage)) == 2 for stage in found.stages[12:])
    assert variables(found) == variables(whole) and statistics(found) == statistics(whole)


@pytest.mark.slow
def test_a_residual_network_has_one_stage_for_each_residual_block():
    whole = from_model(keras.applications.ResNet50(weights=None, classes=3, input_shape=(32, 32, 3)))
    found = by_name(whole)
    sizes = {2: 3, 3: 4, 4: 6, 5: 3}
    blocks = [f"conv{part}_block{n}" for part in (5, 4, 3, 2) for n in range(sizes[part], 0, -1)]
    assert [stage.name for stage in found.stages] == ["predictions", *blocks, "conv1"]
    assert variables(found) == variables(whole) and statistics(found) == statistics(whole)
