"""Networks on which an axiom says what a map must be: what their notes promise, they compute."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.network.variants import axiom_networks
from audit.record import Explained
from tests import networks
from tests.methods.explain import logits


def explained(shape: tuple[int, ...], count: int = 4) -> Explained:
    x = np.random.default_rng(3).normal(size=(count, *shape)).astype(np.float32)
    return Explained(inputs=x, ids=[str(row) for row in range(count)], targets=np.zeros(count, np.int32))


@pytest.mark.parametrize("network", [networks.cnn(), networks.mlp()], ids=["images", "flat"])
def test_what_is_cut_off_has_no_influence_and_the_rest_all_of_it(network: networks.Network) -> None:
    given = explained(network.input_shape)
    made = axiom_networks.ignoring(network, given, 0.0, 5)
    ignored, wide = made.notes["ignored"], made.explained.inputs
    assert np.allclose(logits(made.network, wide), logits(network, given.inputs), atol=1e-5)
    other = wide + 10 * ignored.reshape(*ignored.shape, *[1] * (wide.ndim - 1 - ignored.ndim)).astype(np.float32)
    assert not np.array_equal(other, wide)
    assert np.allclose(logits(made.network, other), logits(network, given.inputs), atol=1e-5)


def test_the_ignored_feature_has_no_influence() -> None:
    made = axiom_networks.ignored_feature(networks.mlp(), explained((6,)), 0.0, 5)
    x = made.explained.inputs
    moved = x + 7 * made.notes["ignored"].astype(np.float32)
    assert np.allclose(logits(made.network, x), logits(made.network, moved), atol=1e-5)
    assert not np.allclose(logits(made.network, x), logits(made.network, x + 7), atol=1e-2)


def test_the_combined_layer_is_the_sum_that_its_factors_say() -> None:
    network, given = networks.mlp(), explained((6,))
    notes = dict(axiom_networks.combined(network, given, 0.0, 5).notes)
    a, b = notes.pop("factors")
    own = logits(network, given.inputs)
    changed = np.asarray(network.apply({**network.params, **notes}, given.inputs))
    assert np.allclose(changed, a * own + b * np.roll(own, -1, axis=1), atol=1e-4)


def test_a_network_of_one_output_has_no_sum_of_two() -> None:
    single = networks.linear([[1.0], [2.0]], [0.0])
    with pytest.raises(InputError) as caught:
        axiom_networks.combined(single, explained((2,)), 0.0, 5)
    assert caught.value.code == "M070"
