"""tf-keras-vis on the bench: it sees the parameters under test, and agrees with ours where it can."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.grad_cam import GradCam
from audit.methods.grad_cam_plus_plus import GradCamPlusPlus
from audit.methods.gradient import Gradient
from audit.methods.smoothgrad import SmoothGrad
from audit.methods.tf_keras_vis import TfKerasVis
from audit.record import Original, Rekeyed
from tests import networks
from tests.methods.their_code import (
    COUNT,
    STAGE,
    TENSORFLOW,
    bench_of,
    cells_of_noise,
    same_size,
    sees_the_redrawn_weights_and_repeats_itself,
)

ACTIVATION = ("grad_cam", "grad_cam_plus_plus", "layer_cam", "score_cam")
THEIRS = {
    "saliency": TfKerasVis(method="saliency"),
    "smoothgrad": TfKerasVis(method="smoothgrad", samples=3),
    **{name: TfKerasVis(method=name) for name in ACTIVATION},
}


@pytest.fixture(scope="module")
def bench():
    return bench_of({**THEIRS, "gradient": Gradient()})


@pytest.mark.parametrize("name", ACTIVATION)
def test_noise_is_as_coarse_as_their_maps(name):
    assert cells_of_noise(THEIRS[name]) == 2


if TENSORFLOW:

    @pytest.mark.parametrize("name", THEIRS)
    def test_their_code_sees_the_randomised_weights_and_repeats_itself(bench, name):
        assert sees_the_redrawn_weights_and_repeats_itself(bench, name)

    @pytest.mark.peer
    def test_their_saliency_is_the_gradient(bench):
        for condition in (Original(), STAGE):
            theirs, ours = bench.maps("saliency", condition), bench.maps("gradient", condition)
            np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-6)

    @pytest.mark.peer
    def test_activation_maps_agree_where_nothing_is_resized():
        """Grad-CAM exactly; Grad-CAM++ up to a factor for each channel, since they divide its alphas by their sum."""
        methods = {
            "vis_grad_cam": THEIRS["grad_cam"],
            "grad_cam": GradCam(),
            "vis_plus_plus": THEIRS["grad_cam_plus_plus"],
            "plus_plus": GradCamPlusPlus(),
        }
        several, single = (bench_of(methods, same_size(filters)) for filters in (4, 1))
        np.testing.assert_allclose(
            several.maps("vis_grad_cam", Original()), several.maps("grad_cam", Original()), rtol=1e-4, atol=1e-6
        )
        theirs, ours = (single.maps(name, Original()).reshape(COUNT, -1) for name in ("vis_plus_plus", "plus_plus"))
        assert (ours.max(axis=1) > 0).any()
        for one, other in zip(theirs, ours, strict=True):
            factor = one.max() / max(float(other.max()), 1e-12)
            np.testing.assert_allclose(one, factor * other, rtol=1e-3, atol=1e-6)

    @pytest.mark.peer
    def test_smoothgrad_agrees_up_to_its_own_noise():
        """Other draws of the same noise: 60 copies of each correlate as two keys of ours do."""
        methods = {"theirs": TfKerasVis(method="smoothgrad", samples=60, noise=0.15), "ours": SmoothGrad(samples=60)}
        bench = bench_of(methods)
        theirs, ours, again = (
            bench.maps(*which).reshape(COUNT, -1)
            for which in (("theirs", Original()), ("ours", Original()), ("ours", Rekeyed(seed=1)))
        )
        for one, other, third in zip(theirs, ours, again, strict=True):
            assert np.corrcoef(one, other)[0, 1] > 0.95 and np.corrcoef(other, third)[0, 1] > 0.95

else:

    def test_a_library_of_tensorflow_is_refused_elsewhere():
        with pytest.raises(InputError, match="needs the TensorFlow backend"):
            TfKerasVis(method="saliency").attribute(networks.cnn())
