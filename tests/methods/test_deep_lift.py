"""DeepLIFT against a slow re-derivation, by its sum, and by its known failures."""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.deep_lift import DeepLift
from audit.methods.input_times_gradient import InputTimesGradient
from audit.network.loading.load import from_model
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain, logits
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


def test_reveal_cancel_shows_what_a_minimum_owes_to_each_input() -> None:
    """Shrikumar et al. 2017, section 3.4: min(x1, x2) = x1 - ReLU(x1 - x2), of which rescale sees one input alone."""
    inputs = keras.Input((2,))
    difference = L.Dense(1, activation="relu", use_bias=False, name="difference")(inputs)
    logit = L.Dense(1, use_bias=False, name="logit")(L.Concatenate()([inputs[:, :1], difference]))
    model = keras.Model(inputs, logit)
    model.set_weights([np.array([[1.0], [-1.0]]), np.array([[1.0], [-1.0]])])
    network, x = from_model(model), [[5.0, 3.0]]
    assert np.allclose(explain(network, DeepLift(), x, 0), [[0.0, 3.0]])
    assert np.allclose(explain(network, DeepLift(activations="reveal_cancel"), x, 0), [[1.5, 1.5]])


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


def _everything() -> Network:
    inputs = keras.Input((7, 7, 2))
    first = L.Conv2D(4, 3, activation="gelu")(L.BatchNormalization()(L.Rescaling(0.5, 1.0)(inputs)))
    normalised = L.LayerNormalization()(first)
    gate = L.Dense(4, activation="sigmoid")(L.GlobalAveragePooling2D(keepdims=True)(normalised))
    gated = L.Multiply()([normalised, gate])
    pooled = L.PReLU()(L.MaxPooling2D(3, strides=1)(L.Add()([gated, first])))
    wide = L.Activation("tanh")(L.BatchNormalization()(L.SeparableConv2D(5, 2)(pooled)))
    last = L.GlobalMaxPooling2D()(wide)
    return from_model(networks.fill(keras.Model(inputs, L.Dense(2)(L.Maximum()([last, L.ReLU()(-last)]))), 3))


_FROM_MEAN = DeepLift(activations="reveal_cancel", reference="mean")


@pytest.mark.parametrize(
    ("build", "method"),
    [
        (networks.residual, _FROM_MEAN),
        (_everything, DeepLift(reference=0.3)),
        (_everything, _FROM_MEAN),
        (networks.product, DeepLift(reference=0.3)),
    ],
)
def test_contributions_add_up_to_the_difference_from_the_reference(
    build: Callable[[], Network], method: DeepLift
) -> None:
    network = build()
    x = np.random.default_rng(1).normal(size=(4, *network.input_shape)).astype(np.float32)
    targets = np.arange(4) % network.classes
    difference = (logits(network, x) - logits(network, method.baselines(x)))[range(4), targets]
    total = explain(network, method, x, targets).reshape(4, -1).sum(axis=1)
    assert np.allclose(total, difference, rtol=1e-4, atol=1e-5)
    assert abs(difference).max() > 0.01


def test_at_the_reference_nothing_contributes() -> None:
    network, x = networks.cnn(), np.full((2, 8, 8, 1), 0.3, np.float32)
    assert not explain(network, DeepLift(reference=0.3), x, 0).any()


def test_an_operation_without_a_rule_is_refused_by_name() -> None:
    model = keras.Sequential([keras.Input((4, 6)), L.LSTM(3, name="memory"), L.Dense(2)])
    with pytest.raises(InputError, match="`deep_lift` has no rule") as caught:
        DeepLift().attribute(from_model(model))
    assert caught.value.where == "memory (LSTM)"
