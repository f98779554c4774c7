from collections.abc import Callable

import keras
import numpy as np
import pytest

from audit.backend import active
from audit.methods.deep_lift import DeepLift
from audit.methods.lrp import Lrp
from audit.network import winners
from audit.network.loading.from_model import from_model
from audit.network.network import Network, graph_of
from tests import networks
from tests.methods.explain import explain

L = keras.layers


def _of(shape: tuple[int, ...], layer: Callable) -> Network:
    """A maximum between two layers, so that its inputs are not the network's."""
    inputs = keras.Input(shape)
    inner = L.Dense(3)(inputs)
    return from_model(networks.fill(keras.Model(inputs, L.Dense(2)(L.Flatten()(layer(inner)))), 3))


POOLS = [
    ((7,), lambda value: L.Maximum()([value, -value, value * 0.5])),
    ((7, 2), L.MaxPooling1D(3, strides=2)),
    ((7, 2), L.MaxPooling1D(3, strides=2, padding="same")),
    ((7, 6, 2), L.MaxPooling2D((3, 2), strides=(1, 2))),
    ((7, 6, 2), L.MaxPooling2D(4, strides=3, padding="same")),
    ((5, 4, 5, 1), L.MaxPooling3D(2, padding="same")),
    ((7, 6, 2), L.GlobalMaxPooling2D(keepdims=True)),
    ((7, 2), L.GlobalMaxPooling1D()),
    ((7, 6, 2), L.AdaptiveMaxPooling2D((3, 4))),
    ((7, 6, 2), lambda value: keras.ops.max(value, axis=(1, -1))),
    ((7, 6, 2), lambda value: keras.ops.max(value, axis=2, keepdims=True)),
    ((7, 6, 2), lambda value: keras.ops.max_pool(value, 2, 1, "same")),
]


@pytest.mark.parametrize(("shape", "layer"), POOLS)
def test_the_largest_candidate_is_what_the_operation_puts_out(shape: tuple[int, ...], layer: Callable) -> None:
    network = _of(shape, layer)
    node = next(node for node in graph_of(network) if "Max" in node.kind)
    count = 3 if node.kind == "Maximum" else 1
    values = [np.random.default_rng(k).normal(size=(2, *shape[:-1], 3)).astype(np.float32) for k in range(count)]
    windows = winners.windows_of(node, values[0].shape)
    candidates = windows.gather(*map(keras.ops.convert_to_tensor, values))
    expected = node.operation(values if node.kind == "Maximum" else values[0])
    found = active().to_numpy(winners.picked(candidates, windows)).ravel()
    np.testing.assert_array_equal(found, active().to_numpy(expected).ravel())
    shares = sum(map(active().to_numpy, winners.shares(candidates, windows)))
    np.testing.assert_allclose(shares.sum(axis=windows.axes) if windows.axes else shares, 1.0, atol=1e-6)


@pytest.mark.parametrize(("shape", "layer"), POOLS)
@pytest.mark.parametrize("activations", ["rescale", "reveal_cancel"])
def test_deep_lift_is_complete_at_a_constant_reference(
    shape: tuple[int, ...], layer: Callable, activations: str
) -> None:
    network = _of(shape, layer)
    x = np.random.default_rng(1).normal(size=(3, *shape)).astype(np.float32)
    logits = active().to_numpy(network.apply(network.params, np.concatenate([x, np.zeros_like(x)])))
    total = explain(network, DeepLift(activations=activations), x, [0, 1, 0]).reshape(3, -1).sum(axis=1)
    np.testing.assert_allclose(total, (logits[:3] - logits[3:])[range(3), [0, 1, 0]], rtol=1e-4, atol=1e-5)


def _one_window(weight: float) -> Network:
    inputs = keras.Input((4, 1, 1))
    pooled = L.MaxPooling2D((4, 1))(L.Conv2D(1, 1)(inputs))
    model = keras.Model(inputs, L.Dense(1, use_bias=False)(L.Flatten()(pooled)))
    model.set_weights([np.full((1, 1, 1, 1), weight), np.ones(1), np.ones((1, 1))])
    return from_model(model)


def test_of_winners_that_tie_in_the_reference_the_one_that_fell_least_gets_the_fall() -> None:
    x = np.array([0.06, 0.05, 0.04, 0.03], np.float32).reshape(1, 4, 1, 1)
    np.testing.assert_allclose(explain(_one_window(-1.0), DeepLift(), x, 0).ravel(), [0, 0, 0, -0.03], atol=1e-7)


@pytest.mark.parametrize(("method", "weight"), [(DeepLift(), -1.0), (DeepLift(), 1.0), (Lrp(), 1.0)])
def test_entries_that_are_equal_share_equally(method, weight: float) -> None:
    found = explain(_one_window(weight), method, np.full((1, 4, 1, 1), 0.2, np.float32), 0).ravel()
    assert np.ptp(found) <= 1e-7 and abs(found).max() > 0.01


def _mirrored(network_of: Callable[[int], keras.Model], axis: int) -> tuple[Network, Network]:
    """A network and its mirror image: every kernel is turned round along an axis of the image."""
    model, mirror = networks.fill(network_of(0), 5), network_of(1)
    mirror.set_weights([np.flip(w, axis) if w.ndim == 4 else w for w in model.get_weights()])
    return from_model(model), from_model(mirror)


def _pooling(number: int) -> keras.Model:
    inputs = keras.Input((9, 9, 1))
    first = L.MaxPooling2D(3, strides=2)(L.Conv2D(6, 3, padding="same", activation="relu")(inputs))
    second = L.MaxPooling2D(2)(L.Conv2D(6, 3, padding="same", activation="relu")(first))
    return keras.Model(inputs, L.Dense(3)(L.GlobalMaxPooling2D()(second)))


@pytest.mark.parametrize("method", [DeepLift(), DeepLift(activations="reveal_cancel"), Lrp()])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_mirrored_network_gives_mirrored_maps_of_mirrored_images(method, axis: int) -> None:
    network, mirror = _mirrored(_pooling, axis)
    flat = np.random.default_rng(2).integers(0, 3, (4, 9, 9, 1)).astype(np.float32) / 2  # few values: many are equal
    target = [0, 1, 2, 0]
    plain = explain(network, method, flat, target)
    turned = np.flip(explain(mirror, method, np.flip(flat, axis + 1).copy(), target), axis + 1)
    assert abs(plain - turned).max() <= 1e-4 * abs(plain).max()
