"""FullGrad: the logit, taken apart without remainder; and the map that is made of the parts."""

import keras
import numpy as np
import pytest

from audit.backend import active
from audit.errors import InputError
from audit.methods.full_grad import FullGrad, full_gradients
from audit.network.loading.load import from_model
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain, logits
from tests.methods.pooled import Slow, pooled
from tests.reference.bilinear import bilinear
from tests.reference.convolution import convolve, max_pool
from tests.reference.derivative import derivative

_RANDOM = np.random.default_rng(0)


def _smooth() -> Network:
    """Activations that bend, normalisation that divides, a product, and constants."""
    inputs = keras.Input((8, 8, 2))
    hidden = keras.layers.Conv2D(4, 3, activation="gelu")(inputs)
    hidden = keras.layers.LayerNormalization()(hidden)
    hidden = keras.layers.Conv2D(3, 3, activation="sigmoid")(hidden * hidden * 0.3 + 0.5)
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.ops.mean(hidden, axis=(1, 2))))
    return from_model(networks.fill(model, 0))


@pytest.mark.parametrize(
    "network", [networks.cnn(channels=2), networks.residual(), _smooth()], ids=["rectifiers", "residual", "smooth"]
)
def test_input_and_biases_add_up_to_the_logit(network: Network) -> None:
    x, target = _RANDOM.normal(size=(3, 8, 8, 2)).astype(np.float32), np.array([0, 1, 2], np.int32)
    own, biases = active().compile(full_gradients(network))(network.params, x, target)
    total = sum(active().to_numpy(each).reshape(3, -1).sum(axis=1) for each in (own, *biases.values()))
    assert np.allclose(total, logits(network, x)[np.arange(3), target], atol=1e-5)
    assert all(active().to_numpy(each).any() for name, each in biases.items() if name in ("first", "normalise"))


def test_without_biases_the_input_has_it_all() -> None:
    network, x = networks.mlp(bias=False), _RANDOM.normal(size=(3, 6)).astype(np.float32)
    own, biases = active().compile(full_gradients(network))(network.params, x, np.zeros(3, np.int32))
    assert np.allclose(active().to_numpy(own).sum(axis=1), logits(network, x)[:, 0], atol=1e-5)
    assert not any(active().to_numpy(each).any() for each in biases.values())


def _part(values: np.ndarray) -> np.ndarray:
    magnitude = np.abs(values)
    scaled = (magnitude - magnitude.min()) / (magnitude.max() - magnitude.min())
    return np.sum([bilinear(scaled[..., channel], 6, 4) for channel in range(values.shape[-1])], axis=0)


def test_the_map_equals_its_formula() -> None:
    network, x = pooled(), _RANDOM.normal(size=(2, 6, 4, 2)).astype(np.float32)
    maps, slow = explain(network, FullGrad(), x, [0, 2]), Slow(network)
    for row, target in ((0, 0), (1, 2)):
        one = x[row].astype(np.float64)
        first = convolve(one, slow.k1, slow.b1)
        last = convolve(max_pool(np.maximum(first, 0)), slow.k2, slow.b2)
        at_input = derivative(lambda each, c=target: slow.of_input(each, c), one)
        at_first = derivative(lambda each, c=target: slow.logit(slow.last(np.maximum(each, 0)), c), first)
        at_last = derivative(lambda each, c=target: slow.logit(np.maximum(each, 0), c), last)
        expected = _part(one * at_input) + _part(slow.b1 * at_first) + _part(slow.b2 * at_last)
        assert np.allclose(maps[row, ..., 0], expected, atol=1e-3)


def test_its_noise_has_a_part_for_the_input_and_one_for_each_bias() -> None:
    blank = np.zeros((6, 4, 2), np.float32)
    noise = FullGrad().noise_map(pooled(), blank, np.random.default_rng(0))
    assert noise.shape == (6, 4, 1) and noise.min() >= 0 and noise.std() > 0  # the biases' parts: the input is blank
    assert noise.max() <= 3 + 4  # at most 1 for each of their channels


def test_a_network_without_convolutions_is_refused() -> None:
    with pytest.raises(InputError, match="`full_grad` does not apply: the network is not convolutional") as caught:
        FullGrad().attribute(networks.mlp())
    assert caught.value.code == "T010"
