"""The parameters of a condition: what changes, what is asked for, and what is kept."""

import numpy as np
import pytest

from audit.engine.parameters import Parameters
from audit.network.network import Network, Params
from audit.record import Condition, Original, Randomized, Rekeyed, Trained
from tests import networks

FIRST, SECOND, THIRD = (Randomized(mode="cascading", stage=1, seed=seed) for seed in range(3))
ANEW = Trained(labels="true", seed=0)


def untrainable(condition: Trained) -> Params:
    raise AssertionError(f"nothing is trained here, and {condition} was asked for")


@pytest.fixture(name="network", scope="module")
def _network() -> Network:
    return networks.cnn()


@pytest.fixture(name="parameters")
def _parameters(network: Network) -> Parameters:
    return Parameters(network, np.zeros((2, *network.input_shape), np.float32), untrainable, seed=0)


@pytest.mark.parametrize("condition", [Original(), Rekeyed(seed=1), Randomized(mode="cascading", stage=0, seed=3)])
def test_where_nothing_is_re_drawn_the_parameters_are_the_trained_ones(
    network: Network, parameters: Parameters, condition: Condition
) -> None:
    assert parameters.of(condition) is network.params
    assert parameters.changed(condition) == 0.0


@pytest.mark.parametrize("redraw", ["permute", "initializer", "normal"])
@pytest.mark.parametrize("mode", ["cascading", "independent"])
def test_changed_is_the_share_of_the_stage_s_own_parameters(
    network: Network, parameters: Parameters, mode: str, redraw: str
) -> None:
    for stage, own in enumerate((each.variables for each in network.stages), start=1):
        condition = Randomized(mode=mode, stage=stage, seed=0, redraw=redraw)  # type: ignore[arg-type]
        after = parameters.of(condition)
        moved = sum(int((np.asarray(after[name]) != np.asarray(network.params[name])).sum()) for name in own)
        total = sum(np.asarray(after[name]).size for name in own)
        assert parameters.changed(condition) == moved / total > 0.5  # a permutation leaves few numbers in their places


def test_the_original_s_and_the_last_two_others_are_kept_on_the_device_too(
    network: Network, parameters: Parameters
) -> None:
    before, first = parameters.on_device(network.params), parameters.of(FIRST)
    assert parameters.on_device(first) is parameters.on_device(parameters.of(FIRST))
    parameters.of(SECOND)
    assert parameters.of(FIRST) is first
    parameters.of(THIRD)
    again = parameters.of(FIRST)
    assert again is not first and all(np.array_equal(again[name], first[name]) for name in first)
    assert parameters.on_device(network.params) is before
    assert parameters.on_device(first) is not parameters.on_device(first)


def test_a_training_s_parameters_are_asked_for_once(network: Network) -> None:
    asked: list[Trained] = []

    def trained(condition: Trained) -> Params:
        asked.append(condition)
        return {name: 2 * np.asarray(value) for name, value in network.params.items()}

    parameters = Parameters(network, np.zeros((2, *network.input_shape), np.float32), trained, seed=0)
    assert parameters.of(ANEW) is parameters.of(ANEW)
    assert asked == [ANEW] and parameters.changed(ANEW) == 0.0
