"""Which channels can be renamed or rescaled without changing the function."""

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.network.loading.load import from_model
from audit.network.variants import channels, rewrite
from tests import networks
from tests.network.variants.test_rewrite import LAYERS, deep
from tests.network.variants.test_shift import explained


def test_every_layer_that_can_be_rewritten_is():
    network = deep()
    given = explained(network)

    def changed(each):
        made = getattr(rewrite, each)(network, given, 0.0, 0).network
        return {key for key in network.params if not np.array_equal(network.params[key], made.params.get(key))}

    assert not {"one/moving_mean", "two/gamma"} & set(rewrite.batch_norm_folded(network, given, 0.0, 0).network.params)
    # The normalisation without a scale cannot be rescaled, and hides the layer before it.
    rescaled = {"second/kernel", "second/bias", "dense/kernel", "two/gamma", "two/beta", "logits/kernel"}
    assert changed("relu_rescaled") == rescaled
    permuted = {f"one/{name}" for name in ("beta", "moving_mean", "moving_variance")}
    permuted |= {f"two/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")}
    permuted |= {"first/kernel", "second/kernel", "second/bias", "dense/kernel", "dense/bias", "logits/kernel"}
    assert changed("channels_permuted") == permuted


def test_channels_behind_a_flatten_repeat_once_for_each_position():
    pixels = np.arange(2 * 3 * 4).reshape(1, 2, 3, 4)
    order = np.array([2, 0, 3, 1])
    np.testing.assert_array_equal(channels.spread(order, 24), pixels[..., order].reshape(-1))


def test_a_channel_that_something_else_sees_is_left_alone():
    point = keras.Input((4,))
    first = LAYERS.Dense(5, activation="relu", name="first")(point)
    joined = LAYERS.Concatenate()([LAYERS.Dense(5, activation="relu", name="second")(first), first])
    network = from_model(networks.fill(keras.Model(point, LAYERS.Dense(2, name="logits")(joined)), 0))
    for each in (rewrite.relu_rescaled, rewrite.channels_permuted):
        with pytest.raises(InputError) as caught:
            each(network, explained(network), 0.0, 0)
        assert caught.value.code == "M061"


def test_only_what_commutes_with_positive_factors_is_rescaled():
    layers = [LAYERS.Dense(5, activation=name) for name in ("relu6", "gelu")]
    capped = [LAYERS.Dense(5), LAYERS.ReLU(max_value=1.0), LAYERS.Dense(5), LAYERS.ReLU(threshold=0.5)]
    network = from_model(keras.Sequential([keras.Input((4,)), *layers, *capped, LAYERS.Dense(2)]))
    with pytest.raises(InputError):
        rewrite.relu_rescaled(network, explained(network), 0.0, 0)
    assert len(channels.paths(network, lambda node: True)) == 4
