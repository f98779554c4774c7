"""DeepLIFT against a slow re-derivation, by its sum, and by its known failures."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from audit.methods.deep_lift import DeepLift
from audit.methods.input_times_gradient import InputTimesGradient
from audit.network.random_states import draw_keys, keyed
from tests import networks
from tests.methods.explain import explain
from tests.reference import relevance as reference

L = keras.layers
_RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("activations", ["rescale", "reveal_cancel"])
def test_it_equals_the_slow_derivation(activations: str) -> None:
    network, x = networks.mlp(), _RANDOM.normal(size=(4, 6)).astype(np.float32)
    x[:, 2] = 0.3  # does not differ from the reference
    values = [value.astype(np.float64) for value in network.params.values()]
    layers, start = list(zip(values[::2], values[1::2], strict=True)), np.full(6, 0.3, np.float32)
    maps = explain(network, DeepLift(activations=activations, reference=0.3), x, [0, 1, 2, 0])
    for row, target, result in zip(x, [0, 1, 2, 0], maps, strict=True):
        slow = reference.deep_lift(layers, row, start, target, reveal_cancel=activations == "reveal_cancel")
        assert np.allclose(result, slow, atol=1e-5)


def test_rescale_from_zeros_is_input_times_gradient_in_a_rectifier_network_without_biases() -> None:
    network, x = networks.mlp(bias=False), _RANDOM.normal(size=(4, 6))
    expected = explain(network, InputTimesGradient(), x, 1)
    assert np.allclose(explain(network, DeepLift(), x, 1), expected, atol=1e-6)


def test_two_networks_of_one_function_get_two_maps() -> None:
    """Sundararajan et al. 2017, appendix B."""
    first, second = networks.rectified_pair()
    assert np.allclose(explain(first, DeepLift(), [[3.0, 1.0]], 0), [[1.5, -0.5]])
    assert np.allclose(explain(second, DeepLift(), [[3.0, 1.0]], 0), [[2.0, -1.0]])


def test_a_saturated_input_is_not_overlooked() -> None:
    assert np.allclose(explain(networks.saturating(), DeepLift(), [[2.0]], 0), 1.0)


def test_a_draw_of_a_network_that_drops_units_is_explained_to_its_sum() -> None:
    inputs = keras.Input((6,))
    hidden = L.Dropout(0.5)(L.Dense(12, activation="relu")(inputs), training=True)
    network = networks.from_model(networks.fill(keras.Model(inputs, L.Dense(3)(hidden)), 0))
    drawn = replace(network, params=keyed(network.params, draw_keys(0, 1)[0]))
    x = _RANDOM.normal(size=(4, 6)).astype(np.float32)
    maps = explain(drawn, DeepLift(), x, [0, 1, 2, 0])
    logits = [np.asarray(keras.ops.convert_to_numpy(network.apply(drawn.params, each))) for each in (x, 0 * x)]
    assert np.allclose(maps.sum(axis=1), (logits[0] - logits[1])[np.arange(4), [0, 1, 2, 0]], atol=1e-5)
