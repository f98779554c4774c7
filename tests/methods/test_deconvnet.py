"""DeconvNet by hand, by its closed form and by its known failures."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.deconvnet import Deconvnet
from audit.methods.gradient import Gradient
from tests import networks
from tests.methods.explain import explain
from tests.reference import perceptron

_RANDOM = np.random.default_rng(0)


def test_it_equals_deconvolution_by_hand_and_not_the_gradient() -> None:
    network, x = networks.mlp(), _RANDOM.normal(size=(3, 6))
    values = list(network.params.values())
    layers = list(zip(values[::2], values[1::2], strict=True))
    targets = [0, 1, 2]
    maps = explain(network, Deconvnet(), x, targets)
    assert np.allclose(maps, [perceptron.deconvnet(layers, target) for target in targets], atol=1e-5)
    assert not np.allclose(maps, explain(network, Gradient(), x, targets), atol=1e-2)


def test_one_rectified_convolution_gives_the_sum_of_its_kernel_away_from_the_border_whatever_the_input() -> None:
    kernel = _RANDOM.normal(size=(3, 3))
    maps = explain(networks.sum_pool(kernel), Deconvnet(), _RANDOM.normal(size=(4, 6, 6, 1)), 0)
    assert np.allclose(maps[:, 1:-1, 1:-1], kernel.sum(), atol=1e-5)
    assert np.array_equal(maps[0], maps[3])


def test_it_is_blind_to_an_input_that_lowers_the_logit_through_a_rectifier() -> None:
    for network in networks.rectified_pair():
        assert explain(network, Deconvnet(), [[3.0, 1.0]], 0)[0, 1] == 0


def test_it_is_refused_where_it_would_be_the_gradient() -> None:
    with pytest.raises(InputError, match="`deconvnet` does not apply") as caught:
        Deconvnet().attribute(networks.linear([[1.0, 2.0]], [0.0, 0.0]))
    assert caught.value.code == "T013"
    with pytest.raises(InputError, match="cannot record"):
        Deconvnet().attribute(networks.subclassed())
