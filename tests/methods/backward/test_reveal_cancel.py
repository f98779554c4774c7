"""RevealCancel shows what rescaling hides."""

import keras
import numpy as np

from audit.methods.deep_lift import DeepLift
from audit.network.loading.load import from_model
from tests.methods.explain import explain

L = keras.layers


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
