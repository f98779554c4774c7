import keras
import pytest

from audit.network.loading.from_model import from_model
from audit.network.network import graph_of
from audit.network.node import Ref, activation_name, sources

L = keras.layers


def test_sources_are_the_references_among_the_arguments_in_order() -> None:
    inputs = keras.Input((4,))
    one, other = L.Dense(3)(inputs), L.Dense(3)(inputs)
    graph = graph_of(from_model(keras.Model(inputs, L.Dense(2)(L.Concatenate()([other, one])))))
    places = {node.kind: place for place, node in enumerate(graph) if node.kind == "Concatenate"}
    found = sources(graph[places["Concatenate"]])
    assert all(isinstance(ref, Ref) for ref in found) and len({ref.node for ref in found}) == 2
    assert [graph[ref.node].kind for ref in found] == ["Dense", "Dense"]


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (L.ReLU(), "relu"),
        (keras.ops.relu6, "relu6"),
        (L.LeakyReLU(), "leaky_relu"),
        (L.Activation("tanh"), "tanh"),
        (L.Activation(L.ReLU()), "relu"),
        (L.Dropout(0.5), ""),
    ],
)
def test_an_activation_has_one_name_however_it_is_written(function, name: str) -> None:
    inputs = keras.Input((4,))
    graph = graph_of(from_model(keras.Model(inputs, L.Dense(2)(function(L.Dense(3)(inputs))))))
    assert activation_name(graph[1]) == name
