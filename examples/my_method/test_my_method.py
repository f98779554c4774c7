"""On a linear network the method has a closed form: the squared weights, whatever the input."""

import keras
import numpy as np
import pytest
from my_method import SquaredGradient
from pydantic import ValidationError

from audit.network.loading.load import from_model


def test_squared_weights_on_a_linear_network():
    inputs = keras.Input((3,))
    network = from_model(keras.Model(inputs, keras.layers.Dense(2, name="linear")(inputs)))
    params, x = network.params, np.ones((4, 3), np.float32)
    target, key = np.array([0, 1, 0, 1], np.int32), np.zeros((4, 2), np.uint32)
    maps = SquaredGradient().attribute(network)(params, x, target, key)
    expected = (params["linear/kernel"].T ** 2)[target]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(maps), expected, rtol=1e-5)


def test_an_odd_power_is_refused():
    with pytest.raises(ValidationError):
        SquaredGradient(power=3)
