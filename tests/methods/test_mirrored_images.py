"""A mirrored network gives mirrored maps of mirrored images: no map depends on the order in which pixels are stored.

Images of few values, constant ones and dark ones with one bright block: there whole windows hold equal entries.
"""

from collections.abc import Callable, Mapping

import keras
import numpy as np
import pytest

from audit.methods.deep_lift import DeepLift
from audit.methods.method import Method
from audit.methods.occlusion import Occlusion
from audit.network.loading.from_model import from_model
from audit.network.network import Network
from tests import networks
from tests.methods.cases import METHODS
from tests.methods.explain import explain

L, ops = keras.layers, keras.ops

LEAST: Mapping[str, str] = {
    "guided_integrated_gradients": "what moves next is a comparison of gradients, which rounding turns",
    "xrai": "superpixels grow from a grid of seeds that begins at one corner",
    "extremal_perturbation": "the mask is descended for a few steps from a grid that begins at one corner",
    "canny": "edges lie half a pixel to one side",
    "input": "it knows no network",
    "constant": "it knows no network",
    "cam": "it applies to one architecture alone",
}
"""Methods that do not claim it, and why."""

CLAIM: Mapping[str, Method] = {
    **{name: method for name, method in METHODS.items() if name not in LEAST and not method.stochastic},
    "reveal_cancel": DeepLift(activations="reveal_cancel"),
    "occlusion": Occlusion(patch=3, stride=1),  # with a longer stride the last patch of a row may stand out of step
}


def _pooled() -> keras.Model:
    inputs = keras.Input((9, 9, 1))
    first = L.MaxPooling2D(3, strides=2)(L.Conv2D(4, 3, padding="same", activation="relu")(inputs))
    second = L.MaxPooling2D(2)(L.Conv2D(4, 3, padding="same", activation="relu6")(first))
    return keras.Model(inputs, L.Dense(3)(L.GlobalMaxPooling2D()(second)))


def _joined() -> keras.Model:
    inputs = keras.Input((8, 8, 1))
    one, other = (L.Conv2D(4, 3, padding="same")(inputs) for _ in range(2))
    joined = L.MaxPooling2D(2)(ops.relu6(L.Maximum()([one, other]) * 3.0))
    last = L.LeakyReLU()(L.Conv2D(4, 3, padding="same")(joined))
    attended = ops.max(last, axis=-1, keepdims=True) * last
    return keras.Model(inputs, L.Dense(3)(L.GlobalAveragePooling2D()(L.ReLU()(attended))))


def _turned(model: keras.Model, of: Callable[[], keras.Model], axis: int) -> Network:
    mirror = of()
    mirror.set_weights([np.flip(each, axis) if each.ndim == 4 else each for each in model.get_weights()])
    return from_model(mirror)


def _images(shape: tuple[int, ...], seed: int) -> np.ndarray:
    few = np.random.default_rng(seed).integers(0, 3, (2, *shape)).astype(np.float32) / 2
    constant, block = np.full((1, *shape), 0.5, np.float32), np.zeros((1, *shape), np.float32)
    block[:, 2:5, 3:6] = 1.0
    return np.concatenate([few, constant, block])


@pytest.mark.parametrize("of", [_pooled, _joined])
@pytest.mark.parametrize("name", CLAIM)
def test_a_mirrored_network_gives_mirrored_maps_of_mirrored_images(name: str, of: Callable[[], keras.Model]) -> None:
    for seed, axis in ((0, 0), (1, 1), (2, 0)):
        model = networks.fill(of(), seed)
        network, mirror = from_model(model), _turned(model, of, axis)
        images, targets = _images(network.input_shape, seed), [0, 1, 2, 0]
        plain = explain(network, CLAIM[name], images, targets)
        turned = np.flip(explain(mirror, CLAIM[name], np.flip(images, axis + 1).copy(), targets), axis + 1)
        for one, other in zip(plain, turned, strict=True):
            assert abs(one - other).max() <= 1e-3 * abs(one).max() + 1e-6, (seed, axis)
