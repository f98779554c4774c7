"""Blurred noise is the random map, blurred."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.blurred_random import BlurredRandom
from audit.methods.random_map import RandomMap
from tests import networks
from tests.methods.explain import explain
from tests.reference.discrete_gaussian import discrete_gaussian


@pytest.mark.parametrize(("sigma", "pixels"), [(1 / 32, 1.0), (0.25, 2.0)])
def test_it_is_the_random_map_blurred_by_a_share_of_the_side(sigma: float, pixels: float) -> None:
    network, x = networks.cnn(), np.zeros((2, 8, 12, 1))
    noise = explain(network, RandomMap(), x, 0)
    expected = [discrete_gaussian(image, pixels) for image in noise]
    assert np.allclose(explain(network, BlurredRandom(sigma=sigma), x, 0), expected, atol=1e-5)


def test_flat_inputs_are_refused() -> None:
    with pytest.raises(InputError, match="needs images"):
        BlurredRandom().attribute(networks.mlp())
