"""The first layer's bias takes a shift of the input back: outputs, and the published table of who notices."""

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.gradient import Gradient
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.integrated_gradients import IntegratedGradients
from audit.methods.smoothgrad import SmoothGrad
from audit.network.loading.load import from_model
from audit.network.variants import shift
from audit.record import Explained
from tests import networks
from tests.methods.explain import fitted, keys, logits, tensor

KINDS = ("constant", "checkerboard")
LAYERS = keras.layers


def explained(network, count=4):
    x = np.random.default_rng(1).random((count, *network.input_shape), np.float32)
    targets = np.arange(count, dtype=np.int32) % network.classes
    return Explained(inputs=x, ids=[str(row) for row in range(count)], targets=targets)


def shifted(network, kind="constant", *, moved=False, level=-1.0):
    given = explained(network)
    return given, getattr(shift, f"{kind}_with_origin" if moved else kind)(network, given, level, 0)


def maps(method, network, given):
    """Run eagerly: nothing to compile for one call of a tiny network."""
    x, targets, drawn = tensor(given.inputs), tensor(given.targets), tensor(keys(len(given.inputs)))
    params = dict(fitted(method, network, network.params, given.inputs))
    return keras.ops.convert_to_numpy(method.attribute(network)(params, x, targets, drawn))


def padded():
    """The input feeds a convolution with zero padding and no bias, one with strides, and a sum with itself."""
    point = keras.Input((4, 4, 2))
    one = LAYERS.Conv2D(2, 3, padding="same", use_bias=False, name="one")(point)
    skip = LAYERS.Add()([point, one])
    two = LAYERS.Flatten()(LAYERS.Conv2D(3, 2, strides=2, activation="relu", name="two")(point))
    three = LAYERS.Flatten()(LAYERS.Conv2D(2, 3, activation="relu", name="three")(skip))
    output = LAYERS.Dense(3, name="logits")(LAYERS.Concatenate()([two, three]))
    return from_model(networks.fill(keras.Model(point, output), 0))


def preprocessed():
    """What often stands before the first weights: constants, normalisation, padding."""
    point = keras.Input((4, 4, 2))
    scaled = LAYERS.Rescaling(0.5, offset=-0.25)(point / 2.0 - 1.0)
    normal = LAYERS.ZeroPadding2D(1)(LAYERS.BatchNormalization(name="normalise")(scaled))
    first = LAYERS.DepthwiseConv2D(3, activation="tanh", name="first")(normal)
    output = LAYERS.Dense(3, name="logits")(LAYERS.Flatten()(first))
    return from_model(networks.fill(keras.Model(point, output), 0))


def called_twice():
    """The first layer is called again on its own output, where its bias must stay."""
    point, layer = keras.Input((4,)), LAYERS.Dense(4, activation="relu", name="shared")
    output = LAYERS.Dense(3, name="logits")(layer(layer(point)))
    return from_model(networks.fill(keras.Model(point, output), 0))


@pytest.mark.parametrize("build", [networks.mlp, padded, preprocessed, called_twice])
def test_the_shifted_network_computes_the_same_function(build):
    network = build()
    for kind in KINDS:
        given, variant = shifted(network, kind)
        assert variant.explained.ids == given.ids
        apart = np.abs(variant.explained.inputs - given.inputs)
        np.testing.assert_allclose(apart, given.inputs.max() - given.inputs.min(), rtol=1e-5)
        own = logits(network, given.inputs)
        np.testing.assert_allclose(logits(variant.network, variant.explained.inputs), own, rtol=1e-4, atol=1e-5)
        assert np.abs(logits(network, variant.explained.inputs) - own).max() > 1e-3  # the shift does matter


def test_a_layer_s_own_bias_takes_the_shift_where_one_per_channel_is_enough_and_one_per_unit_elsewhere():
    network = padded()
    _, variant = shifted(network)
    old, new, m = network.params, variant.network.params, variant.notes["shift"].flat[0]
    changed = {name for name in old if not np.array_equal(old[name], new[name])}
    assert changed == {"two/bias", "three/bias"}  # `three` sees the shift through the sum
    for name in ("two", "three"):
        expected = old[f"{name}/bias"] - m * old[f"{name}/kernel"].sum(axis=(0, 1, 2))
        np.testing.assert_allclose(new[f"{name}/bias"], expected, rtol=1e-4, atol=1e-6)
    added = {name: new[name] for name in new if name not in old}
    assert {name: value.shape for name, value in added.items()} == {"one/offset/bias": (4, 4, 2)}
    assert {stage.name: stage.variables for stage in variant.network.stages}["one"] == ("one/kernel", *added)


@pytest.mark.parametrize("kind", KINDS)
def test_the_published_table(kind):
    """Kindermans et al.: who is invariant, who is not, and by how much input times gradient differs."""
    network = networks.mlp()
    (given, fixed), (_, moved) = shifted(network, kind), shifted(network, kind, moved=True)

    def pair(method, variant):
        return maps(method, network, given), maps(method, variant.network, variant.explained)

    for method in (Gradient(), GuidedBackprop()):
        np.testing.assert_allclose(*pair(method, fixed), rtol=1e-6, atol=1e-7)
    own, other = pair(InputTimesGradient(), fixed)
    m = fixed.notes["shift"]
    np.testing.assert_allclose(other - own, m * maps(Gradient(), network, given), rtol=1e-4, atol=1e-6)
    own, other = pair(IntegratedGradients(steps=4), fixed)
    assert np.linalg.norm(own - other) > 0.5 * np.linalg.norm(own)
    np.testing.assert_allclose(*pair(IntegratedGradients(steps=4, baseline=0.3), moved), rtol=1e-4, atol=1e-5)


def test_smoothgrad_does_as_its_base_does():
    network = networks.mlp()
    given, variant = shifted(network)
    for base, equal in ((Gradient(), True), (InputTimesGradient(), False)):
        method = SmoothGrad(base=base, samples=2)
        own, other = maps(method, network, given), maps(method, variant.network, variant.explained)
        assert bool(np.linalg.norm(own - other) < 1e-3 * np.linalg.norm(own)) is equal


@pytest.mark.parametrize("first", [LAYERS.MaxPooling2D(), LAYERS.ReLU(), LAYERS.LayerNormalization()])
def test_what_is_not_affine_before_the_first_weights_is_refused_by_name(first):
    point = keras.Input((4, 4, 2))
    output = LAYERS.Dense(3)(LAYERS.Flatten()(first(point)))
    with pytest.raises(InputError, match=first.name) as caught:
        shifted(from_model(keras.Model(point, output)))
    assert caught.value.code == "M060"


def test_a_network_without_recorded_operations_is_refused():
    with pytest.raises(InputError, match="cannot record"):
        shifted(networks.subclassed())
