"""The input as a control is the input."""

import numpy as np

from audit.methods.input import Input
from tests import networks
from tests.methods.explain import explain


def test_the_input_is_itself() -> None:
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype(np.float32)
    assert np.array_equal(explain(networks.cnn(), Input(), x, 0), x)
