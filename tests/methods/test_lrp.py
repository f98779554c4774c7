"""LRP against a slow re-derivation and by its identities."""

from typing import get_args

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.lrp import Composite, Lrp
from audit.network.loading.load import from_model
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain, logits, together
from tests.reference import relevance as reference

L = keras.layers
_RANDOM = np.random.default_rng(0)


def _convolutional() -> tuple[Network, list[reference.Layer], np.ndarray]:
    """A convolution with batch normalisation, rectifier, pooling and a dense layer; and the same as matrices."""
    layers = [
        keras.Input((6, 6, 2)),
        L.Conv2D(3, 3, name="convolution"),
        L.BatchNormalization(),
        L.ReLU(),
        L.MaxPooling2D(),
        L.Flatten(),
        L.Dense(3),
    ]
    model = networks.fill(keras.Sequential(layers), 3)
    kernel, bias, gamma, beta, mean, variance, dense, last = (w.astype(np.float64) for w in model.get_weights())
    scale = gamma / np.sqrt(variance + 1e-3)
    matrix = reference.unrolled(kernel * scale, 6), np.tile((bias - mean) * scale + beta, 16)
    return from_model(model), [matrix, (dense, last)], _RANDOM.uniform(-1, 2, size=(2, 6, 6, 2)).astype(np.float32)


_CONVOLUTIONAL_RULES = {
    Lrp(composite="epsilon_plus_flat"): (reference.flat, reference.epsilon),
    Lrp(composite="epsilon_alpha2_beta1"): (reference.alpha_beta(2.0), reference.epsilon),
    Lrp(composite="epsilon_gamma_box", low=-1.0, high=2.0): (reference.bounded(-1.0, 2.0), reference.epsilon),
}


@pytest.mark.parametrize("method", _CONVOLUTIONAL_RULES, ids=lambda method: method.composite)
def test_it_equals_the_slow_derivation_on_a_convolutional_network_with_batch_normalisation(method: Lrp) -> None:
    network, ((kernel, bias), last), images = _convolutional()
    convolution, dense = _CONVOLUTIONAL_RULES[method]
    maps = explain(network, method, images, [1, 2])
    for image, target, result in zip(images, (1, 2), maps, strict=True):
        hidden = np.maximum(image.ravel().astype(np.float64) @ kernel + bias, 0)
        picked = reference.winners(hidden.reshape(4, 4, 3))
        onto_pool = reference.layerwise([last], hidden @ picked, target, [dense])
        expected = convolution(image.ravel().astype(np.float64), kernel, bias, picked @ onto_pool)
        assert np.allclose(result.ravel(), expected, rtol=1e-3, atol=1e-4)


def test_epsilon_is_input_times_gradient_in_a_rectifier_network_without_biases() -> None:
    network, x, targets = networks.mlp(bias=False), _RANDOM.normal(size=(4, 6)), [0, 1, 2, 0]
    expected = explain(network, InputTimesGradient(), x, targets)
    assert np.allclose(explain(network, Lrp(composite="epsilon"), x, targets), expected, atol=2e-5)


def test_every_composite_conserves_relevance_without_biases() -> None:
    network, x, targets = networks.mlp(bias=False), _RANDOM.normal(size=(4, 6)), np.array([0, 1, 2, 0])
    total = logits(network, x)[range(4), targets]
    methods = [Lrp(composite=composite, low=-5.0, high=5.0) for composite in get_args(Composite)]
    for method, maps in zip(methods, together(network, methods, x, targets), strict=True):
        assert np.allclose(maps.sum(axis=1), total, rtol=1e-3, atol=1e-5), method.composite


def test_z_plus_is_alpha_one_beta_zero() -> None:
    network, x = networks.mlp(), _RANDOM.normal(size=(4, 6))
    one, other = (explain(network, Lrp(composite=name, alpha=1.0), x, 1) for name in ("z_plus", "alpha_beta"))
    assert np.array_equal(one, other)


def test_two_networks_of_one_function_get_two_maps() -> None:
    """Sundararajan et al. 2017, appendix B, whose numbers give no share to biases."""
    first, second = networks.rectified_pair()
    method = Lrp(composite="epsilon", bias="none")
    assert np.allclose(explain(first, method, [[3.0, 1.0]], 0), [[1.5, -0.5]], atol=1e-4)
    assert np.allclose(explain(second, method, [[3.0, 1.0]], 0), [[2.0, -1.0]], atol=1e-4)
    shared = [explain(network, Lrp(composite="epsilon"), [[3.0, 1.0]], 0) for network in (first, second)]
    assert np.allclose(shared, [[[3.0, -1.0]]] * 2, atol=1e-4)


def test_positive_shares_converge_to_one_map_for_all_classes_in_a_deep_network_and_epsilon_does_not() -> None:
    """Sixt, Granz and Landgraf 2020: a product of non-negative matrices tends to rank one."""
    layers = [L.Dense(24, activation="relu", use_bias=False) for _ in range(8)]
    model = keras.Sequential([keras.Input((24,)), *layers, L.Dense(2, use_bias=False)])
    network, x = from_model(networks.fill(model, 5)), np.abs(_RANDOM.normal(size=(3, 24)))

    both, targets = np.repeat(x, 2, axis=0), [0, 1] * len(x)

    def cosine(composite: Composite) -> np.ndarray:
        maps = explain(network, Lrp(composite=composite), both, targets)
        one, other = maps[::2], maps[1::2]
        return abs((one * other).sum(1)) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)

    assert cosine("z_plus").min() > 0.99 > 0.9 > cosine("epsilon").min()


@pytest.mark.parametrize("bounds", [{}, {"low": 0.0}, {"low": 1.0, "high": 0.0}])
def test_a_box_without_bounds_is_refused(bounds: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="bounds"):
        Lrp(composite="epsilon_gamma_box", **bounds)
