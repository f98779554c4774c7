"""What fitted methods are fitted on, and what they learned of the last parameters that they were asked about."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import numpy as np

from audit.backend import active
from audit.datasets.dataset import Dataset, choose, validate
from audit.methods.fitted import learner
from audit.methods.method import Learn, Method
from audit.network.network import Network, Params
from audit.record import record

LIMIT = 2000
"""How many training inputs methods are fitted on, at most: they are fitted for every condition. This project's choice;
a covariance of 2,000 pairs is known to 1 / sqrt(2,000), 2 % of the spreads."""


@record
class FittingData:
    """What learns (methods by id), from which inputs (m, ...) float32, and in words how many of which they are."""

    methods: frozenset[str]
    inputs: np.ndarray
    words: str

    def of(self, method: str) -> str | None:
        """Say what a method was fitted on, digest and all, since other inputs give other maps; None if it was not."""
        if method not in self.methods:
            return None
        return f"{self.words} (SHA-256 {sha256(np.ascontiguousarray(self.inputs).tobytes()).hexdigest()[:16]}...)"


def fitting_data(
    network: Network,
    methods: Mapping[str, Method],
    explained: np.ndarray,
    training: Callable[[], Dataset | None],
    seed: int,
) -> FittingData:
    """Return the data source's training inputs, at most ``LIMIT`` drawn by the seed, or else the explained inputs.

    Args:
        network: the audited network.
        methods: those that apply to it, by id; where none of them is fitted, no training inputs are read.
        explained: the explained inputs (n, ...).
        training: reads the data source's training inputs; None where it has none.
        seed: of the choice among them.

    Raises:
        InputError: the training inputs do not fit the model.
    """
    fitted = frozenset(name for name, method in methods.items() if learner(method, network) is not None)
    train = training() if fitted else None
    if train is None:
        return FittingData(methods=fitted, inputs=explained, words=f"the {len(explained)} explained inputs")
    validate(train, network.input_shape, network.classes)
    rows = choose(train, min(LIMIT, len(train.x)), seed)
    words = f"{len(rows)} of {len(train.x)} inputs of {train.name}"
    return FittingData(methods=fitted, inputs=train.x[rows], words=words)


class Fits:
    """What each fitted method learned for a network's own parameters, and for the last two others."""

    def __init__(self, own: Params) -> None:
        """Start empty; ``own`` are the parameters of the audited network."""
        self._own = own
        self._learned: dict[tuple[str, int, int], tuple[Network, Params, Any]] = {}

    def of(self, method: str, learn: Learn, network: Network, params: Params, inputs: np.ndarray) -> Mapping[str, Any]:
        """Return what a method (by id) learned for these parameters, told apart by identity, on the device."""
        wanted = (method, id(network), id(params))
        if wanted not in self._learned:
            others = [each for each, kept in self._learned.items() if each[0] == method and kept[1] is not self._own]
            for each in others[:-1]:
                del self._learned[each]
            self._learned[wanted] = (network, params, active().to_device(learn(params, inputs)))
        return self._learned[wanted][2]
