"""Every rule of DeepLIFT hands on the difference from the reference, and no more."""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.deep_lift import DeepLift
from audit.network.loading.load import from_model
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain, logits

L = keras.layers


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
    difference = (logits(network, x) - logits(network, method.baselines(x, {})))[range(4), targets]
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
