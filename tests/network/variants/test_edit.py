"""Networks made of another one's operations: the pieces are computed, and the original stays as it is."""

import keras
import numpy as np

from audit.network.network import graph_of
from audit.network.variants.edit import Piece, held, piece, substitute
from tests import networks
from tests.methods.explain import logits

X = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)


def doubling(units: int) -> Piece:
    layer = keras.layers.Dense(units, use_bias=False, name="twice")
    return piece(layer, (None, units), layer="added", values={"kernel": 2 * np.eye(units)})


def test_a_piece_after_the_last_node_works_on_its_output_and_leaves_the_original_alone() -> None:
    network = networks.mlp()
    before = logits(network, X)
    changed = substitute(network, after={len(graph_of(network)) - 1: doubling(3)})
    assert np.allclose(logits(changed, X), 2 * before, atol=1e-5)
    assert np.array_equal(logits(network, X), before) and "added/kernel" not in network.params
    assert not changed.params["added/kernel"].flags.writeable


def test_a_piece_instead_of_a_node_takes_its_place_and_unused_parameters_go() -> None:
    network = networks.mlp(features=8)
    x = np.random.default_rng(1).normal(size=(3, 8)).astype(np.float32)
    changed = substitute(network, instead={0: doubling(8)})
    first = graph_of(network)[0]
    assert not set(first.variables) & set(changed.params)
    assert held(first).keys() == {"kernel", "bias"}
    identity = {"kernel": 2 * np.eye(8, dtype=np.float32), "bias": np.zeros(8, np.float32)}
    same = {**network.params, **{name: identity[short] for short, name in held(first).items()}}
    expected = np.asarray(network.apply(same, x))
    assert np.allclose(logits(changed, x), expected, atol=1e-5)
