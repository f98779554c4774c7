"""LRP against a slow re-derivation, by its identities, and on every operation that it has a rule for."""

from collections.abc import Sequence
from typing import Any, get_args

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from audit.backend import active
from audit.errors import InputError
from audit.methods.backward import lrp_rules
from audit.methods.backward.linear import Linear
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.lrp import Composite, Lrp
from audit.methods.method import Method
from audit.network.loading.load import from_model
from audit.network.network import Network
from audit.network.variants.shift import compensated
from tests import networks
from tests.methods.explain import explain, keys, logits, tensor
from tests.reference import relevance as reference

L = keras.layers
_RANDOM = np.random.default_rng(0)
_DENSE_RULES = {
    "epsilon": (lrp_rules.epsilon(1e-9), reference.epsilon),
    "gamma": (lrp_rules.gamma(0.5, 1e-9), reference.gamma(0.5)),
    "z_plus": (lrp_rules.alpha_beta(1.0), reference.z_plus),
    "alpha_beta": (lrp_rules.alpha_beta(3.0), reference.alpha_beta(3.0)),
    "w_square": (lrp_rules.w_square, reference.w_square),
    "flat": (lrp_rules.flat, reference.flat),
    "bounded": (lrp_rules.bounded, reference.bounded(-4.0, 5.0)),
}


