"""A model for other people's code: it computes what the network does, with the parameters that were asked for."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.network.keras_model import LoadableModel
from audit.network.loading.load import from_model
from tests import networks

X = np.random.default_rng(0).standard_normal((3, 8, 8, 2)).astype(np.float32)


@pytest.mark.parametrize("ending", ["fused", "layer", "none"])
def test_the_head_comes_off_and_stays_on(ending):
    inputs = keras.Input((4,))
    dense = keras.layers.Dense(3, activation="softmax" if ending == "fused" else None)(inputs)
    outputs = keras.layers.Softmax()(dense) if ending == "layer" else dense
    network = from_model(networks.fill(keras.Model(inputs, outputs), 0))
    x = X.reshape(-1, 4)
    logits = keras.ops.convert_to_numpy(network.apply(network.params, x))
    expected = logits if ending == "none" else keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    np.testing.assert_allclose(LoadableModel(network, head=False).model(x), logits, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(LoadableModel(network, head=True).model(x), expected, rtol=1e-5, atol=1e-6)


def test_the_model_has_the_parameters_that_were_loaded_last():
    network = networks.residual()
    held = LoadableModel(network, head=False)
    other = {name: np.asarray(value) * 0.5 + 0.1 for name, value in network.params.items()}
    for params in (other, network.params):
        held.load(params)
        expected = keras.ops.convert_to_numpy(network.apply(params, X))
        np.testing.assert_allclose(keras.ops.convert_to_numpy(held.model(X)), expected, rtol=1e-4, atol=1e-5)


def test_a_network_that_is_no_longer_its_model_is_refused():
    network = networks.mlp()
    with pytest.raises(InputError, match="computes different logits"):
        LoadableModel(replace(network, apply=lambda params, x: 2 * network.apply(params, x)), head=False)
    with pytest.raises(InputError, match="not a Keras model"):
        LoadableModel(replace(network, rebuild=None), head=False)
