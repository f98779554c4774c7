"""The digest of parameters that noise is drawn from."""

import numpy as np
import pytest

from audit.backend import active
from audit.methods.shared.params_digest import params_digest
from audit.network.network import Network
from audit.network.params import in_place
from tests import networks
from tests.methods.explain import tensor
from tests.methods.test_random_map import correlated, noise
from tests.reference.digest import digest


def test_any_change_of_any_parameter_gives_independentnoise() -> None:
    network = networks.mlp(bias=True)
    reference = noise(network.params)
    for name, values in network.params.items():
        nudged = np.array(values)
        nudged.flat[-1] = np.nextafter(nudged.flat[-1], np.float32(9))  # the last bit of one value
        swapped = np.array(values)
        swapped.flat[[0, 1]] = swapped.flat[[1, 0]]  # keeps every sum
        for changed in (nudged, swapped, np.zeros_like(values)):
            assert not correlated(reference, noise({**network.params, name: changed}))


def test_values_that_are_powers_of_two_change_the_noise_when_permuted() -> None:
    network = networks.mlp()
    name = next(iter(network.params))
    powers = np.float32(2.0) ** (np.arange(48) % 5).reshape(6, 8)
    before = noise({**network.params, name: powers})
    for seed in range(5):
        permuted = np.random.default_rng(seed).permutation(powers.reshape(-1)).reshape(6, 8)
        assert not correlated(before, noise({**network.params, name: permuted}))


def test_two_tensors_that_trade_places_change_thenoise() -> None:
    network = networks.mlp()
    biases = [name for name, values in network.params.items() if values.shape == (8,)]
    traded = {biases[0]: network.params[biases[1]], biases[1]: network.params[biases[0]]}
    assert not correlated(noise(network.params), noise({**network.params, **traded}))


@pytest.mark.parametrize(
    "network", [networks.mlp(), networks.cnn(), networks.residual()], ids=["mlp", "cnn", "residual"]
)
def test_the_digest_is_the_same_in_whole_numbers_compiled_or_not(network: Network) -> None:
    names = in_place(network)
    assert set(names) == set(network.params)
    expected = digest({name: network.params[name] for name in names})
    given = {name: tensor(value) for name, value in network.params.items()}
    assert int(active().to_numpy(params_digest(given, names))) == expected
    compiled = active().compile(lambda params: params_digest(params, names))
    assert int(active().to_numpy(compiled(network.params))) == expected