def _dense(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> Linear:
    return Linear(
        x=tensor(x[None].astype(np.float32)),
        z=tensor((x @ kernel + bias)[None].astype(np.float32)),
        bias=tensor(bias.astype(np.float32)),
        kernel=tensor(kernel.astype(np.float32)),
        apply=lambda weights, value: keras.ops.matmul(value, weights),
        support=tensor(np.ones((1, len(x)), np.float32)),
        bounds=(tensor(np.full((1, 1), -4.0, np.float32)), tensor(np.full((1, 1), 5.0, np.float32))),
    )


@pytest.mark.parametrize("name", _DENSE_RULES)
def test_a_rule_equals_its_formula_for_inputs_weights_and_outputs_of_either_sign(name: str) -> None:
    rule, slow = _DENSE_RULES[name]
    x, kernel, bias, received = (_RANDOM.normal(size=shape) for shape in ((7,), (7, 5), (5,), (5,)))
    result = active().to_numpy(rule(_dense(x, kernel, bias), tensor(received[None].astype(np.float32))))[0]
    assert np.allclose(result, slow(x, kernel, bias, received), rtol=1e-4, atol=1e-5)


def test_contributions_of_one_sign_take_all_relevance_and_none_hand_on_nothing() -> None:
    kernel = np.array([[1.0, -1.0, 0.0], [2.0, -3.0, 0.0]])
    linear = _dense(np.array([1.0, 1.0]), kernel, np.zeros(3))
    for alpha in (1.0, 2.0):
        result = lrp_rules.alpha_beta(alpha)(linear, tensor(np.array([[3.0, 4.0, 5.0]], np.float32)))
        assert np.allclose(active().to_numpy(result), [[1 + 1, 2 + 3]])


def test_the_rules_divide_sums_of_any_size_without_overflow() -> None:
    for size in (1e-36, 1e-18, 1e18):
        linear = _dense(np.array([size, -size]), np.array([[1.0], [0.5]]), np.zeros(1))
        for rule in (lrp_rules.epsilon(1e-6), lrp_rules.gamma(0.25, 1e-6), lrp_rules.alpha_beta(2.0)):
            assert np.isfinite(active().to_numpy(rule(linear, tensor(np.ones((1, 1), np.float32))))).all()


def _convolutional() -> tuple[Network, list[reference.Layer], np.ndarray]:
    """A convolution with batch normalisation, rectifier, pooling and a dense layer; and the same as matrices."""
    layers = [
        keras.Input((6, 6, 2)),
        L.Conv2D(3, 3, name="convolution"),
        L.BatchNormalization(),
        L.ReLU(),
        L.MaxPooling2D(),
        L.Flatten(),
        L.Dense(3),
    ]
    model = networks.fill(keras.Sequential(layers), 3)
    kernel, bias, gamma, beta, mean, variance, dense, last = (w.astype(np.float64) for w in model.get_weights())
    scale = gamma / np.sqrt(variance + 1e-3)
    matrix = reference.unrolled(kernel * scale, 6), np.tile((bias - mean) * scale + beta, 16)
    return from_model(model), [matrix, (dense, last)], _RANDOM.uniform(-1, 2, size=(2, 6, 6, 2)).astype(np.float32)


_CONVOLUTIONAL_RULES = {
    Lrp(composite="epsilon_plus_flat"): (reference.flat, reference.epsilon),
    Lrp(composite="epsilon_alpha2_beta1"): (reference.alpha_beta(2.0), reference.epsilon),
    Lrp(composite="epsilon_gamma_box", low=-1.0, high=2.0): (reference.bounded(-1.0, 2.0), reference.epsilon),
}


@pytest.mark.parametrize("method", _CONVOLUTIONAL_RULES, ids=lambda method: method.composite)
def test_it_equals_the_slow_derivation_on_a_convolutional_network_with_batch_normalisation(method: Lrp) -> None:
    network, ((kernel, bias), last), images = _convolutional()
    convolution, dense = _CONVOLUTIONAL_RULES[method]
    maps = explain(network, method, images, [1, 2])
    for image, target, result in zip(images, (1, 2), maps, strict=True):
        hidden = np.maximum(image.ravel().astype(np.float64) @ kernel + bias, 0)
        picked = reference.winners(hidden.reshape(4, 4, 3))
        onto_pool = reference.layerwise([last], hidden @ picked, target, [dense])
        expected = convolution(image.ravel().astype(np.float64), kernel, bias, picked @ onto_pool)
        assert np.allclose(result.ravel(), expected, rtol=1e-3, atol=1e-4)


def test_epsilon_is_input_times_gradient_in_a_rectifier_network_without_biases() -> None:
    network, x, targets = networks.mlp(bias=False), _RANDOM.normal(size=(4, 6)), [0, 1, 2, 0]
    expected = explain(network, InputTimesGradient(), x, targets)
    assert np.allclose(explain(network, Lrp(composite="epsilon"), x, targets), expected, atol=2e-5)


def test_every_composite_conserves_relevance_without_biases() -> None:
    network, x, targets = networks.mlp(bias=False), _RANDOM.normal(size=(4, 6)), np.array([0, 1, 2, 0])
    total = logits(network, x)[range(4), targets]
    methods = [Lrp(composite=composite, low=-5.0, high=5.0) for composite in get_args(Composite)]
    for method, maps in zip(methods, _together(network, methods, x, targets), strict=True):
        assert np.allclose(maps.sum(axis=1), total, rtol=1e-3, atol=1e-5), method.composite


def test_z_plus_is_alpha_one_beta_zero() -> None:
    network, x = networks.mlp(), _RANDOM.normal(size=(4, 6))
    one, other = (explain(network, Lrp(composite=name, alpha=1.0), x, 1) for name in ("z_plus", "alpha_beta"))
    assert np.array_equal(one, other)


def test_two_networks_of_one_function_get_two_maps() -> None:
    """Sundararajan et al. 2017, appendix B, whose numbers give no share to biases."""
    first, second = networks.rectified_pair()
    method = Lrp(composite="epsilon", bias="none")
    assert np.allclose(explain(first, method, [[3.0, 1.0]], 0), [[1.5, -0.5]], atol=1e-4)
    assert np.allclose(explain(second, method, [[3.0, 1.0]], 0), [[2.0, -1.0]], atol=1e-4)
    shared = [explain(network, Lrp(composite="epsilon"), [[3.0, 1.0]], 0) for network in (first, second)]
    assert np.allclose(shared, [[[3.0, -1.0]]] * 2, atol=1e-4)


def test_positive_shares_converge_to_one_map_for_all_classes_in_a_deep_network_and_epsilon_does_not() -> None:
    """Sixt, Granz and Landgraf 2020: a product of non-negative matrices tends to rank one."""
    layers = [L.Dense(24, activation="relu", use_bias=False) for _ in range(8)]
    model = keras.Sequential([keras.Input((24,)), *layers, L.Dense(2, use_bias=False)])
    network, x = from_model(networks.fill(model, 5)), np.abs(_RANDOM.normal(size=(3, 24)))

    both, targets = np.repeat(x, 2, axis=0), [0, 1] * len(x)

    def cosine(composite: Composite) -> np.ndarray:
        maps = explain(network, Lrp(composite=composite), both, targets)
        one, other = maps[::2], maps[1::2]
        return abs((one * other).sum(1)) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)

    assert cosine("z_plus").min() > 0.99 > 0.9 > cosine("epsilon").min()


