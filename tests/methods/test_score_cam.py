"""Score-CAM against its formula, one channel at a time, in slow NumPy."""

import numpy as np
import pytest

from audit.methods.score_cam import ScoreCam
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain
from tests.methods.pooled import Slow, pooled
from tests.reference.bilinear import bilinear

_RANDOM = np.random.default_rng(0)


def _reference(network: Network, x: np.ndarray, target: int, layer: str) -> np.ndarray:
    slow = Slow(network)
    activation = slow.first(x) if layer == "first" else slow.last(slow.first(x))
    scores: dict[int, float] = {}
    for channel in range(activation.shape[-1]):
        mask = bilinear(activation[..., channel], 6, 4)
        if mask.max() > mask.min():
            mask = (mask - mask.min()) / (mask.max() - mask.min())
            scores[channel] = np.exp(slow.of_input(x * mask[..., None], target))
    combined = sum(score * activation[..., channel] for channel, score in scores.items()) / sum(scores.values())
    return bilinear(np.maximum(combined, 0), 6, 4)


@pytest.mark.parametrize("layer", ["first", "last"])
def test_it_equals_its_formula(layer: str) -> None:
    network, x = pooled(), _RANDOM.normal(size=(3, 6, 4, 2)).astype(np.float32)
    maps = explain(network, ScoreCam(layer=layer), x, [0, 1, 2])
    expected = [_reference(network, row, target, layer) for target, row in enumerate(x)]
    assert np.allclose(maps[..., 0], expected, atol=1e-4)


def test_channels_that_are_constant_get_no_weight_and_none_leaves_zeros() -> None:
    network, x = networks.cnn(), _RANDOM.normal(size=(2, 8, 8, 1))
    names = list(network.params)
    silent = {**network.params, names[0]: 0 * network.params[names[0]]}  # no kernel: every channel is its bias alone
    assert not explain(network, ScoreCam(layer="first"), x, 1, params=silent).any()
    assert explain(network, ScoreCam(layer="first"), x, 1).any()


def test_large_logits_do_not_overflow_the_softmax() -> None:
    network, x = networks.cnn(), 1e4 * _RANDOM.normal(size=(2, 8, 8, 1))
    assert np.isfinite(explain(network, ScoreCam(), x, 1)).all()
