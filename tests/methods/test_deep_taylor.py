"""Deep Taylor decomposition against a slow re-derivation, and by what it conserves."""

import numpy as np
import pytest
from pydantic import ValidationError

from audit.methods.deep_taylor import DeepTaylor
from tests import networks
from tests.methods.explain import explain, logits
from tests.reference import relevance as reference

_X = np.random.default_rng(0).normal(size=(6, 6)).astype(np.float32)
_TARGETS = [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(
    ("method", "first"),
    [
        (DeepTaylor(), reference.w_square),
        (DeepTaylor(input="bounded", low=-4.0, high=4.0), reference.bounded(-4.0, 4.0)),
    ],
)
def test_it_equals_the_slow_derivation_and_hands_on_all_of_a_positive_logit(
    method: DeepTaylor, first: reference.Share
) -> None:
    network = networks.mlp()
    values = [value.astype(np.float64) for value in network.params.values()]
    layers = list(zip(values[::2], values[1::2], strict=True))
    shares = [first, reference.z_plus_without_bias, reference.z_plus_without_bias]
    maps, explained = explain(network, method, _X, _TARGETS), logits(network, _X)[range(6), _TARGETS]
    assert np.allclose(maps.sum(axis=1), np.maximum(explained, 0), atol=1e-5)
    assert 0 < (explained > 0).sum() < 6 and maps.min() >= 0
    for row, target, result, logit in zip(_X, _TARGETS, maps, explained, strict=True):
        slow = reference.layerwise(layers, row, target, shares)
        assert np.allclose(result, slow if logit > 0 else 0, atol=1e-5)


def test_an_input_that_its_bounds_do_not_hold_gets_no_negative_relevance() -> None:
    maps = explain(networks.mlp(), DeepTaylor(input="bounded", low=-0.1, high=0.1), _X, _TARGETS)
    assert maps.min() >= 0 and np.isfinite(maps).all()


def test_bounds_are_asked_for() -> None:
    with pytest.raises(ValidationError, match="needs `low`"):
        DeepTaylor(input="bounded", low=0.0)
