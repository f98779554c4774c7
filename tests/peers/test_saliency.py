"""PAIR's saliency 0.2.1: it is given gradients by TensorFlow's own tape, ours by the audited network."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import pytest

from audit.methods.blur_integrated_gradients import BlurIntegratedGradients
from audit.methods.grad_cam import GradCam
from audit.methods.gradient import Gradient
from audit.methods.guided_integrated_gradients import GuidedIntegratedGradients
from audit.methods.integrated_gradients import IntegratedGradients
from audit.methods.occlusion import Occlusion
from audit.methods.shared.blur import blur
from audit.methods.smoothgrad import SmoothGrad
from audit.methods.smoothgrad_squared import SmoothGradSquared
from audit.methods.xrai import Xrai
from tests.methods.explain import explain
from tests.peers.networks import LAYERS, RECTIFIED, TARGETS, inputs, model, network

pytestmark = pytest.mark.peer
ROUNDING = 2e-5
IMAGES = (*RECTIFIED, "smooth")


def _told(name: str) -> Callable[..., Mapping[str, Any]]:
    """What PAIR asks of a model: gradients, scores and activations, by TensorFlow."""
    import saliency.core as peer
    import tensorflow as tf

    whole = model(name)
    layer = whole.get_layer("last").output
    tapped = keras.Model(whole.inputs, [layer, whole.outputs[0]])

    @tf.function(input_signature=[tf.TensorSpec([None, *whole.input_shape[1:]]), tf.TensorSpec([], tf.int32)])
    def asked(given: Any, target: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(given)
            features, logits = tapped(given, training=False)
            score = logits[:, target]
        return score, features, *tape.gradient(score, [given, features])

    def call(x: Any, call_model_args: Any = None, expected_keys: Any = None) -> Mapping[str, Any]:
        answers = asked(np.asarray(x, np.float32), call_model_args)
        keys = (
            peer.OUTPUT_LAYER_VALUES,
            peer.CONVOLUTION_LAYER_VALUES,
            peer.INPUT_OUTPUT_GRADIENTS,
            peer.CONVOLUTION_OUTPUT_GRADIENTS,
        )
        return {key: answer.numpy() for key, answer in zip(keys, answers, strict=True)}

    return call


def _theirs(kind: str, name: str, count: int = 3, **settings: Any) -> np.ndarray:
    import saliency.core as peer

    method, call = getattr(peer, kind)(), _told(name)
    rows = zip(inputs(name, count), TARGETS, strict=False)
    return np.stack([method.GetMask(x.astype(np.float64), call, target, **settings) for x, target in rows])


def _ours(method: Any, name: str, count: int = 3) -> np.ndarray:
    return explain(network(name), method, inputs(name, count), TARGETS[:count])


@pytest.mark.parametrize("name", IMAGES)
def test_gradient(name: str, agree: Callable) -> None:
    agree(_ours(Gradient(), name), _theirs("GradientSaliency", name), ROUNDING)


@pytest.mark.parametrize("name", IMAGES)
def test_integrated_gradients(name: str, agree: Callable) -> None:
    """Their rule gives both ends the weight of any other point: our ``positions: ends``."""
    ours = _ours(IntegratedGradients(steps=25, positions="ends"), name)
    agree(ours, _theirs("IntegratedGradients", name, x_steps=25, batch_size=25), ROUNDING)


def test_integrated_gradients_from_a_baseline(agree: Callable) -> None:
    given = np.full(inputs("strided").shape[1:], 0.5)
    theirs = _theirs("IntegratedGradients", "strided", x_steps=30, x_baseline=given, batch_size=30)
    agree(_ours(IntegratedGradients(steps=30, positions="ends", baseline=0.5), "strided"), theirs, ROUNDING)


def test_guided_integrated_gradients(agree: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a smooth network, where no gradients are equal; 20 steps, since rounding turns longer paths."""
    quantile = np.quantile  # theirs calls it by a name that NumPy 2.4 no longer has
    monkeypatch.setattr(
        np, "quantile", lambda values, share, interpolation: quantile(values, share, method=interpolation)
    )
    ours = _ours(GuidedIntegratedGradients(steps=20, fraction=0.25, corridor=0.02), "smooth")
    agree(ours, _theirs("GuidedIG", "smooth", x_steps=20, fraction=0.25, max_dist=0.02), 0.05)


