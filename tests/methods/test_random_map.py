"""The random map is noise that any change of any parameter replaces."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from audit.backend import active
from audit.methods.random_map import RandomMap
from audit.methods.shared.params_digest import params_digest
from audit.network.network import Network, Params
from tests import networks
from tests.methods.explain import keys, tensor
from tests.reference.digest import digest


@cache
def _random_map() -> Any:
    return active().compile(RandomMap().attribute(networks.mlp()))


def _noise(params: Params, *, key: int = 0) -> np.ndarray:
    x, target = np.zeros((2, 4000), np.float32), np.zeros(2, np.int32)
    return active().to_numpy(_random_map()(params, x, target, keys(2, key)))


def _correlated(left: np.ndarray, right: np.ndarray) -> bool:
    return any(abs(np.corrcoef(a, b)[0, 1]) > 5 / np.sqrt(len(a)) for a, b in zip(left, right, strict=True))


def test_the_random_map_is_standard_noise_of_each_inputs_own() -> None:
    network = networks.mlp()
    maps = _noise(network.params)
    assert (abs(maps.mean(axis=1)) < 5 / np.sqrt(4000)).all()
    assert np.allclose(maps.std(axis=1), 1, atol=5 / np.sqrt(2 * 4000))
    assert not _correlated(maps[:1], maps[1:])
    assert not _correlated(maps, _noise(network.params, key=1))
    assert np.array_equal(maps, _noise(dict(reversed(network.params.items()))))


def test_any_change_of_any_parameter_gives_independent_noise() -> None:
    network = networks.mlp(bias=True)
    reference = _noise(network.params)
    for name, values in network.params.items():
        nudged = np.array(values)
        nudged.flat[-1] = np.nextafter(nudged.flat[-1], np.float32(9))  # the last bit of one value
        swapped = np.array(values)
        swapped.flat[[0, 1]] = swapped.flat[[1, 0]]  # keeps every sum
        for changed in (nudged, swapped, np.zeros_like(values)):
            assert not _correlated(reference, _noise({**network.params, name: changed}))


def test_values_that_are_powers_of_two_change_the_noise_when_permuted() -> None:
    network = networks.mlp()
    name = next(iter(network.params))
    powers = np.float32(2.0) ** (np.arange(48) % 5).reshape(6, 8)
    before = _noise({**network.params, name: powers})
    for seed in range(5):
        permuted = np.random.default_rng(seed).permutation(powers.reshape(-1)).reshape(6, 8)
        assert not _correlated(before, _noise({**network.params, name: permuted}))


def test_two_tensors_that_trade_places_change_the_noise() -> None:
    network = networks.mlp()
    biases = [name for name, values in network.params.items() if values.shape == (8,)]
    traded = {biases[0]: network.params[biases[1]], biases[1]: network.params[biases[0]]}
    assert not _correlated(_noise(network.params), _noise({**network.params, **traded}))


@pytest.mark.parametrize(
    "network", [networks.mlp(), networks.cnn(), networks.residual()], ids=["mlp", "cnn", "residual"]
)
def test_the_digest_is_the_same_in_whole_numbers_compiled_or_not(network: Network) -> None:
    expected = digest(network.params)
    assert (
        int(active().to_numpy(params_digest({name: tensor(value) for name, value in network.params.items()})))
        == expected
    )
    assert int(active().to_numpy(active().compile(params_digest)(network.params))) == expected
