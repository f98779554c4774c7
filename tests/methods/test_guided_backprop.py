"""Guided backprop by hand, by its known failures, and in every form that Keras offers a rectifier in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.gradient import Gradient
from audit.methods.guided_backprop import GuidedBackprop
from audit.network.loading.load import from_model
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain, logits
from tests.reference import perceptron

_RANDOM = np.random.default_rng(0)


def test_it_equals_guided_backpropagation_by_hand_and_not_the_gradient() -> None:
    network = networks.mlp()
    values = list(network.params.values())
    layers = list(zip(values[::2], values[1::2], strict=True))
    x, targets = _RANDOM.normal(size=(6, 6)).astype(np.float32), [0, 1, 2, 0, 1, 2]
    expected = [perceptron.guided_backprop(layers, row, target) for row, target in zip(x, targets, strict=True)]
    maps = explain(network, GuidedBackprop(), x, targets)
    assert np.allclose(maps, expected, atol=1e-5)
    assert not np.allclose(maps, explain(network, Gradient(), x, targets), atol=1e-2)


def test_one_rectifier_under_a_positive_signal_makes_it_the_gradient() -> None:
    network, x = networks.sum_pool(_RANDOM.normal(size=(3, 3))), _RANDOM.normal(size=(2, 6, 6, 1))
    assert np.allclose(explain(network, GuidedBackprop(), x, 0), explain(network, Gradient(), x, 0), atol=1e-6)


def test_it_is_blind_to_an_input_that_lowers_the_logit_through_a_rectifier() -> None:
    for network in networks.rectified_pair():
        assert explain(network, Gradient(), [[3.0, 1.0]], 0)[0, 1] == -1
        assert explain(network, GuidedBackprop(), [[3.0, 1.0]], 0)[0, 1] == 0
    assert explain(networks.saturating(), GuidedBackprop(), [[2.0]], 0).item() == 0


def test_it_is_not_linear_in_the_function() -> None:
    network, x = networks.mlp(), _RANDOM.normal(size=(4, 6))
    name = list(network.params)[-2]
    kernel = np.array(network.params[name])
    kernel[:, 2] = kernel[:, 0] - kernel[:, 1]
    params = {**network.params, name: kernel}
    for method, linear in ((Gradient(), True), (GuidedBackprop(), False)):
        parts = [explain(network, method, x, target, params=params) for target in range(3)]
        assert np.allclose(parts[2], parts[0] - parts[1], atol=1e-5) == linear


def _one_random_layer(filters: int) -> Network:
    inputs = keras.Input((28, 28, 1))
    hidden = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(inputs)
    flat = keras.layers.Flatten()(keras.layers.ReLU()(hidden))
    return from_model(networks.fill(keras.Model(inputs, keras.layers.Dense(10, use_bias=False)(flat)), seed=1))


def _mean_correlation(maps: np.ndarray, images: np.ndarray) -> float:
    pairs = zip(maps, images, strict=True)
    return float(np.mean([np.corrcoef(first.ravel(), second.ravel())[0, 1] for first, second in pairs]))


def test_it_recovers_handwritten_digits_from_a_random_network_while_the_gradient_does_not(mnist: Path) -> None:
    x = np.load(mnist)["x_test"][:10, ..., None] / 255
    network = _one_random_layer(64)
    assert _mean_correlation(explain(network, GuidedBackprop(), x, 0), x) > 0.85
    assert abs(_mean_correlation(explain(network, Gradient(), x, 0), x)) < 0.1


def test_with_many_random_filters_it_tends_to_the_sum_of_the_inputs_own_patches() -> None:
    """Nie, Zhang and Patel 2018, theorem 1: each patch comes back divided by its norm, whatever the class."""
    x = _RANDOM.normal(size=(3, 28, 28)) * (_RANDOM.random((3, 28, 28)) > 0.5)
    expected = np.zeros((3, 30, 30))
    for image, total in zip(x, expected, strict=True):
        padded = np.pad(image, 1)
        for i, j in np.ndindex(28, 28):
            patch = padded[i : i + 3, j : j + 3]
            total[i : i + 3, j : j + 3] += patch / max(float(np.linalg.norm(patch)), 1e-9)
    recovered = {
        filters: _mean_correlation(
            explain(_one_random_layer(filters), GuidedBackprop(), x[..., None], 0)[..., 0], expected[:, 1:-1, 1:-1]
        )
        for filters in (4, 32, 256)
    }
    assert recovered[4] < recovered[32] < recovered[256]
    # A fixed share of noise per filter: 1 / r^2 - 1 falls as 1 / filters.
    assert 1 / recovered[256] ** 2 - 1 == pytest.approx((1 / recovered[32] ** 2 - 1) / 8, rel=0.5)


_FORMS: dict[str, Callable[[Any, str], Any]] = {
    "layer": lambda x, name: keras.layers.ReLU()(keras.layers.Dense(7, name=name)(x)),
    "activation layer": lambda x, name: keras.layers.Activation("relu")(keras.layers.Dense(7, name=name)(x)),
    "fused": lambda x, name: keras.layers.Dense(7, activation="relu", name=name)(x),
    "function": lambda x, name: keras.ops.relu(keras.layers.Dense(7, name=name)(x)),
    "activation function": lambda x, name: keras.activations.relu(keras.layers.Dense(7, name=name)(x)),
    "nested": lambda x, name: _nested(name)(x),
    "leaky of slope 0": lambda x, name: keras.layers.LeakyReLU(negative_slope=0.0)(keras.layers.Dense(7, name=name)(x)),
}
_CAPPED: dict[str, Callable[[Any, str], Any]] = {
    "layer": lambda x, name: keras.layers.ReLU(max_value=6.0)(keras.layers.Dense(7, name=name)(x)),
    "activation layer": lambda x, name: keras.layers.Activation("relu6")(keras.layers.Dense(7, name=name)(x)),
    "fused": lambda x, name: keras.layers.Dense(7, activation="relu6", name=name)(x),
    "function": lambda x, name: keras.ops.relu6(keras.layers.Dense(7, name=name)(x)),
}
_LEAKY: dict[str, Callable[[Any, str], Any]] = {
    "layer": lambda x, name: keras.layers.LeakyReLU(negative_slope=0.2)(keras.layers.Dense(7, name=name)(x)),
    "relu layer": lambda x, name: keras.layers.ReLU(negative_slope=0.2)(keras.layers.Dense(7, name=name)(x)),
    "activation layer": lambda x, name: keras.layers.Activation("leaky_relu")(keras.layers.Dense(7, name=name)(x)),
    "fused": lambda x, name: keras.layers.Dense(7, activation="leaky_relu", name=name)(x),
    "function": lambda x, name: keras.ops.leaky_relu(keras.layers.Dense(7, name=name)(x), negative_slope=0.2),
    "parametric": lambda x, name: _Slope(0.2)(keras.layers.Dense(7, name=name)(x)),
}


def _nested(name: str) -> keras.Sequential:
    return keras.Sequential([keras.Input((None,)), keras.layers.Dense(7, activation="relu", name=name)])


def _Slope(slope: float) -> Any:  # noqa: N802 - stands where a layer's class would
    return keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(slope))


def _built(form: Callable[[Any, str], Any]) -> Network:
    inputs = keras.Input((5,))
    if form is _FORMS["nested"]:
        first = keras.Sequential([keras.Input((5,)), keras.layers.Dense(7, activation="relu", name="first")])(inputs)
        second = keras.Sequential([keras.Input((7,)), keras.layers.Dense(7, activation="relu", name="second")])(first)
    else:
        second = form(form(inputs, "first"), "second")
    model = keras.Model(inputs, keras.layers.Dense(2, name="last")(second))
    generator = np.random.default_rng(4)
    shapes = {"first": (5, 7), "second": (7, 7), "last": (7, 2)}
    for path, shape in shapes.items():
        kernel, bias = generator.normal(size=shape) * 2, generator.normal(size=shape[1])
        layer = next(each for each in model._flatten_layers() if each.name == path)
        layer.set_weights([kernel, bias])
    return from_model(model)


_EVERY_FORM = [
    pytest.param(forms[first], forms[form], slope, cap, id=f"{kind}: {form}")
    for kind, forms, first, slope, cap in (
        ("relu", _FORMS, "fused", 0.0, np.inf),
        ("relu6", _CAPPED, "fused", 0.0, 6.0),
        ("leaky", _LEAKY, "fused", 0.2, np.inf),
    )
    for form in forms
]


@pytest.mark.parametrize(("first", "form", "slope", "cap"), _EVERY_FORM)
def test_every_form_of_a_rectifier_gives_the_same_map(first: Any, form: Any, slope: float, cap: float) -> None:
    x = np.random.default_rng(5).normal(size=(6, 5)).astype(np.float32)
    network = _built(form)
    assert np.allclose(logits(network, x), logits(_built(first), x), atol=1e-4)
    maps = explain(network, GuidedBackprop(), x, 1)
    assert np.allclose(maps, _by_hand(network, x, slope, cap), atol=1e-3)
    assert not np.allclose(maps, explain(network, Gradient(), x, 1), atol=1e-1)


def _by_hand(network: Network, x: np.ndarray, slope: float, cap: float) -> np.ndarray:
    weights = [value.astype(np.float64) for name, value in network.params.items() if "alpha" not in name]
    before = [x @ weights[0] + weights[1]]
    before.append(np.clip(np.where(before[0] > 0, before[0], slope * before[0]), None, cap) @ weights[2] + weights[3])
    signal = np.broadcast_to(weights[4][:, 1], before[1].shape)
    for kernel, value in ((weights[2], before[1]), (weights[0], before[0])):
        slopes = np.where(value > cap, 0, np.where(value > 0, 1, slope))
        signal = (np.maximum(signal, 0) * slopes) @ kernel.T
    return signal


def test_a_subclassed_model_is_refused_with_the_way_out() -> None:
    with pytest.raises(InputError) as caught:
        GuidedBackprop().attribute(networks.subclassed())
    assert caught.value.code == "M012"
    assert "subclassed" in str(caught.value) and "fix:" in str(caught.value)


def test_a_network_without_rectifiers_is_refused_because_it_would_show_the_gradient() -> None:
    for network in (networks.linear([[1.0, 2.0]], [0.0, 0.0]), _smooth()):
        with pytest.raises(InputError, match="no ReLU") as caught:
            GuidedBackprop().attribute(network)
        assert caught.value.code == "T013"


def _smooth() -> Network:
    layers = [keras.Input((3,)), keras.layers.Dense(4, activation="gelu"), keras.layers.Dense(2)]
    return from_model(keras.Sequential(layers))


def test_a_layer_that_may_hide_a_rectifier_is_refused_by_name() -> None:
    class Hidden(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return keras.ops.relu(inputs)

    layers = [keras.Input((3,)), keras.layers.Dense(4, activation="relu"), Hidden(name="secret"), keras.layers.Dense(2)]
    with pytest.raises(InputError, match="cannot inspect every layer") as caught:
        GuidedBackprop().attribute(from_model(keras.Sequential(layers)))
    assert caught.value.where == "secret"