@pytest.mark.parametrize("name", ["smooth", "average"])
def test_blur_integrated_gradients(name: str, agree: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the limit of many steps, with one blur: theirs fades to black at the border, ours mirrors."""
    from saliency.core import blur_ig

    def mirrored(image: np.ndarray, sigma: float) -> np.ndarray:
        return blur(image[None].astype(np.float64), sigma, np)[0]

    monkeypatch.setattr(blur_ig, "gaussian_blur", mirrored)
    theirs = _theirs("BlurIG", name, max_sigma=2.0, steps=400, grad_step=0.001, batch_size=1)
    agree(_ours(BlurIntegratedGradients(steps=400, max_sigma=2.0 / 8), name), theirs, 0.01)


def test_xrai(agree: Callable) -> None:
    """Given our segments and integrated gradients: the ranking, and what each region shows."""
    import saliency.core as peer

    from audit.backend import active
    from audit.engine.compiled import compiled
    from audit.methods.xrai import _black_and_white
    from tests.methods.explain import keys

    x, method = inputs("average"), Xrai(steps=10)
    net = network("average")
    base = _black_and_white(net, 10)
    summed = active().to_numpy(active().compile(base)(net.params, x, np.array(TARGETS, np.int32), keys(3)))
    settings = peer.XRAIParameters()
    settings.experimental_params["min_pixel_diff"] = 1
    settings.algorithm = "full"
    theirs = [
        peer.XRAI().GetMask(
            image,
            None,
            segments=list(method.regions(image).reshape(-1, *image.shape[:2])),
            base_attribution=own,
            extra_parameters=settings,
        )
        for image, own in zip(x, summed.astype(np.float64), strict=True)
    ]
    ours = compiled(method, net)(net.params, x, np.array(TARGETS, np.int32), keys(3))
    agree(ours[..., 0], np.stack(theirs), ROUNDING)


@pytest.mark.parametrize("name", IMAGES)
def test_occlusion(name: str, agree: Callable) -> None:
    """Theirs adds up over the patches that cover a pixel, ours takes their mean."""
    size = 3
    shape = LAYERS[name]()[0].shape[1:3]
    covered = np.zeros(shape)
    for row in range(shape[0] - size + 1):
        for column in range(shape[1] - size + 1):
            covered[row : row + size, column : column + size] += 1
    ours = _ours(Occlusion(patch=size, stride=1, baseline=0.25, output="logit"), name)[..., 0]
    agree(ours, _theirs("Occlusion", name, size=size, value=0.25)[..., 0] / covered, ROUNDING)


@pytest.mark.parametrize("name", RECTIFIED)
def test_grad_cam(name: str, agree: Callable) -> None:
    """Before resizing: theirs scales to 1 first, and resizes with scikit-image."""
    from audit.methods.shared.activation import resize

    small = _theirs("GradCam", name, should_resize=False, three_dims=False)
    size = tuple(inputs(name).shape[1:3])
    agree(_ours(GradCam(layer="last"), name), np.asarray(resize(small[..., None], size)), ROUNDING)


@pytest.mark.parametrize(("ours", "magnitude"), [(SmoothGrad, False), (SmoothGradSquared, True)])
@pytest.mark.parametrize("name", ["maximum", "strided"])
def test_smoothgrad(ours: Any, magnitude: bool, name: str, agree_in_the_mean: Callable) -> None:
    """Other draws of the same noise: 40 maps of 10 copies each have one mean. Their default is the squared one."""
    import saliency.core as peer

    method, call, x = peer.GradientSaliency(), _told(name), inputs(name)[0]
    np.random.seed(0)  # noqa: NPY002  (theirs draws from NumPy's global generator)
    settings = {"stdev_spread": 0.15, "nsamples": 10, "magnitude": magnitude}
    theirs = [method.GetSmoothedMask(x, call, 0, **settings) for _ in range(40)]
    net = network(name)
    agree_in_the_mean(explain(net, ours(samples=10, noise=0.15), np.stack([x] * 40), 0), theirs)
