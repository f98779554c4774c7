"""The random map is noise that any change of any parameter replaces."""

from functools import cache
from typing import Any

import numpy as np

from audit.backend import active
from audit.methods.random_map import RandomMap
from audit.network.network import Params
from tests import networks
from tests.methods.explain import keys


@cache
def _random_map() -> Any:
    return active().compile(RandomMap().attribute(networks.mlp()))


def noise(params: Params, *, key: int = 0) -> np.ndarray:
    x, target = np.zeros((2, 4000), np.float32), np.zeros(2, np.int32)
    return active().to_numpy(_random_map()(params, x, target, keys(2, key)))


def correlated(left: np.ndarray, right: np.ndarray) -> bool:
    return any(abs(np.corrcoef(a, b)[0, 1]) > 5 / np.sqrt(len(a)) for a, b in zip(left, right, strict=True))


def test_the_random_map_is_standard_noise_of_each_inputs_own() -> None:
    network = networks.mlp()
    maps = noise(network.params)
    assert (abs(maps.mean(axis=1)) < 5 / np.sqrt(4000)).all()
    assert np.allclose(maps.std(axis=1), 1, atol=5 / np.sqrt(2 * 4000))
    assert not correlated(maps[:1], maps[1:])
    assert not correlated(maps, noise(network.params, key=1))
    assert np.array_equal(maps, noise(dict(reversed(network.params.items()))))
