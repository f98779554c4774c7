"""A batch normalisation is folded into the layer that it follows."""

import keras
import numpy as np
import pytest

from audit.methods.lrp import Composite, Lrp
from audit.network.loading.load import from_model
from audit.network.variants.shift import compensated
from tests import networks
from tests.methods.explain import explain

L = keras.layers
_RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("composite", ["epsilon_plus", "epsilon_alpha2_beta1"])
def test_a_bias_behind_a_layer_is_that_layers_own(composite: Composite) -> None:
    """An offset between a convolution and its batch normalisation must not unfold the normalisation."""
    layers = [L.Conv2D(3, 3, padding="same", use_bias=False), L.BatchNormalization(), L.ReLU(), L.Flatten(), L.Dense(2)]
    network = from_model(networks.fill(keras.Sequential([keras.Input((4, 4, 1)), *layers]), 2))
    x = _RANDOM.normal(size=(3, 4, 4, 1)).astype(np.float32)
    still = compensated(network, np.zeros((1, 4, 4, 1), np.float32))
    assert [node.kind for node in still.graph or ()][1] == "Offset"
    maps = [explain(each, Lrp(composite=composite), x, 1) for each in (network, still)]
    assert np.allclose(*maps, atol=1e-6)
