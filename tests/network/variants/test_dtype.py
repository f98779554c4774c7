"""A network in another precision really computes in it, and nothing else does."""

import keras
import numpy as np
import pytest

from audit.backend import active
from audit.engine.bench import BenchSettings, NetworkBench
from audit.errors import InputError
from audit.methods.grad_cam import GradCam
from audit.methods.gradient import Gradient
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.integrated_gradients import IntegratedGradients
from audit.methods.method import method_value
from audit.network.loading.load import from_model
from audit.network.network import call
from audit.network.variants import dtype
from audit.record import Explained, Original
from audit.registry import find
from tests import networks
from tests.network.adapted import ALL_KEPT, layers_of, model_of, numbers
from tests.network.variants.test_shift import explained, maps

LAYERS = keras.layers
METHODS = {
    "grad_cam": GradCam(),
    "path": IntegratedGradients(steps=2),
    **{name: find("methods", name)() for name in ("full_grad", "score_cam", "guided_grad_cam")},
}


def bench_of(network, given, methods):
    return NetworkBench(network, methods, given, BenchSettings(seed=0, batch=len(given.inputs)))


def vanishing():
    """f(x) = x ((x + 1) - 1): what float32 loses of x, float64 keeps, in the value and in its derivative."""
    point = keras.Input((1,))
    up, down = LAYERS.Dense(1, name="up"), LAYERS.Dense(1, name="down")
    product = LAYERS.Multiply()([point, down(up(point))])
    model = keras.Model(point, LAYERS.Dense(1, use_bias=False, name="logit")(product))
    model.set_weights([np.array(each, np.float32) for each in ([[1]], [1], [[1]], [-1], [[1]])])
    return from_model(model)


def test_float64_keeps_what_float32_cannot_hold_forwards_and_backwards():
    network = vanishing()
    x = np.array([[1e-10]], np.float32)
    given = Explained(inputs=x, ids=["a"], targets=np.zeros(1, np.int32))
    bench = bench_of(network, given, {"gradient": Gradient()})
    wide = bench.variant("float64").network
    assert bench.outputs(x)[0, 0] == 0.0
    np.testing.assert_allclose(bench.outputs(x, network=wide), x**2, rtol=1e-5)
    np.testing.assert_allclose(bench.maps("gradient", Original()), x, rtol=1e-5)  # of the two terms, x alone is left
    np.testing.assert_allclose(bench.explain("gradient", given, network=wide), 2 * x, rtol=1e-5)
    # Nothing of it is left behind in this process.
    assert keras.backend.floatx() == "float32" and bench.outputs(x)[0, 0] == 0.0
    assert "float32" in str(keras.ops.convert_to_tensor(np.ones(2, np.float32)).dtype)
    narrow = active().compile(lambda value: value + 1.0)(np.ones(2))
    assert active().to_numpy(narrow).dtype == np.float32


def small():
    """An image through a convolution, a rectifier and a normalisation."""
    layers = [LAYERS.Conv2D(2, 2, activation="relu", name="first"), LAYERS.BatchNormalization(name="normalise")]
    layers += [LAYERS.Flatten(), LAYERS.Dense(2, name="logits")]
    return from_model(networks.fill(keras.Sequential([keras.Input((3, 3, 1)), *layers]), 0))


def test_methods_of_every_kind_run_in_both_precisions():
    network = small()
    given = explained(network)
    bench = bench_of(network, given, METHODS)
    wide, narrow = bench.variant("float64").network, bench.variant("bfloat16").network
    for name in METHODS:
        own, other = bench.maps(name, Original()), bench.explain(name, given, network=wide)
        assert other.dtype == np.float32
        np.testing.assert_allclose(own, other, rtol=1e-3, atol=1e-5)
    with active().computing("float64"):  # and one that walks the operations backwards
        np.testing.assert_allclose(
            maps(GuidedBackprop(), network, given), maps(GuidedBackprop(), wide, given), rtol=1e-3
        )
    own, other = bench.outputs(given.inputs), bench.outputs(given.inputs, network=narrow)
    assert 1e-4 < np.abs(own - other).max() / np.abs(own).max() < 0.1  # bits are lost, and not the value
    assert wide.precision == "float64" and narrow.precision == "bfloat16"
    assert [stage.name for stage in wide.stages] == [stage.name for stage in network.stages]
    assert all(np.array_equal(wide.params[name], network.params[name]) for name in network.params)


def of_many_operations():
    """An image through operations of every role that a backward rule knows."""
    point = keras.Input((4, 4, 2))
    scaled = LAYERS.ZeroPadding2D(1)(LAYERS.BatchNormalization(name="prepare")(point / 2.0))
    first = LAYERS.Conv2D(4, 3, padding="same", activation="relu", name="first")(scaled)
    pooled = LAYERS.AveragePooling2D(2)(LAYERS.BatchNormalization(name="alone")(LAYERS.MaxPooling2D(2)(first)))
    normal = LAYERS.LayerNormalization(name="layer")(
        LAYERS.Flatten()(
            first * LAYERS.SeparableConv2D(4, 3, padding="same", activation="sigmoid", name="second")(first)
        )
    )
    both = LAYERS.Concatenate()([normal, LAYERS.Flatten()(LAYERS.DepthwiseConv2D(1, name="third")(pooled))])
    return from_model(networks.fill(keras.Model(point, LAYERS.Dense(3, name="logits")(both)), 3))


