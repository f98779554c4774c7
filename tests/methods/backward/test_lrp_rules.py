"""Each rule of LRP against its formula."""

import keras
import numpy as np
import pytest

from audit.backend import active
from audit.methods.backward import lrp_rules
from audit.methods.backward.linear import Linear
from tests.methods.explain import tensor
from tests.reference import relevance as reference

_DENSE_RULES = {
    "epsilon": (lrp_rules.epsilon(1e-9), reference.epsilon),
    "gamma": (lrp_rules.gamma(0.5, 1e-9), reference.gamma(0.5)),
    "z_plus": (lrp_rules.alpha_beta(1.0), reference.z_plus),
    "alpha_beta": (lrp_rules.alpha_beta(3.0), reference.alpha_beta(3.0)),
    "w_square": (lrp_rules.w_square, reference.w_square),
    "flat": (lrp_rules.flat, reference.flat),
    "bounded": (lrp_rules.bounded, reference.bounded(-4.0, 5.0)),
}

_RANDOM = np.random.default_rng(0)


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
