"""The walk back along patterns against a slow re-derivation."""

from functools import cache
from typing import Any

import keras
import numpy as np
import pytest

from audit.backend import active
from audit.errors import InputError, UnitError
from audit.methods.pattern_attribution import PatternAttribution
from audit.methods.pattern_net import PatternNet
from audit.network.loading.load import from_model
from audit.network.network import Network
from tests import networks
from tests.methods.backward.test_patterns import IMAGES, LAYERS
from tests.methods.explain import fitted, keys
from tests.methods.patterned import DATA, mlp
from tests.reference.patterns import patches, slow_patterns
from tests.reference.relevance import unrolled, winners


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
