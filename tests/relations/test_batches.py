"""No map depends on how many inputs are explained at a time, least of all where the batch equals another axis."""

from functools import cache

import keras
import numpy as np
import pytest

from audit.datasets.dataset import identities
from audit.engine.bench import BenchSettings, NetworkBench
from audit.errors import InputError
from audit.network.loading.load import from_model
from audit.network.network import Network
from audit.record import Explained
from tests.methods.cases import METHODS, network

IMAGE_AXES = (1, 2, 3, 4, 5, 6, 8, 9, 16, 64, 65, 128, 129)  # channels, classes, filters, sides, pixels, values
FLAT_AXES = (1, 2, 3, 5, 6, 7, 10, 11)  # classes, hidden units, features and half of them

OF_IMAGES = (
    *("blur_integrated_gradients", "blurred_random", "cam", "canny", "extremal_perturbation", "full_grad", "grad_cam"),
    *("grad_cam_plus_plus", "guided_grad_cam", "layer_cam", "meaningful_perturbation", "rise", "score_cam", "xrai"),
)


@cache
def flat() -> Network:
    """Return a network of 10 features, 7 hidden units and 3 classes."""
    layers = keras.layers
    made = keras.Sequential([keras.Input((10,)), layers.Dense(7, activation="relu"), layers.Dense(3)])
    generator = np.random.default_rng(2)
    made.set_weights([generator.normal(0, 0.5, weight.shape) for weight in made.get_weights()])
    return from_model(made)


def differences(name: str, subject: Network, sizes: tuple[int, ...]) -> dict[int, float]:
    """Return by batch the largest difference of four maps from those one at a time, in parts of their peak."""
    x = np.random.default_rng(0).normal(size=(max(sizes), *subject.input_shape)).astype(np.float32)
    targets, ids = np.arange(len(x), dtype=np.int32) % 3, identities(x, 0)
    found: dict[int, np.ndarray] = {}
    for size in sizes:
        rows = slice(0, max(size, 4))
        explained = Explained(inputs=x[rows], ids=ids[rows], targets=targets[rows])
        bench = NetworkBench(subject, METHODS, explained, BenchSettings(seed=0, batch=size, fitted_on=x))
        found[size] = bench.explain(name, explained)[:4]
    peak = max(float(abs(found[1]).max()), 1e-12)
    return {size: float(abs(maps - found[1]).max()) / peak for size, maps in found.items()}


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", METHODS)
def test_maps_of_images(name: str) -> None:
    assert max(differences(name, network(), IMAGE_AXES).values()) <= 1e-4


@pytest.mark.parametrize("name", OF_IMAGES)
def test_methods_of_images_refuse_flat_inputs(name: str) -> None:
    with pytest.raises(InputError, match="T120|T010"):
        METHODS[name].attribute(flat())


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [each for each in METHODS if each not in OF_IMAGES])
def test_maps_of_flat_inputs(name: str) -> None:
    assert max(differences(name, flat(), FLAT_AXES).values()) <= 1e-4
