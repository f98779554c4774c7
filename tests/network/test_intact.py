"""What re-draws leave intact: the frontier of known graphs, and noise pulled back as a slow derivation has it."""

import keras
import numpy as np
import pytest

from audit.backend import active
from audit.backend.random import fold, input_keys, normal
from audit.network.intact import frontier, noise_behind
from audit.network.loading.load import from_model
from audit.network.network import replay
from audit.network.params import live
from tests import networks


def drawn(network, *stages):
    return {name for place in stages for name in network.stages[place].variables}


def crossing(network, redrawn):
    """The frontier by its definition, tensor by tensor: what moves with the variables, and who takes what does not."""
    from audit.network.network import sources

    nodes, moved = network.graph, {}
    for position, node in enumerate(nodes):
        moved[position] = bool(redrawn & set(node.variables)) or any(moved.get(r.node, False) for r in sources(node))
    taken = {
        ref.node
        for position in live(nodes)
        if moved[position]
        for ref in sources(nodes[position])
        if not moved.get(ref.node, False)
    }
    return tuple(sorted(taken))


@pytest.mark.parametrize("build", [networks.mlp, networks.cnn, networks.residual])
def test_the_frontier_is_what_intact_operations_hand_to_the_others(build):
    network = build()
    for stages in range(1, len(network.stages) + 1):
        redrawn = drawn(network, *range(stages))
        assert frontier(network, redrawn) == crossing(network, redrawn)
    assert frontier(network, drawn(network, *range(len(network.stages)))) == (-1,)
    assert frontier(network, set()) == (len(network.graph) - 1,)


def test_a_stem_of_fixed_operations_stays_intact_at_the_last_stage():
    inputs = keras.Input((6,))
    scaled = keras.layers.Rescaling(2.0)(inputs)
    network = from_model(keras.Model(inputs, keras.layers.Dense(3)(scaled)))
    (place,) = frontier(network, drawn(network, 0))
    assert network.graph[place].kind == "Rescaling"


def test_a_branch_that_no_logit_depends_on_is_no_frontier():
    inputs = keras.Input((6,))
    hidden = keras.layers.Dense(4)(inputs)
    model = keras.Model(inputs, [keras.layers.Dense(3)(hidden), keras.layers.Dense(5)(hidden)])
    network = from_model(keras.Model(inputs, model(inputs)[0]))
    assert len(frontier(network, drawn(network, 0))) == 1


def test_noise_is_pulled_back_through_the_trained_part():
    """Of a linear layer W it is W z; what stands above matters to nothing."""
    network = networks.mlp(bias=True)
    x = np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32)
    positions = frontier(network, drawn(network, 0, 1))  # the logits and the second layer are re-drawn
    function = active().compile(noise_behind(network, positions), "float32")
    keys = input_keys(3, ["a", "b", "c", "d"])
    found = active().to_numpy(function(network.params, x, np.zeros(4, np.int32), keys))
    hidden = active().to_numpy(replay(network, network.params, x, until=positions[0]))
    noise = active().to_numpy(normal(fold(keys, 0), hidden.shape[1:]))
    kernel = network.params["hidden1/kernel"]
    expected = (noise * (hidden > 0)) @ kernel.T
    np.testing.assert_allclose(found, expected, atol=1e-5)
    other = {**network.params, "logits/kernel": np.zeros_like(network.params["logits/kernel"])}
    np.testing.assert_array_equal(active().to_numpy(function(other, x, np.zeros(4, np.int32), keys)), found)


def test_where_nothing_is_intact_it_is_plain_noise():
    network = networks.cnn()
    x = np.zeros((2, 8, 8, 1), np.float32)
    keys = input_keys(0, ["a", "b"])
    function = active().compile(noise_behind(network, (-1,)), "float32")
    found = active().to_numpy(function(network.params, x, np.zeros(2, np.int32), keys))
    np.testing.assert_allclose(found.reshape(2, -1), active().to_numpy(normal(fold(keys, 0), (64,))), atol=1e-6)
