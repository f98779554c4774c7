"""Methods as functions: built once for a network, and fed in batches of one size."""

from typing import Any

import keras
import numpy as np
import pytest

from audit.backend import active
from audit.engine.functions import Functions, Subject
from audit.errors import UnitError
from audit.methods.gradient import Gradient
from audit.methods.smoothgrad import SmoothGrad
from audit.network.network import Network
from audit.record import Explained
from tests import networks

COUNT, KEPT = 5, 8
X = np.random.default_rng(0).random((COUNT, 3), np.float32)


class Told(Gradient):
    """Twice the input; keeps for which networks it was built, and how many inputs it met at a time."""

    compiled = False

    def __init__(self) -> None:
        self.networks: list[Network] = []
        self.sizes: list[int] = []

    def attribute(self, network: Network) -> Any:
        self.networks.append(network)

        def twice(params: Any, x: np.ndarray, target: np.ndarray, key: np.ndarray) -> np.ndarray:
            self.sizes.append(len(x))
            return 2 * x

        return twice


def linear(seed: int = 0) -> Network:
    weights = np.random.default_rng(seed).standard_normal((3, 2))
    return networks.linear(weights.tolist(), [0.0, 0.0])


def functions(network: Network, batch: int = 2, **methods: Any) -> Functions:
    return Functions(
        network, methods, batch=batch, on_device=active().to_device, fitting_inputs=lambda network, explained: X
    )


def subject(network: Network) -> Subject:
    explained = Explained(inputs=X, ids=list("abcde"), targets=np.zeros(COUNT, np.int32))
    return Subject(network=network, params=network.params, explained=explained, keys=np.zeros((COUNT, 2), np.uint32))


def test_a_method_is_built_once_for_the_audited_network_and_for_each_of_the_last_few_others() -> None:
    own, told = linear(), Told()
    others = [linear(seed) for seed in range(1, KEPT + 2)]
    made = functions(own, told=told)
    for network in (own, *others, own, *reversed(others[1:]), others[0]):
        made.maps("told", subject(network))
    assert [id(each) for each in told.networks] == [id(each) for each in (own, *others, others[0])]


@pytest.mark.parametrize("batch", [1, 2, COUNT, 7])
def test_batches_are_of_one_size_and_each_input_comes_back_once(batch: int) -> None:
    network, told = linear(), Told()
    made = functions(network, batch, told=told)
    np.testing.assert_array_equal(made.maps("told", subject(network)), 2 * X)
    assert set(told.sizes) == {batch}
    np.testing.assert_allclose(
        made.outputs(network, network.params, X),
        keras.ops.convert_to_numpy(network.apply(network.params, X)),
        rtol=1e-5,
        atol=1e-6,
    )


def test_a_method_with_other_fields_gets_an_id_of_its_own_where_it_has_these_fields() -> None:
    made = functions(linear(), smoothgrad=SmoothGrad(samples=3), gradient=Gradient())
    other = made.altered("smoothgrad", samples=2)
    assert other is not None and made.method(other) == SmoothGrad(samples=2)
    assert made.method("smoothgrad") == SmoothGrad(samples=3)
    assert made.altered("gradient", samples=2) is None


class Cut(Gradient):
    """The first two entries of the input: a part of a map."""

    compiled = False

    def __init__(self) -> None:
        """Nothing to set."""

    def attribute(self, network: Network) -> Any:
        return lambda params, x, target, key: x[:, :2]


def test_maps_that_do_not_lie_on_their_inputs_are_refused() -> None:
    network = linear()
    explained = Explained(inputs=X, ids=list(range(COUNT)), targets=np.zeros(COUNT, np.int32))
    subject = Subject(network=network, params=network.params, explained=explained, keys=np.zeros((COUNT, 2), np.uint32))
    with pytest.raises(UnitError, match="T198"):
        functions(network, m=Cut()).maps("m", subject)
