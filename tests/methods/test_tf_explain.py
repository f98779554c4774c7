"""tf-explain on the bench: it sees the parameters under test, and equals ours where the definition is the same."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.gradient import Gradient
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.tf_explain import TfExplain
from audit.record import Original
from tests import networks
from tests.methods.their_code import (
    STAGE,
    TENSORFLOW,
    bench_of,
    cells_of_noise,
    sees_the_redrawn_weights_and_repeats_itself,
)

THEIRS = {
    **{name: TfExplain(method=name) for name in ("vanilla_gradients", "gradients_inputs", "integrated_gradients")},
    "smoothgrad": TfExplain(method="smoothgrad", noise=0.1),
    "grad_cam": TfExplain(method="grad_cam"),
    "occlusion": TfExplain(method="occlusion_sensitivity"),
}
OURS = {"gradient": Gradient(), "product": InputTimesGradient()}


@pytest.fixture(scope="module")
def bench():
    return bench_of({**THEIRS, **OURS})


@pytest.mark.parametrize(
    ("method", "cells"),
    [
        (TfExplain(method="grad_cam"), 2),
        (TfExplain(method="grad_cam", layer="convolution"), 8),
        (TfExplain(method="occlusion_sensitivity", patch=4), 2),
    ],
)
def test_noise_is_as_coarse_as_their_maps(method, cells):
    assert cells_of_noise(method) == cells


if TENSORFLOW:

    @pytest.mark.parametrize("name", THEIRS)
    def test_their_code_sees_the_randomised_weights_and_repeats_itself(bench, name):
        assert sees_the_redrawn_weights_and_repeats_itself(bench, name)

    @pytest.mark.peer
    @pytest.mark.parametrize(("theirs", "ours"), [("vanilla_gradients", "gradient"), ("gradients_inputs", "product")])
    def test_where_the_definition_is_the_same_so_are_the_maps(bench, theirs, ours):
        for condition in (Original(), STAGE):
            np.testing.assert_allclose(bench.maps(theirs, condition), bench.maps(ours, condition), rtol=1e-4, atol=1e-6)

else:

    def test_a_library_of_tensorflow_is_refused_elsewhere():
        with pytest.raises(InputError, match="needs the TensorFlow backend"):
            TfExplain(method="grad_cam").attribute(networks.cnn())
