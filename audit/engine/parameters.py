"""The parameters that a condition asks for: as trained, re-drawn, or retrained."""

from collections.abc import Callable
from typing import Any

import numpy as np

from audit.backend import active
from audit.network.network import Network, Params
from audit.network.randomize import changed_fraction, randomize, touched
from audit.record import Condition, Original, Randomized, Trained


class Parameters:
    """A network's parameters under each condition, as NumPy arrays and on the device.

    Kept: the original's and the last two others, as many as are compared at a time (units run condition by condition).
    """

    def __init__(self, network: Network, data: np.ndarray, trained: Callable[[Trained], Params], *, seed: int) -> None:
        """Start empty; moving statistics are measured on ``data`` (n, ...), ``trained`` gives those of a training."""
        self._network, self._data, self._trained, self._seed = network, data, trained, seed
        self._drawn: dict[Condition, tuple[Params, Any]] = {}

    def of(self, condition: Condition) -> Params:
        """Return the parameters of a condition; the caller must not write."""
        return self._draw(condition)[0]

    def on_device(self, params: Params) -> Any:
        """Return parameters as tensors, those of the kept conditions converted only once."""
        kept = [self._draw(Original()), *self._drawn.values()]
        return next((tensors for arrays, tensors in kept if arrays is params), None) or active().to_device(params)

    def changed(self, condition: Condition) -> float:
        """Return the fraction of a condition's own stage's parameters that differ from the trained ones."""
        if not isinstance(condition, Randomized) or condition.stage == 0:
            return 0.0
        own = touched(self._network, condition)[-1]
        return changed_fraction(self._network.params, self.of(condition), own)

    def _draw(self, condition: Condition) -> tuple[Params, Any]:
        changes = isinstance(condition, Trained) or (isinstance(condition, Randomized) and condition.stage)
        wanted = condition if changes else Original()
        if wanted not in self._drawn:
            params = self._parameters(wanted)
            others = [each for each in self._drawn if not isinstance(each, Original)]
            for each in others[:-1]:
                del self._drawn[each]
            self._drawn[wanted] = (params, active().to_device(params))
        return self._drawn[wanted]

    def _parameters(self, condition: Condition) -> Params:
        if isinstance(condition, Randomized):
            return randomize(self._network, self._network.params, condition, seed=self._seed, data=self._data)
        if isinstance(condition, Trained):
            return self._trained(condition)
        return self._network.params
