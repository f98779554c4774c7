"""Other people's code on the bench: it sees the parameters under test, and is held to its shape and its trust."""

import sys
import types

import keras
import numpy as np
import pytest

from audit.engine.bench import Explained, NetworkBench
from audit.errors import InputError, UnitError
from audit.methods.grad_cam import GradCam
from audit.methods.grad_cam_plus_plus import GradCamPlusPlus
from audit.methods.gradient import Gradient
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.integrated_gradients import IntegratedGradients
from audit.methods.python import Python
from audit.methods.smoothgrad import SmoothGrad
from audit.methods.tf_explain import TfExplain
from audit.methods.tf_keras_vis import TfKerasVis
from audit.network.loading.load import from_model
from audit.record import Original, Randomized, Rekeyed
from tests import networks

TENSORFLOW = keras.backend.backend() == "tensorflow"
COUNT = 3
STAGE = Randomized(mode="cascading", stage=1, seed=0)
THEIRS = {
    **{name: TfExplain(method=name) for name in ("vanilla_gradients", "gradients_inputs", "integrated_gradients")},
    "smoothgrad": TfExplain(method="smoothgrad", noise=0.1),
    "grad_cam": TfExplain(method="grad_cam"),
    "occlusion": TfExplain(method="occlusion_sensitivity"),
    "vis_saliency": TfKerasVis(method="saliency"),
    "vis_smoothgrad": TfKerasVis(method="smoothgrad", samples=3),
    **{f"vis_{name}": TfKerasVis(method=name) for name in ("grad_cam", "grad_cam_plus_plus", "layer_cam", "score_cam")},
}
OURS = {"gradient": Gradient(), "product": InputTimesGradient(), "local": IntegratedGradients(multiply_by_input=False)}


def norm(model, x, target):
    """What a user might write: the size of each weight of the last layer of the model that was handed over."""
    last = keras.ops.convert_to_numpy(model.weights[-2])
    return np.full(x.shape, float(np.abs(last[:, target]).sum()))


def first_pixel(model, x, target):
    return np.zeros((1, 2, 2))


def complex_numbers(model, x, target):
    return x * 1j


class Refilled:
    """A function that hands out the same array at each call, filled anew."""

    def __init__(self):
        self.array = np.empty((8, 8, 1), np.float32)

    def __call__(self, model, x, target):
        self.array[:] = x[0]
        return self.array


@pytest.fixture(scope="module")
def module():
    """The user's functions as an importable module."""
    made = types.ModuleType("their_module")
    made.norm, made.first_pixel, made.complex_numbers, made.refilled = norm, first_pixel, complex_numbers, Refilled()
    sys.modules["their_module"] = made
    yield "their_module"
    del sys.modules["their_module"]


