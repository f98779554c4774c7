"""An adapted normalisation is a function of its mean and variance, and gives what Keras's layer gives."""

import keras
import numpy as np
import pytest

from audit.network.loading.load import from_model
from audit.network.loading.normalization import built_again, by_weights, is_adapted
from tests.network.adapted import L, model_of, numbers


def adapted(axis=-1, invert=False):
    layer = L.Normalization(axis=axis, invert=invert)
    layer.adapt(numbers())
    return layer


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("axis", [-1, None, 1])
def test_it_gives_what_keras_gives_and_shares_its_weights(axis, invert):
    layer = adapted(axis, invert)
    own = by_weights(layer)
    assert is_adapted(layer) and is_adapted(own) and own.adapt_mean is layer.adapt_mean
    np.testing.assert_allclose(_array(own(numbers(seed=1))), _array(layer(numbers(seed=1))), rtol=1e-6)
    own.adapt_mean.assign(own.adapt_mean + 1.0)
    layer.finalize_state()
    np.testing.assert_allclose(_array(own(numbers(seed=1))), _array(layer(numbers(seed=1))), rtol=1e-6)


def test_a_constant_feature_is_not_divided_by_nothing():
    layer = L.Normalization()
    layer.adapt(np.ones((5, 4), np.float32))
    assert np.isfinite(_array(by_weights(layer)(numbers()))).all()


def test_a_network_follows_the_mean_among_its_parameters():
    network = from_model(model_of([adapted()], "nested"))
    (name,) = [each for each in network.params if each.endswith("/mean")]
    moved = {**network.params, name: network.params[name] + 1}
    before = _array(network.apply(network.params, numbers()))
    np.testing.assert_allclose(_array(network.apply(moved, numbers() + 1)), before, rtol=1e-4, atol=1e-5)


def test_declared_constants_and_other_layers_are_left_alone():
    declared = L.Normalization(mean=1.0, variance=4.0)
    declared.build((None, 4))
    assert not is_adapted(declared) and not is_adapted(L.Normalization()) and not is_adapted(L.Dense(2))
    again = built_again(L.Dense(2, name="dense"))
    assert type(again) is L.Dense and again.name == "dense"


def _array(value):
    return keras.ops.convert_to_numpy(value)