def _normalisation() -> Any:
    """Batch normalisation that only scales once its mean is 0, so that no bias takes relevance."""
    return L.BatchNormalization(center=False)


def _filled(model: keras.Model) -> Network:
    networks.fill(model, 7)
    for layer in model.layers:
        if isinstance(layer, L.BatchNormalization):
            layer.moving_mean.assign(np.zeros(layer.moving_mean.shape))
    return from_model(model)


def _stack(shape: tuple[int, ...], *layers: Any) -> Network:
    return _filled(keras.Sequential([keras.Input(shape), *layers, L.Dense(2, use_bias=False)]))


def _branches() -> Network:
    inputs = keras.Input((4, 4, 2))
    first = L.Conv2D(4, 3, padding="same", activation="relu", use_bias=False)(inputs)
    second = L.SeparableConv2D(4, 3, padding="same", use_bias=False)(first)
    total = L.Add()([_normalisation()(second), first]) * 2.0
    mixed = L.Concatenate()([L.Average()([total, first]), L.Subtract()([total, second]), keras.ops.negative(first)])
    flat = L.Flatten()(L.LeakyReLU()(mixed))
    return _filled(keras.Model(inputs, L.Dense(2, use_bias=False)(flat)))


_NETWORKS = {
    "1-D": lambda: _stack(
        (9, 2),
        L.ZeroPadding1D(2),
        L.SeparableConv1D(4, 3, use_bias=False),
        _normalisation(),
        L.ReLU(),
        L.Conv1D(3, 2, dilation_rate=2, padding="causal", use_bias=False),
        L.Conv1DTranspose(3, 3, strides=2, use_bias=False),
        _normalisation(),
        L.AveragePooling1D(2),
        L.UpSampling1D(2),
        L.Cropping1D(1),
        L.DepthwiseConv1D(3, depth_multiplier=2, use_bias=False),
        L.GlobalAveragePooling1D(),
    ),
    "2-D": lambda: _stack(
        (6, 6, 2),
        L.Dropout(0.5),
        L.ZeroPadding2D(1),
        L.Conv2D(4, 3, strides=2, use_bias=False),
        L.DepthwiseConv2D(3, depth_multiplier=2, padding="same", use_bias=False),
        _normalisation(),
        L.LeakyReLU(),
        L.UpSampling2D(2, interpolation="bilinear"),
        L.Permute((2, 1, 3)),
        L.MaxPooling2D(2),
        L.Conv2DTranspose(3, 3, use_bias=False, activation="relu"),
        _normalisation(),
        L.Cropping2D(1),
        L.Reshape((9, 3)),
        L.EinsumDense("abc,cd->abd", (9, 4)),
        L.GlobalMaxPooling1D(),
        L.RepeatVector(2),
        L.Flatten(),
    ),
    "3-D": lambda: _stack(
        (4, 4, 4, 1), L.Conv3D(2, 2, use_bias=False, activation="relu"), L.AveragePooling3D(2), L.Flatten()
    ),
    "branches": _branches,
}


