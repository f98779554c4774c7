"""tf-keras-vis 0.8.7, called as its pages say, on the Keras models themselves."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audit.methods.grad_cam import GradCam
from audit.methods.grad_cam_plus_plus import GradCamPlusPlus
from audit.methods.gradient import Gradient
from audit.methods.layer_cam import LayerCam
from audit.methods.smoothgrad import SmoothGrad
from tests.methods.explain import explain
from tests.peers.networks import RECTIFIED, TARGETS, inputs, model, network

pytestmark = pytest.mark.peer
ROUNDING = 2e-5


def _score(output: Any) -> list[Any]:
    return [output[row, target] for row, target in enumerate(TARGETS)]


def _cam(kind: str, name: str) -> np.ndarray:
    """Their map at the layer's own size: ours resizes with half-pixel centres, theirs aligns the corners."""
    import importlib

    module = importlib.import_module(f"tf_keras_vis.{kind.lower()}")
    cam = getattr(module, kind)(model(name), clone=False)
    settings = {"penultimate_layer": "last", "seek_penultimate_conv_layer": False, "normalize_cam": False}
    return np.asarray(cam(_score, inputs(name), expand_cam=False, **settings))


def _resized(small: np.ndarray, name: str) -> np.ndarray:
    from audit.methods.shared.activation import resize

    return np.asarray(resize(small[..., None].astype(np.float32), inputs(name).shape[1:3]))


def _ours(method: Any, name: str) -> np.ndarray:
    return explain(network(name), method, inputs(name), TARGETS)


@pytest.mark.parametrize("name", [*RECTIFIED, "smooth"])
def test_gradient(name: str, agree: Callable) -> None:
    from tf_keras_vis.saliency import Saliency

    settings = {"normalize_map": False, "gradient_modifier": None, "keepdims": True}
    theirs = Saliency(model(name), clone=False)(_score, inputs(name), **settings)
    agree(_ours(Gradient(), name), theirs, ROUNDING)


@pytest.mark.parametrize("name", RECTIFIED)
def test_grad_cam(name: str, agree: Callable) -> None:
    agree(_ours(GradCam(layer="last"), name), _resized(_cam("Gradcam", name), name), ROUNDING)


@pytest.mark.parametrize("name", RECTIFIED)
def test_layer_cam(name: str, agree: Callable) -> None:
    agree(_ours(LayerCam(layer="last"), name), _resized(_cam("Layercam", name), name), ROUNDING)


@pytest.mark.parametrize("name", ["maximum", "strided"])
def test_smoothgrad(name: str, agree_in_the_mean: Callable) -> None:
    """Other draws of the same noise: 40 maps of 10 copies each have one mean."""
    import tensorflow as tf
    from tf_keras_vis.saliency import Saliency

    tf.random.set_seed(0)
    saliency, x = Saliency(model(name), clone=False), inputs(name)[:1]
    settings = {"normalize_map": False, "gradient_modifier": None, "keepdims": True}
    draws = {"smooth_samples": 10, "smooth_noise": 0.15}
    theirs = [saliency(lambda output: output[:, 0], x, **draws, **settings)[0] for _ in range(40)]
    net = network(name)
    agree_in_the_mean(explain(net, SmoothGrad(samples=10, noise=0.15), np.repeat(x, 40, axis=0), 0), theirs)


def test_grad_cam_plus_plus_up_to_a_factor_for_each_channel(agree: Callable) -> None:
    """They divide a channel's alphas by their sum, as the authors' code does and the paper does not.

    So with one channel the maps are one but for a factor.
    """
    import keras

    from audit.network.loading.from_model import from_model
    from tests.networks import fill

    layers = [
        keras.layers.Conv2D(1, 3, padding="same", activation="relu", name="last"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3, kernel_initializer="ones"),
    ]
    single = fill(keras.Sequential([keras.Input((8, 8, 1)), *layers]), 6)
    single.layers[-1].set_weights([np.ones((1, 3)), np.zeros(3)])
    x = inputs("average")
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus as Theirs

    settings = {"penultimate_layer": "last", "seek_penultimate_conv_layer": False, "normalize_cam": False}
    theirs = np.asarray(Theirs(single, clone=False)(_score, x, expand_cam=False, **settings))
    ours = explain(from_model(single), GradCamPlusPlus(layer="last"), x, TARGETS)[..., 0]
    scaled = theirs * (ours.max(axis=(1, 2)) / theirs.max(axis=(1, 2)))[:, None, None]
    agree(ours, scaled, ROUNDING)
