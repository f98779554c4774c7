"""Which layer's images a class activation map weighs, and how its map gets the size of the input."""

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.grad_cam import GradCam
from audit.methods.shared.activation import chosen_layer
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain
from tests.methods.pooled import pooled
from tests.methods.test_grad_cam import ending
from tests.reference.bilinear import bilinear

_RANDOM = np.random.default_rng(0)


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


@pytest.mark.parametrize(
    ("network", "layer"),
    [
        (ending(keras.layers.Flatten(), keras.layers.Dense(2)), "features"),
        (
            ending(keras.layers.ReLU(name="rectify"), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)),
            "rectify",
        ),
        (
            ending(
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
            ending(
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


def test_an_unknown_layer_names_the_nearest() -> None:
    with pytest.raises(InputError, match="no layer `frist`") as caught:
        GradCam(layer="frist").attribute(pooled())
    assert "did you mean `first`?" in str(caught.value)


def test_a_flat_layer_is_refused_and_those_with_images_are_named() -> None:
    with pytest.raises(InputError, match="output is not an image") as caught:
        GradCam(layer="logits").attribute(networks.cnn())
    assert caught.value.code == "T011"
    assert "first, second" in str(caught.value)


@pytest.mark.parametrize("network", [networks.mlp(), ending(keras.layers.Flatten(), keras.layers.Dense(2), size=1)])
def test_a_network_without_a_convolution_of_images_is_refused(network: Network) -> None:
    with pytest.raises(InputError, match="not convolutional") as caught:
        GradCam().attribute(network)
    assert caught.value.code == "T010"