def _together(network: Network, methods: Sequence[Method], x: np.ndarray, targets: Any) -> list[np.ndarray]:
    """Return the maps of several methods from one compiled function."""
    functions = [method.attribute(network) for method in methods]
    compiled = active().compile(lambda *given: keras.ops.stack([function(*given) for function in functions]))
    count = len(x)
    return list(active().to_numpy(compiled(network.params, x, np.asarray(targets, np.int32), keys(count))))


@pytest.mark.parametrize("name", _NETWORKS)
def test_relevance_passes_every_linear_operation_by_its_weights(name: str) -> None:
    network, targets = _NETWORKS[name](), np.array([0, 1, 0])
    x = np.random.default_rng(2).normal(size=(3, *network.input_shape)).astype(np.float32)
    # w_square alone would lose what it gives to a padding of its own layer; z_plus asks for the sign of each weight.
    other = Lrp(composite="w_square" if name == "1-D" else "z_plus")
    methods = (InputTimesGradient(), Lrp(composite="epsilon", epsilon=1e-9), other)
    expected, *maps = _together(network, methods, x, targets)
    assert np.allclose(maps[0], expected, atol=1e-4)
    for relevance in maps:
        total = relevance.reshape(3, -1).sum(axis=1)
        assert np.allclose(total, logits(network, x)[range(3), targets], rtol=1e-3, atol=1e-5)


def test_bounds_reach_the_first_layer_in_its_own_units() -> None:
    scaled = networks.fill(keras.Sequential([keras.Input((3,)), L.Rescaling(2.0, offset=-1.0), L.Dense(2)]), 1)
    plain = keras.Sequential([keras.Input((3,)), L.Dense(2)])
    plain.set_weights(scaled.get_weights())
    x = _RANDOM.uniform(0, 1, size=(3, 3)).astype(np.float32)
    one = explain(from_model(scaled), Lrp(composite="epsilon_gamma_box", low=0.0, high=1.0), x, 0)
    other = explain(from_model(plain), Lrp(composite="epsilon_gamma_box", low=-1.0, high=1.0), 2 * x - 1, 0)
    assert np.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("composite", ["epsilon_plus", "epsilon_alpha2_beta1"])
def test_a_bias_behind_a_layer_is_that_layers_own(composite: Composite) -> None:
    """An offset between a convolution and its batch normalisation must not unfold the normalisation."""
    layers = [L.Conv2D(3, 3, padding="same", use_bias=False), L.BatchNormalization(), L.ReLU(), L.Flatten(), L.Dense(2)]
    network = from_model(networks.fill(keras.Sequential([keras.Input((4, 4, 1)), *layers]), 2))
    x = _RANDOM.normal(size=(3, 4, 4, 1)).astype(np.float32)
    still = compensated(network, np.zeros((1, 4, 4, 1), np.float32))
    assert [node.kind for node in still.graph or ()][1] == "Offset"
    maps = [explain(each, Lrp(composite=composite), x, 1) for each in (network, still)]
    assert np.allclose(*maps, atol=1e-6)


@pytest.mark.parametrize("bounds", [{}, {"low": 0.0}, {"low": 1.0, "high": 0.0}])
def test_a_box_without_bounds_is_refused(bounds: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="bounds"):
        Lrp(composite="epsilon_gamma_box", **bounds)


def test_operations_without_a_rule_are_refused_by_name_all_at_once() -> None:
    inputs = keras.Input((4, 6))
    attended = L.MultiHeadAttention(2, 3, name="attend")(inputs, inputs)
    inside = L.Softmax(name="gate")(attended)
    network = from_model(keras.Model(inputs, L.Dense(3)(L.Flatten()(inside))))
    with pytest.raises(InputError) as caught:
        Lrp().attribute(network)
    assert caught.value.code == "T100"
    assert "attend (MultiHeadAttention)" in str(caught.value) and "gate (Softmax)" in str(caught.value)
    with pytest.raises(InputError, match="could not be recorded"):
        Lrp().attribute(networks.subclassed())