def same_size(filters):
    """Return a network whose last convolution gives images of the input's size, with positive weights above it."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(filters, 3, padding="same", activation="relu", name="convolution"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, kernel_initializer="ones", name="logits"),
        ]
    )
    keras.utils.set_random_seed(1)
    model.layers[0].set_weights([np.random.default_rng(1).random((3, 3, 1, filters)) - 0.3, np.zeros(filters)])
    return from_model(model)


def bench_of(methods, network=None):
    x = np.random.default_rng(0).random((COUNT, 8, 8, 1), np.float32)
    explained = Explained(inputs=x, ids=["a", "b", "c"], targets=np.array([0, 2, 1], np.int32))
    return NetworkBench(network or networks.cnn(), methods, explained, seed=0, batch=2)


def test_a_users_function_sees_the_parameters_under_test(module):
    bench = bench_of({"theirs": Python(function=f"{module}:norm")})
    for condition in (Original(), STAGE, Original()):
        kernel = bench.params(condition)["logits/kernel"]
        expected = np.abs(kernel).sum(axis=0)[bench.explained.targets]
        found = bench.explain("theirs", bench.explained, params=bench.params(condition))
        np.testing.assert_allclose(found[:, 0, 0, 0], expected, rtol=1e-5)
        np.testing.assert_array_equal(bench.maps("theirs", condition), found)


def test_an_attribution_of_another_shape_is_refused(module):
    with pytest.raises(UnitError, match="another shape"):
        bench_of({"theirs": Python(function=f"{module}:first_pixel")}).maps("theirs", Original())


def test_complex_numbers_are_refused(module):
    with pytest.raises(UnitError, match="real numbers"):
        bench_of({"theirs": Python(function=f"{module}:complex_numbers")}).maps("theirs", Original())


def test_an_array_that_is_filled_anew_at_each_call_is_a_map_for_each_input(module):
    bench = bench_of({"theirs": Python(function=f"{module}:refilled")})
    np.testing.assert_array_equal(bench.maps("theirs", Original()), bench.explained.inputs)


def test_what_cannot_be_imported_is_named(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "a_script.py").write_text("raise SystemExit(0)")
    for module in ("no_such_module", "a_script"):
        with pytest.raises(InputError, match=f"{module}:f` cannot be imported"):
            Python(function=f"{module}:f").attribute(networks.mlp())


@pytest.mark.parametrize(
    ("method", "cells"),
    [
        (TfExplain(method="grad_cam"), 2),
        (TfExplain(method="grad_cam", layer="convolution"), 8),
        (TfExplain(method="occlusion_sensitivity", patch=4), 2),
        *((TfKerasVis(method=name), 2) for name in ("grad_cam", "grad_cam_plus_plus", "layer_cam", "score_cam")),
    ],
)
def test_noise_is_as_coarse_as_their_maps(method, cells):
    layers = keras.layers
    point = keras.Input((8, 8, 1))
    pooled = layers.MaxPooling2D(4)(layers.Conv2D(2, 3, padding="same", activation="relu", name="convolution")(point))
    network = from_model(keras.Model(point, layers.Dense(3)(layers.Flatten()(pooled))))
    noise = method.noise_map(network, np.zeros((8, 8, 1), np.float32), np.random.default_rng(21))  # none cut off at 0
    assert noise.shape == (8, 8, 1) and np.linalg.matrix_rank(noise[..., 0], tol=1e-4) == cells


@pytest.fixture(scope="module")
def bench():
    return bench_of({**THEIRS, **OURS})


if TENSORFLOW:

    @pytest.mark.parametrize("name", THEIRS)
    def test_their_code_sees_the_randomised_weights_and_repeats_itself(bench, name):
        trained = bench.maps(name, Original())
        assert trained.shape[:3] == (COUNT, 8, 8) and np.isfinite(trained).all()
        again = bench.explain(name, bench.explained)
        np.testing.assert_array_equal(again, trained)
        redrawn = bench.maps(name, Randomized(mode="cascading", stage=3, seed=0))
        assert not np.allclose(redrawn, trained)
        np.testing.assert_array_equal(bench.explain(name, bench.explained), trained)

    @pytest.mark.peer
    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [("vanilla_gradients", "gradient"), ("gradients_inputs", "product"), ("vis_saliency", "gradient")],
    )
    def test_where_the_definition_is_the_same_so_are_the_maps(bench, theirs, ours):
        for condition in (Original(), STAGE):
            np.testing.assert_allclose(bench.maps(theirs, condition), bench.maps(ours, condition), rtol=1e-4, atol=1e-6)

    @pytest.mark.peer
    def test_activation_maps_agree_where_nothing_is_resized():
        """Grad-CAM exactly; Grad-CAM++ up to a factor for each channel, since they divide its alphas by their sum."""
        methods = {
            "vis_grad_cam": THEIRS["vis_grad_cam"],
            "grad_cam": GradCam(),
            "vis_plus_plus": THEIRS["vis_grad_cam_plus_plus"],
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

    @pytest.mark.parametrize("method", [TfExplain(method="grad_cam"), TfKerasVis(method="saliency")])
    def test_libraries_of_tensorflow_are_refused_elsewhere(method):
        with pytest.raises(InputError, match="computes with TensorFlow"):
            method.attribute(networks.cnn())