RULES = (
    *({"lrp": {"composite": composite}} for composite in ("epsilon", "gamma", "alpha_beta", "epsilon_plus_flat")),
    {"lrp": {"composite": "epsilon_gamma_box", "low": 0.0, "high": 1.0}},
    *("deep_taylor", "deep_lift", {"deep_lift": {"activations": "reveal_cancel"}}, "pattern_attribution"),
)


@pytest.mark.parametrize("method", RULES, ids=str)
def test_methods_that_walk_back_by_rules_hand_relevance_through_casts(method):
    network = of_many_operations()
    given, walk = explained(network), method_value(method)
    with active().computing("float64"):
        wide = dtype.cast(network, "float64")
        assert [node.kind for node in wide.graph].count("Cast") == 2
        own, other = (maps(walk, each, given) for each in (network, wide))
    assert other.dtype == np.float32
    np.testing.assert_allclose(own, other, rtol=0, atol=1e-4 * np.abs(other).max())


class InFloat32(LAYERS.Layer):
    """A layer that computes in float32 whatever it is given."""

    def call(self, inputs):
        return keras.ops.cast(inputs, "float32") * 2.0


class Unwritten(LAYERS.Layer):
    """A layer whose configuration does not say how to build it."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor


@pytest.mark.parametrize("layer, code", [(InFloat32(), "M066"), (Unwritten(2.0), "M065")])
def test_a_layer_that_cannot_follow_is_refused_and_not_computed_in_float32(layer, code):
    point = keras.Input((3,))
    network = from_model(networks.fill(keras.Model(point, LAYERS.Dense(2)(layer(point))), 0))
    with pytest.raises(InputError) as caught:
        dtype.cast(network, "float64")
    assert caught.value.code == code


def test_a_network_without_recorded_operations_is_refused():
    with pytest.raises(InputError, match="cannot record"):
        dtype.cast(networks.subclassed(), "float64")


@pytest.mark.parametrize("name", ALL_KEPT)
def test_layers_built_in_another_precision_hold_what_was_adapted(name):
    network = from_model(model_of(layers_of(name), "nested"))
    try:
        wide = dtype.cast(network, "float64")
    except InputError as refused:  # layers that round to float32 inside, or take no such inputs
        assert refused.code in ("M065", "M066")
        return
    x = numbers(8)
    logits = keras.ops.convert_to_numpy(network.apply(network.params, x))
    with active().computing("float64"):
        found = keras.ops.convert_to_numpy(wide.apply(wide.params, x))
    np.testing.assert_allclose(found, logits, rtol=1e-4, atol=1e-5)


class InFloat32(LAYERS.Layer):
    """Takes float64 and hands on float64, and computes in float32 within."""

    def call(self, inputs):
        return keras.ops.cast(keras.ops.cast(inputs, "float32") * 3.0, inputs.dtype)


def through(*layers):
    return from_model(
        networks.fill(keras.Sequential([keras.Input((6,)), LAYERS.Dense(5), *layers, LAYERS.Dense(2)]), 0)
    )


def test_what_computes_in_float32_within_is_found_before_a_kink_and_harmless_behind_it():
    with pytest.raises(InputError) as raised:
        dtype.wide(through(InFloat32(name="narrow"), LAYERS.ReLU()))
    assert raised.value.code == "M067" and "narrow" in raised.value.what
    assert dtype.wide(through(LAYERS.BatchNormalization(), LAYERS.ReLU())).precision == "float64"
    means = [LAYERS.ReLU(), LAYERS.Reshape((5, 1)), LAYERS.GlobalAveragePooling1D()]
    assert dtype.wide(through(*means)).precision == "float64"


def test_a_normalisation_in_float64_is_exact_on_every_backend():
    network = through(LAYERS.BatchNormalization(name="normalise"))
    wide = dtype.cast(network, "float64")
    node = next(each for each in wide.graph if each.layer == "normalise")
    x = np.random.default_rng(0).random((4, 5))
    gamma, beta, mean, variance = (np.asarray(network.params[name], np.float64) for name in node.variables)
    with active().computing("float64"):
        given = keras.ops.convert_to_tensor(x, "float64")
        found = active().to_numpy(call(node, active().to_device(dict(wide.params), "float64"), (given,)))
    np.testing.assert_allclose(found, (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta, rtol=1e-13, atol=1e-14)


def test_the_parameters_of_a_rewritten_network_are_not_rounded_in_float64():
    network = small()
    given = explained(network)
    bench = bench_of(network, given, {"gradient": Gradient()})
    split = bench.variant("linear_split", precision="float64")
    name = next(each for each in split.network.params if each.endswith("second_half/kernel"))
    value = split.network.params[name]
    reflection = value.reshape(value.shape[-2:])
    np.testing.assert_allclose(reflection @ reflection, np.eye(len(reflection)), atol=1e-15)
    assert bench.variant("linear_split").network.params[name].dtype == np.float32
