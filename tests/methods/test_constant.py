"""The constant map says the same of every pixel of every input, whatever the network."""

import numpy as np

from audit.methods.constant import Constant
from tests import networks
from tests.methods.explain import explain


def test_it_is_one_everywhere_and_so_is_its_noise() -> None:
    network = networks.mlp()
    x = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    assert (explain(network, Constant(), x, 1) == 1).all()
    assert (Constant().noise_map(network, x[0], np.random.default_rng(1)) == 1).all()
