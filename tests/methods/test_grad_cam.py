"""Grad-CAM against its formula in slow NumPy, in the choice of its layer, and where it does not apply."""

from typing import Any

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.grad_cam import GradCam
from audit.methods.shared.activation import chosen_layer
from audit.network.loading.load import from_model
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain
from tests.methods.pooled import Slow, pooled
from tests.reference.bilinear import bilinear
from tests.reference.convolution import convolve

_RANDOM = np.random.default_rng(0)


def _reference(network: Network, x: np.ndarray, target: int, layer: str) -> np.ndarray:
    """Return (6, 4): the formula, with the derivative by finite differences."""
    activation, slope = Slow(network).activation_and_slope(x, target, layer)
    weights = slope.mean(axis=(0, 1))
    return bilinear(np.maximum((activation * weights).sum(axis=-1), 0), 6, 4)


@pytest.mark.parametrize("layer", ["first", "last"])
def test_it_equals_its_formula(layer: str) -> None:
    network, x = pooled(), _RANDOM.normal(size=(3, 6, 4, 2)).astype(np.float32)
    maps = explain(network, GradCam(layer=layer), x, [0, 1, 2])
    assert maps.shape == (3, 6, 4, 1)
    expected = [_reference(network, row, target, layer) for target, row in enumerate(x)]
    assert np.allclose(maps[..., 0], expected, atol=1e-4)
    assert maps.any()


def test_auto_is_the_last_convolutions_rectified_output() -> None:
    network, x = pooled(), _RANDOM.normal(size=(2, 6, 4, 2))
    assert np.array_equal(explain(network, GradCam(), x, 1), explain(network, GradCam(layer="last"), x, 1))


@pytest.mark.parametrize(("height", "width"), [(9, 9), (7, 10), (3, 3), (2, 5), (1, 1)])
def test_resizing_is_bilinear_with_half_pixel_centres(height: int, width: int) -> None:
    from audit.backend import active
    from audit.methods.shared.activation import resize
    from tests.methods.explain import tensor

    image = _RANDOM.normal(size=(3, 4)).astype(np.float32)
    resized = active().to_numpy(resize(tensor(image[None, ..., None]), (height, width)))[0, ..., 0]
    assert np.allclose(resized, bilinear(image, height, width), atol=1e-5)


def _ending(*layers: Any, size: int = 8) -> Network:
    start = [keras.Input((size, size, 1)), keras.layers.Conv2D(3, 3, padding="same", name="features")]
    return from_model(networks.fill(keras.Sequential([*start, *layers]), 0))


@pytest.mark.parametrize(
    ("network", "layer"),
    [
        (_ending(keras.layers.Flatten(), keras.layers.Dense(2)), "features"),
        (
            _ending(keras.layers.ReLU(name="rectify"), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)),
            "rectify",
        ),
        (
            _ending(
                keras.layers.BatchNormalization(name="normalise"),
                keras.layers.MaxPooling2D(),
                keras.layers.ZeroPadding2D(),
                keras.layers.Cropping2D(),
                keras.layers.Dropout(0.5),
                keras.layers.SpatialDropout2D(0.5),
                keras.layers.UpSampling2D(),
                keras.layers.Flatten(),
                keras.layers.Dense(2),
            ),
            "normalise",
        ),
        (
            _ending(
                keras.layers.GlobalAveragePooling2D(keepdims=True),
                keras.layers.Conv2D(2, 1),
                keras.layers.Flatten(),
            ),
            "features",
        ),
        (networks.cnn(), "rectify"),
    ],
)
def test_auto_passes_over_what_only_pools_pads_crops_drops_or_resizes(network: Network, layer: str) -> None:
    assert chosen_layer(network, "auto", "grad_cam").layer == layer


def test_evidence_against_the_class_leaves_a_map_of_zeros() -> None:
    network = _ending(keras.layers.ReLU(), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, name="last"))
    names = list(network.params)
    params = {**network.params, names[2]: -np.ones((3, 2), np.float32)}
    x = _RANDOM.normal(size=(2, 8, 8, 1))
    assert not explain(network, GradCam(), x, 0, params=params).any()
    assert explain(network, GradCam(), x, 0, params={**params, names[2]: np.ones((3, 2), np.float32)}).any()


def test_global_average_pooling_makes_it_the_class_activation_map() -> None:
    network = _ending(keras.layers.ReLU(), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2))
    kernel, bias, last = (value.astype(np.float64) for value in list(network.params.values())[:3])
    x = _RANDOM.normal(size=(8, 8, 1))
    features = np.maximum(convolve(x, kernel, bias), 0)
    expected = np.maximum(features @ last[:, 1], 0) / 64
    assert np.allclose(explain(network, GradCam(), x[None], 1)[0, ..., 0], expected, atol=1e-5)


def test_its_noise_has_the_layers_own_resolution() -> None:
    network = pooled()
    generator = np.random.default_rng(3).standard_normal((1, 3, 2, 1), dtype=np.float32)
    expected = bilinear(np.maximum(generator[0, ..., 0], 0), 6, 4)
    noise = GradCam().noise_map(network, np.zeros((6, 4, 2), np.float32), np.random.default_rng(3))
    assert np.allclose(noise[..., 0], expected, atol=1e-6)


def test_an_unknown_layer_names_the_nearest() -> None:
    with pytest.raises(InputError, match="no layer `frist`") as caught:
        GradCam(layer="frist").attribute(pooled())
    assert "did you mean `first`?" in str(caught.value)


def test_a_flat_layer_is_refused_and_those_with_images_are_named() -> None:
    with pytest.raises(InputError, match="no height and width") as caught:
        GradCam(layer="logits").attribute(networks.cnn())
    assert caught.value.code == "T011"
    assert "first, second" in str(caught.value)


@pytest.mark.parametrize("network", [networks.mlp(), _ending(keras.layers.Flatten(), keras.layers.Dense(2), size=1)])
def test_a_network_without_a_convolution_of_images_is_refused(network: Network) -> None:
    with pytest.raises(InputError, match="not convolutional") as caught:
        GradCam().attribute(network)
    assert caught.value.code == "T010"


def test_a_subclassed_model_is_refused() -> None:
    with pytest.raises(InputError, match="could not be recorded"):
        GradCam().attribute(networks.subclassed())
