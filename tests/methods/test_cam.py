"""The class activation map adds up to the logit, and Grad-CAM is its positive part over the number of positions."""

from typing import Any

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.cam import Cam
from audit.methods.grad_cam import GradCam
from audit.network.loading.load import from_model
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain, logits
from tests.reference.convolution import convolve

_RANDOM = np.random.default_rng(0)


def _ending(*layers: Any) -> Network:
    start = [keras.Input((8, 6, 1)), keras.layers.Conv2D(3, 3, padding="same", activation="relu", name="features")]
    return from_model(networks.fill(keras.Sequential([*start, *layers]), 0))


def test_it_is_the_weighted_sum_of_the_features_whose_mean_is_the_logit() -> None:
    network = _ending(keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2))
    kernel, bias, weights, offset = (value.astype(np.float64) for value in network.params.values())
    x = _RANDOM.normal(size=(2, 8, 6, 1))
    maps = explain(network, Cam(), x, [0, 1])
    for target, row in enumerate(x):
        expected = np.maximum(convolve(row, kernel, bias), 0) @ weights[:, target]
        assert np.allclose(maps[target, ..., 0], expected, atol=1e-5)
        assert np.isclose(expected.mean() + offset[target], logits(network, x)[target, target], atol=1e-5)


@pytest.mark.parametrize(
    ("between", "positions"),
    [
        ((keras.layers.GlobalAveragePooling2D(), keras.layers.Dropout(0.5)), 48),
        (
            (
                keras.layers.AveragePooling2D(2),
                keras.layers.ReLU(),
                keras.layers.GlobalAveragePooling2D(keepdims=True),
                keras.layers.Flatten(),
            ),
            12,
        ),
    ],
)
def test_grad_cam_is_its_positive_part_divided_by_the_number_of_positions(between: Any, positions: int) -> None:
    """Rectifying and resizing change places where a map has one sign: weights for class 0, none against it."""
    network, x = _ending(*between, keras.layers.Dense(2)), _RANDOM.normal(size=(4, 8, 6, 1))
    weights = list(network.params)[2]
    params = {**network.params, weights: np.abs(network.params[weights]) * np.array([1, -1], np.float32)}
    maps, reference = (explain(network, method, x, [0, 1, 0, 1], params=params) for method in (Cam(), GradCam()))
    assert np.allclose(reference, np.maximum(maps, 0) / positions, atol=1e-6)
    assert [bool(each.any()) for each in reference] == [True, False, True, False]
    if positions == 48:  # nothing is resized: any weights will do
        maps, reference = (explain(network, method, x, [0, 1, 0, 1]) for method in (Cam(), GradCam()))
        assert np.allclose(reference, np.maximum(maps, 0) / positions, atol=1e-6)


@pytest.mark.parametrize(
    "network",
    [
        networks.cnn(),
        _ending(keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(2)),
        _ending(keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4), keras.layers.Dense(2)),
        _ending(keras.layers.GlobalAveragePooling2D()),
    ],
    ids=["flattened", "maximum", "two dense layers", "no dense layer"],
)
def test_any_other_ending_is_refused(network: Network) -> None:
    with pytest.raises(InputError, match="does not end in global average pooling") as caught:
        Cam().attribute(network)
    assert caught.value.code == "T121"


def test_flat_inputs_and_subclassed_models_are_refused() -> None:
    for network in (networks.mlp(), networks.subclassed()):
        with pytest.raises(InputError, match="needs images"):
            Cam().attribute(network)
