"""The smooth network: every kind of rectifier near its own, the same parameters, and a second derivative."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from audit.engine.compiled import pullback
from audit.errors import InputError, UnitError
from audit.methods.gradient import Gradient
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.method import MethodDefaults
from audit.network.loading.load import from_model
from audit.network.variants.smooth import softplus
from audit.record import Explained
from tests import networks
from tests.methods.explain import explain, keys, logits, tensor

NOTHING = Explained(inputs=np.zeros((0, 6), np.float32), ids=[], targets=np.zeros(0, np.int32))
POINTS = np.linspace(-8, 12, 41, dtype=np.float32)[:, None]

RECTIFIERS = {
    "layer": (keras.layers.ReLU(), lambda x: np.maximum(x, 0)),
    "capped": (keras.layers.ReLU(max_value=3.0, negative_slope=0.5), lambda x: np.clip(x, 0.5 * np.minimum(x, 0), 3)),
    "six": (keras.layers.Activation("relu6"), lambda x: np.clip(x, 0, 6)),
    "leaky": (keras.layers.LeakyReLU(negative_slope=0.25), lambda x: np.where(x > 0, x, 0.25 * x)),
    "leaky_activation": (keras.layers.Activation("leaky_relu"), lambda x: np.where(x > 0, x, 0.2 * x)),
    "parametric": (keras.layers.PReLU(), lambda x: np.where(x > 0, x, 0.3 * x)),
    "maximum": (lambda x: keras.ops.maximum(0.0, x), lambda x: np.maximum(x, 0)),
    "clip": (lambda x: keras.ops.clip(x, 0.0, 4.0), lambda x: np.clip(x, 0, 4)),
}


def smooth(network, sharpness):
    return softplus(network, NOTHING, sharpness, 0).network


@pytest.mark.parametrize("name", RECTIFIERS)
def test_every_rectifier_is_replaced_by_one_near_it(name):
    build, expected = RECTIFIERS[name]
    point = keras.Input((1,))
    model = keras.Model(point, build(keras.layers.Dense(1, name="dense")(point)))
    model.set_weights([np.full(each.shape, 0.3 if "alpha" in each.path else 0, np.float32) for each in model.weights])
    network = from_model(model)
    params = {key: np.ones_like(value) if "kernel" in key else value for key, value in network.params.items()}
    network = replace(network, params=params)
    np.testing.assert_allclose(logits(network, POINTS), expected(POINTS), atol=1e-5)
    made = smooth(network, 20.0)
    assert made.params is network.params
    off = np.abs(logits(made, POINTS) - expected(POINTS))
    assert off.max() <= np.log(2) / 20 + 1e-5 and off[POINTS == 0] > 0.01


def test_what_has_no_rectifier_stays_and_a_jump_or_hidden_code_is_refused():
    point = keras.Input((3,))
    network = from_model(keras.Model(point, keras.layers.Dense(2, activation="tanh")(point)))
    x = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    np.testing.assert_array_equal(logits(smooth(network, 1.0), x), logits(network, x))
    jumps = keras.layers.ReLU(threshold=1.0)(keras.layers.Dense(2)(point))
    with pytest.raises(InputError, match="threshold"):
        smooth(from_model(keras.Model(point, jumps)), 1.0)
    with pytest.raises(InputError):
        smooth(networks.subclassed(), 1.0)


def test_the_pullback_is_the_derivative_of_the_map():
    made = smooth(networks.mlp(), 3.0)
    generator = np.random.default_rng(1)
    x, cotangent = generator.standard_normal((2, 5, 6)).astype(np.float32)
    target, key, step = np.arange(5, dtype=np.int32) % 3, keys(5), 1e-2
    found = np.asarray(pullback(Gradient(), made)(dict(made.params), x, target, key, cotangent))
    for entry in range(6):
        moved = np.eye(6, dtype=np.float32)[entry] * step
        ends = [explain(made, Gradient(), x + sign * moved, target).astype(np.float64) for sign in (1, -1)]
        expected = ((ends[0] - ends[1]) * cotangent).sum(axis=1) / (2 * step)
        np.testing.assert_allclose(found[:, entry], expected, atol=2e-3)
    assert np.abs(found).max() > 0.05
    kinked = networks.mlp()
    flat = np.asarray(pullback(Gradient(), kinked)(dict(kinked.params), x, target, key, cotangent))
    np.testing.assert_array_equal(flat, 0)  # why the smooth network is needed


def test_methods_that_live_on_rectifiers_do_not_apply_and_code_as_it_is_has_no_derivative():
    with pytest.raises(InputError, match="no ReLU"):
        pullback(GuidedBackprop(), smooth(networks.mlp(), 3.0))

    class AsItIs:
        compiled = False

    with pytest.raises(UnitError, match="not compiled"):
        pullback(AsItIs(), networks.mlp())


def test_what_the_backend_cannot_differentiate_is_said_so():
    class Undifferentiable(MethodDefaults):
        needs = "apply"

        def attribute(self, network):
            def maps(params, x, target, key):
                raise NotImplementedError("no rule")

            return maps

    network = networks.mlp()
    with pytest.raises(UnitError, match="cannot be differentiated"):
        pullback(Undifferentiable(), network)(
            dict(network.params), tensor(np.zeros((1, 6), np.float32)), np.zeros(1, np.int32), keys(1), np.zeros((1, 6))
        )
