"""The workshop: compiles each method once, draws parameters, batches inputs and serves maps to the checks."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from audit.backend import Compiled, active
from audit.backend.random import input_keys
from audit.methods.method import Method
from audit.network.network import Network, Params
from audit.network.randomize import changed_fraction, randomize, touched
from audit.record import Condition, Original, Randomized, Rekeyed, digest


class Bench:
    """One network, one choice of inputs, any number of methods and conditions.

    Only what is costly and reused is kept: compiled methods, the reference maps of the original condition, and the
    parameters of the last condition asked for (units run condition by condition).
    """

    def __init__(
        self,
        network: Network,
        methods: Mapping[str, Method],
        inputs: np.ndarray,
        *,
        ids: Sequence[str],
        targets: np.ndarray,
        seed: int,
        batch: int,
        gallery: Sequence[int] = (),
    ) -> None:
        self._network, self._methods = network, methods
        self._inputs, self._ids, self._targets = inputs, tuple(ids), targets
        self._seed, self._batch = seed, batch
        self._gallery = tuple(gallery)
        self._compiled: dict[str, Compiled] = {}
        self._references: dict[str, np.ndarray] = {}
        self._drawn: dict[Condition, tuple[Params, Any]] = {}

    @property
    def gallery(self) -> Sequence[int]:
        """Positions of the inputs whose maps are kept for the report."""
        return self._gallery

    @property
    def traces(self) -> Mapping[str, int]:
        """How often each method was traced so far."""
        return {method: compiled.traces for method, compiled in self._compiled.items()}

    def maps(self, method: str, condition: Condition) -> np.ndarray:
        """Return the raw signed maps (n, ...) float32 of a method under a condition; the caller must not write."""
        if not isinstance(condition, Original):
            return self._compute(method, condition)
        if method not in self._references:
            self._references[method] = self._compute(method, condition)
        return self._references[method]

    def noise_maps(self, method: str, draw: int) -> np.ndarray:
        """Return what a method would show if the network contributed noise alone, (n, ...); one draw per number."""
        show = self._methods[method].noise_map
        pairs = zip(self._inputs, self._generators(draw), strict=True)
        return np.stack([show(self._network, x, generator) for x, generator in pairs])

    def changed(self, condition: Condition) -> float:
        """Return the fraction of a condition's own stage's parameters that differ from the trained ones."""
        if not isinstance(condition, Randomized) or condition.stage == 0:
            return 0.0
        own = touched(self._network, condition)[-1]
        return changed_fraction(self._network.params, self._draw(condition)[0], own)

    def _compute(self, method: str, condition: Condition) -> np.ndarray:
        function = self._function(method)
        params = self._draw(condition)[1]
        keys = self._keys(condition)
        to_numpy = active().to_numpy
        parts = [
            to_numpy(function(params, self._inputs[rows], self._targets[rows], keys[rows])) for rows in self._batches
        ]
        return np.concatenate(parts)[: len(self._inputs)].astype(np.float32, copy=False)

    def _function(self, method: str) -> Compiled:
        if method not in self._compiled:
            self._compiled[method] = active().compile(self._methods[method].attribute(self._network))
        return self._compiled[method]

    def _draw(self, condition: Condition) -> tuple[Params, Any]:
        """Return a condition's parameters, as NumPy arrays and on the device."""
        wanted = condition if isinstance(condition, Randomized) and condition.stage else Original()
        if wanted not in self._drawn:
            params = self._network.params
            if isinstance(wanted, Randomized):
                params = randomize(self._network, params, wanted, data=self._inputs)
            kept = {each: drawn for each, drawn in self._drawn.items() if isinstance(each, Original)}
            self._drawn = {**kept, wanted: (params, active().to_device(params))}
        return self._drawn[wanted]

    def _keys(self, condition: Condition) -> np.ndarray:
        other = (condition.seed,) if isinstance(condition, Rekeyed) else ()
        return input_keys(_derived(self._seed, "key", *other), self._ids)

    def _generators(self, draw: int) -> list[np.random.Generator]:
        keys = input_keys(_derived(self._seed, "noise", draw), self._ids)
        return [np.random.Generator(np.random.Philox(key=key.astype(np.uint64))) for key in keys]

    @cached_property
    def _batches(self) -> list[np.ndarray]:
        """Row numbers of each batch, all of one size so that a method is traced once; the last repeats a row."""
        count = len(self._inputs)
        rows = np.minimum(np.arange(-(-count // self._batch) * self._batch), count - 1)
        return np.split(rows, len(rows) // self._batch)


def _derived(seed: int, *purpose: str | int) -> int:
    """Return a seed of its own for each purpose."""
    return int(digest([seed, *purpose])[:8], 16)
