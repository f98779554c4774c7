"""The derivative where frameworks differ, or go by the order of storage: the same on both backends, and symmetric."""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from audit.methods.gradient import Gradient
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.lrp import Lrp
from audit.network.kinks import chooses
from audit.network.loading.from_model import from_model
from audit.network.network import Network, graph_of
from tests import networks
from tests.methods.explain import explain

L, ops = keras.layers, keras.ops
POINTS = np.array([[-3.0, -1.0, 0.0, 0.5, 3.0, 6.0]], np.float32)


def _summed(function: Callable, shape: tuple[int, ...]) -> Network:
    """The sum of a function's outputs."""
    inputs = keras.Input(shape)
    dense = L.Dense(1, use_bias=False, kernel_initializer="ones")
    return from_model(keras.Model(inputs, dense(L.Flatten()(function(inputs)))))


@pytest.mark.parametrize(
    ("function", "slopes"),
    [
        (ops.relu, [0, 0, 0, 1, 1, 1]),
        (ops.relu6, [0, 0, 0, 1, 1, 0]),
        (ops.leaky_relu, [0.2, 0.2, 0.2, 1, 1, 1]),
        (L.LeakyReLU(negative_slope=0.3), [0.3, 0.3, 0.3, 1, 1, 1]),
        (L.ReLU(negative_slope=0.1, max_value=3.0), [0.1, 0.1, 0.1, 1, 0, 0]),
        (L.PReLU(alpha_initializer=keras.initializers.Constant(0.3)), [0.3, 0.3, 0.3, 1, 1, 1]),
        (L.Activation("leaky_relu"), [0.2, 0.2, 0.2, 1, 1, 1]),
        (ops.celu, [0.0498, 0.3679, 1, 1, 1, 1]),
        (L.Activation("selu"), [0.0875, 0.6468, 1.7581, 1.0507, 1.0507, 1.0507]),
        (lambda x: ops.maximum(x, 0.0), [0, 0, 0, 1, 1, 1]),
        (lambda x: ops.maximum(0.0, x), [0, 0, 0, 1, 1, 1]),
        (lambda x: ops.clip(x, 0.0, 6.0), [0, 0, 0, 1, 1, 0]),
        (lambda x: ops.clip(x, -1.0, 3.0), [0, 0, 1, 1, 0, 0]),
        (lambda x: ops.minimum(x, 3.0), [1, 1, 1, 1, 0, 0]),
        (ops.abs, [-1, -1, 0, 1, 1, 1]),
    ],
)
def test_at_its_kink_a_function_has_the_derivative_of_one_side(function: Callable, slopes: list[float]) -> None:
    found = explain(_summed(function, (6,)), Gradient(), POINTS, 0)
    np.testing.assert_allclose(found[0], slopes, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "function"),
    [
        ((4, 4, 1), L.MaxPooling2D(2)),
        ((4, 4, 1), lambda x: ops.max_pool(x, (2, 2), (2, 2))),
        ((4, 4, 1), L.AdaptiveMaxPooling2D((2, 2))),
        ((4, 4, 1), L.GlobalMaxPooling2D()),
        ((4, 4, 1), lambda x: ops.max(x, axis=(1, 2))),
        ((4, 4, 1), lambda x: ops.min(x, axis=(1, 2))),
        ((6, 1), L.MaxPooling1D(3)),
        ((2, 4, 2, 1), L.MaxPooling3D(2)),
    ],
)
@pytest.mark.parametrize("offset", [0.0, 1e-8])
def test_equal_entries_share_a_derivative_equally(shape: tuple[int, ...], function: Callable, offset: float) -> None:
    x = np.full((1, *shape), 0.7, np.float32)
    x[0, 0] += np.float32(offset * 8)  # in the last bit, as a convolution of a constant image has it
    found = explain(_summed(function, shape), Gradient(), x, 0)
    assert np.ptp(found) < 1e-6 and found.min() > 0


@pytest.mark.parametrize(("function", "slope"), [(L.Maximum(), 0.5), (L.Minimum(), 2.0)])
def test_inputs_that_are_equal_share_a_derivative_equally(function: keras.Layer, slope: float) -> None:
    """At 0 the largest of 3x, x + 2 and 2 is the second or the third; the smallest of 3x, x and 2, one of the first."""
    last = 2.0 if isinstance(function, L.Maximum) else 0.0
    network = _summed(lambda x: function([3 * x, x + last, 2 - 0 * x]), (1,))
    np.testing.assert_allclose(explain(network, Gradient(), [[0.0]], 0), [[slope]], atol=1e-6)


def test_one_function_written_in_two_ways_has_one_map_where_entries_are_equal() -> None:
    """A maximum over the whole image, as a pooling layer, as a global one and as an operation."""
    x = np.random.default_rng(0).integers(0, 2, (4, 6, 6, 2)).astype(np.float32)
    ways = (L.MaxPooling2D(6), L.GlobalMaxPooling2D(), lambda value: ops.max(value, axis=(1, 2)))
    for method in (Gradient(), GuidedBackprop(), Lrp()):
        maps = []
        for way in ways:
            inputs = keras.Input((6, 6, 2))
            hidden = L.Conv2D(4, 3, padding="same", activation="relu")(inputs)
            model = networks.fill(keras.Model(inputs, L.Dense(2)(L.Flatten()(way(hidden)))), 1)
            maps.append(explain(from_model(model), method, x, 1))
        for other in maps[1:]:
            np.testing.assert_allclose(other, maps[0], atol=1e-5 * abs(maps[0]).max())


def test_a_layer_of_another_package_keeps_its_own_derivative() -> None:
    class MaxPooling2D(keras.layers.MaxPooling2D):
        """Code that is not Keras's may compute anything."""

    x = np.ones((1, 4, 4, 1), np.float32)
    found = explain(_summed(MaxPooling2D(2), (4, 4, 1)), Gradient(), x, 0)
    assert found.max() == 1.0


def test_what_chooses_among_entries_is_known() -> None:
    inputs = keras.Input((4, 4, 1))
    pooled = L.MaxPooling2D(2)(ops.maximum(L.Conv2D(2, 1)(inputs), 0.0))
    network = from_model(keras.Model(inputs, L.Dense(1)(L.Flatten()(L.AveragePooling2D(2)(pooled)))))
    assert [node.kind for node in graph_of(network) if chooses(node)] == ["MaxPooling2D"]
