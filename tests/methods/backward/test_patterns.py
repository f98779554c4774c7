"""Patterns of known signals and by the slow derivation, and the maps that are walked back along them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import keras
import numpy as np
import pytest

from audit.backend import active
from audit.errors import InputError, UnitError
from audit.methods.fitted import learner
from audit.methods.method import Method
from audit.methods.pattern_attribution import PatternAttribution
from audit.methods.pattern_net import PatternNet
from audit.network.loading.load import from_model
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain, fitted, keys, logits
from tests.methods.patterned import DATA, mlp
from tests.reference.patterns import patches, slow_pattern, slow_patterns
from tests.reference.relevance import unrolled, winners

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


@cache
def cnn() -> Network:
    layers = [
        LAYERS.Conv2D(3, 3, name="first"),
        LAYERS.BatchNormalization(name="normalise"),
        LAYERS.ReLU(name="rectify"),
        LAYERS.MaxPooling2D(name="pool"),
        LAYERS.Flatten(name="flatten"),
        LAYERS.Dense(3, name="logits"),
    ]
    return from_model(networks.fill(keras.Sequential([keras.Input((6, 6, 1)), *layers]), 4))


def folded(network: Network) -> np.ndarray:
    """Return the kernel (h, w, C, K) of ``cnn`` with its batch normalisation, in float64."""
    own = {name: value.astype(np.float64) for name, value in network.params.items()}
    scale = own["normalise/gamma"] / np.sqrt(own["normalise/moving_variance"] + 1e-3)
    return own["first/kernel"] * scale


def convolved(network: Network, x: np.ndarray) -> np.ndarray:
    """Return what the rectifier of ``cnn`` sees, (n, 4, 4, 3), in float64."""
    own = {name: value.astype(np.float64) for name, value in network.params.items()}
    scale = own["normalise/gamma"] / np.sqrt(own["normalise/moving_variance"] + 1e-3)
    shift = (own["first/bias"] - own["normalise/moving_mean"]) * scale + own["normalise/beta"]
    return (x.reshape(len(x), -1) @ unrolled(folded(network), 6)).reshape(-1, 4, 4, 3) + shift


@pytest.mark.parametrize("estimator", ["linear", "auto"])
def test_dense_maps_equal_the_slow_derivation(estimator: Any) -> None:
    network = mlp()
    own = {name: value.astype(np.float64) for name, value in network.params.items()}
    before = DATA @ own["hidden/kernel"] + own["hidden/bias"]
    hidden = np.maximum(before, 0)
    result = hidden @ own["logits/kernel"] + own["logits/bias"]
    params = fitted(PatternNet(estimator=estimator), network, network.params, DATA)
    first = slow_patterns(DATA, before, own["hidden/kernel"], above_zero=estimator == "auto")
    last = slow_patterns(hidden, result, own["logits/kernel"], above_zero=False)
    for kind, one, two in (
        (PatternNet, first, last),
        (PatternAttribution, first * own["hidden/kernel"], last * own["logits/kernel"]),
    ):
        function = active().compile(kind().attribute(network))
        maps = active().to_numpy(function(params, DATA, np.ones(40, np.int32), keys(40)))
        slow = ((result[:, 1:2] * two[:, 1]) * (before > 0)) @ one.T
        assert np.allclose(maps, slow, atol=1e-4 * abs(slow).max())


def test_convolutional_maps_equal_the_slow_derivation_on_patches() -> None:
    network = cnn()
    before, dense = convolved(network, IMAGES), network.params["logits/kernel"].astype(np.float64)
    pools = [winners(image) for image in before]
    pooled = np.stack([np.maximum(image, 0).ravel() @ pool for image, pool in zip(before, pools, strict=True)])
    result = pooled @ dense + network.params["logits/bias"]
    params, kernel = fitted(PatternNet(), network, network.params, IMAGES), folded(network).reshape(9, 3)
    first = slow_patterns(patches(IMAGES, 3).reshape(-1, 9), before.reshape(-1, 3), kernel, above_zero=True)
    last = slow_patterns(pooled, result, dense, above_zero=False)
    for kind, one, two in ((PatternNet, first, last), (PatternAttribution, first * kernel, last * dense)):
        matrix = unrolled(one.reshape(3, 3, 1, 3), 6)
        slow = [
            matrix @ ((image.ravel() > 0) * (pool @ (two[:, 2] * logit)))
            for image, pool, logit in zip(before, pools, result[:, 2], strict=True)
        ]
        function = active().compile(kind().attribute(network))
        maps = active().to_numpy(function(params, IMAGES, np.full(len(IMAGES), 2, np.int32), keys(len(IMAGES))))
        assert np.allclose(maps.reshape(len(IMAGES), -1), slow, atol=1e-4 * np.abs(slow).max())


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


def test_what_has_no_patterns_is_refused_and_what_was_not_fitted_is_said() -> None:
    layers = LAYERS.Conv2DTranspose(2, 3, name="up"), LAYERS.Flatten(), LAYERS.Dense(2)
    with pytest.raises(InputError, match=r"T191[\s\S]*up"):
        PatternNet().attribute(from_model(keras.Sequential([keras.Input((4, 4, 1)), *layers])))
    with pytest.raises(InputError, match="T192"):
        PatternAttribution().fit(from_model(keras.Sequential([keras.Input((3,)), LAYERS.BatchNormalization()])))
    with pytest.raises(InputError, match="M012"):
        PatternNet().attribute(networks.subclassed())
    network = mlp()
    with pytest.raises(UnitError, match="T190"):
        PatternNet().attribute(network)(network.params, DATA[:1], np.int32([0]), keys(1))
