"""Patterns of known signals and by the slow derivation, and the maps that are walked back along them."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pytest

from audit.backend import active
from audit.methods.fitted import learner
from audit.methods.method import Method
from audit.methods.pattern_attribution import PatternAttribution
from audit.methods.pattern_net import PatternNet
from audit.network.loading.load import from_model
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain, logits
from tests.reference.patterns import patches, slow_pattern

LAYERS = keras.layers
IMAGES = np.random.default_rng(1).normal(0.5, size=(35, 6, 6, 1)).astype(np.float32)


def learn(network: Network, inputs: np.ndarray, method: Method) -> Mapping[str, np.ndarray]:
    """Return the patterns by the names of layers."""
    found = learner(method, network)
    assert found is not None
    return {name.removeprefix("pattern of "): array for name, array in found(network.params, inputs).items()}


@pytest.mark.parametrize("estimator", ["linear", "two_component"])
def test_the_pattern_of_a_linear_toy_is_its_signal(estimator: Any) -> None:
    """x = s a_s + d a_d with w^T a_s = 1 and w^T a_d = 0: the weights cancel the distractor, the pattern shows a_s."""
    signal, distractor, weights = np.array([1.0, 0.0]), np.array([1.0, 1.0]), np.array([[1.0], [-1.0]])
    s, d = np.meshgrid([-2.0, -1.0, 1.0, 2.0], [-3.0, 3.0])  # every s with every d: uncorrelated, exactly
    x = (s.reshape(-1, 1) * signal + d.reshape(-1, 1) * distractor).astype(np.float32)
    network = networks.linear(weights.tolist(), [0.0])
    method = PatternNet(estimator=estimator)
    (pattern,) = learn(network, x, method).values()
    assert np.allclose(pattern[:, 0], signal, atol=1e-6)
    assert np.allclose(explain(network, method, x, 0), s.reshape(-1, 1) * signal, atol=1e-5)  # the signal itself
    attribution = explain(network, PatternAttribution(estimator=estimator), x, 0)
    assert np.allclose(attribution.sum(axis=1), logits(network, x)[:, 0], atol=1e-5)


def test_each_kind_of_convolution_has_patterns_along_which_its_outputs_are_1() -> None:
    layers = [
        LAYERS.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="strided"),
        LAYERS.DepthwiseConv2D(2, depth_multiplier=2, activation="relu", name="depthwise"),
        LAYERS.SeparableConv2D(4, 2, padding="same", dilation_rate=2, activation="tanh", name="separable"),
        LAYERS.Conv2D(4, 1, groups=2, name="grouped"),
        LAYERS.GlobalAveragePooling2D(name="average"),
        LAYERS.Dense(3, name="logits"),
    ]
    model = networks.fill(keras.Sequential([keras.Input((6, 6, 1)), *layers]), 2)
    network = from_model(model)
    found = learn(network, IMAGES, PatternNet(estimator="linear"))
    own = network.params
    plain = np.einsum(
        "hwcm,cmk->hwck", own["separable/depthwise_kernel"], own["separable/pointwise_kernel"].reshape(8, 1, 4)
    )
    kernels = {name: own[f"{name}/kernel"] for name in ("strided", "depthwise", "grouped", "logits")} | {
        "separable": plain
    }
    for name, kernel in kernels.items():
        outputs = 2 if name == "depthwise" else 1
        axes = tuple(range(kernel.ndim - outputs))
        assert np.allclose((kernel * found[name]).sum(axis=axes), 1, atol=1e-4), name
    seen = np.asarray(active().to_numpy(keras.Model(model.inputs[0], layers[0].output)(IMAGES)), np.float64)
    windows = patches(seen, 2)
    for channel, copy in np.ndindex(4, 2):
        kernel = own["depthwise/kernel"][..., channel, copy].astype(np.float64).ravel()
        x = windows[..., channel].reshape(-1, 4)
        slow = slow_pattern(x, x @ kernel, kernel, above_zero=False)
        assert np.allclose(found["depthwise"][..., channel, copy].ravel(), slow, atol=1e-4 * abs(slow).max())
