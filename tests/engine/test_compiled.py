"""A method on a network as a function: compiled once for its shapes, and pullback where it can be."""

import numpy as np
import pytest

from audit.engine.compiled import compiled, pullback
from audit.errors import UnitError
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.lime import Lime
from tests import networks
from tests.methods.explain import keys

NETWORK = networks.linear([[1.0, 2.0], [3.0, 4.0]], [0.0, 0.0])
X = np.array([[1.0, -1.0], [0.5, 2.0]], np.float32)
ARGUMENTS = (NETWORK.params, X, np.array([0, 1], np.int32), keys(2))


def test_it_is_traced_once_for_each_shape() -> None:
    function = compiled(InputTimesGradient(), NETWORK)
    for scale in (1, 2, 3):
        function(NETWORK.params, scale * X, *ARGUMENTS[2:])
    assert function.traces == 1


def test_the_derivative_of_a_linear_functions_contributions_are_its_weights() -> None:
    pulled = pullback(InputTimesGradient(), NETWORK)(*ARGUMENTS, np.ones_like(X))
    assert np.allclose(np.asarray(pulled), [[1, 3], [2, 4]], atol=1e-6)


def test_a_method_that_is_run_as_it_is_has_no_derivative() -> None:
    with pytest.raises(UnitError) as caught:
        pullback(Lime(), NETWORK)
    assert caught.value.code == "R030"
