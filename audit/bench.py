"""The workshop: compiles each method once, draws parameters, batches inputs and serves maps to the checks."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.backend import Compiled, active
from audit.backend.random import input_keys
from audit.errors import UnitError
from audit.methods.method import Method
from audit.network.network import Network, Params
from audit.network.randomize import changed_fraction, randomize, touched
from audit.record import Condition, Measurement, Original, Randomized, Rekeyed, Removed, Trained, digest, record

if TYPE_CHECKING:
    from audit.retraining import Recall, Retraining


@record
class Explained:
    """Inputs (n, ...) float32 with their ids (n,) and the classes (n,) int32 that are explained."""

    inputs: np.ndarray
    ids: Sequence[str]
    targets: np.ndarray


class Bench:
    """One network, one choice of inputs, any number of methods and conditions.

    Only what is costly and reused is kept: compiled methods, the reference maps of the original condition, and the
    parameters of the last conditions asked for (units run condition by condition).
    """

    def __init__(
        self,
        network: Network,
        methods: Mapping[str, Method],
        explained: Explained,
        *,
        seed: int,
        batch: int,
        gallery: Sequence[int] = (),
    ) -> None:
        self._network, self._methods, self._explained = network, methods, explained
        self._seed, self._batch, self._gallery = seed, batch, tuple(gallery)
        self._compiled: dict[str, Compiled] = {}
        self._references: dict[str, np.ndarray] = {}
        self._drawn: dict[Condition, tuple[Params, Any]] = {}
        self._retraining: tuple[Retraining, Recall] | None = None

    def equip(self, retraining: "Retraining", recall: "Recall") -> None:
        """Make trainings possible; ``recall`` gives the stored parameters of a training."""
        self._retraining = (retraining, recall)

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
            return self._compute(method, condition, self._explained)
        if method not in self._references:
            self._references[method] = self._compute(method, condition, self._explained)
        return self._references[method]

    def explain(self, method: str, explained: Explained) -> np.ndarray:
        """Return the raw maps (n, ...) of other inputs on the audited model; nothing is kept."""
        return self._compute(method, Original(), explained)

    def noise_maps(self, method: str, draw: int) -> np.ndarray:
        """Return what a method would show if the network contributed noise alone, (n, ...); one draw per number."""
        show = self._methods[method].noise_map
        keys = input_keys(_derived(self._seed, "noise", draw), self._explained.ids).astype(np.uint64)
        generators = [np.random.Generator(np.random.Philox(key=key)) for key in keys]
        pairs = zip(self._explained.inputs, generators, strict=True)
        return np.stack([show(self._network, x, generator) for x, generator in pairs])

    def changed(self, condition: Condition) -> float:
        """Return the fraction of a condition's own stage's parameters that differ from the trained ones."""
        if not isinstance(condition, Randomized) or condition.stage == 0:
            return 0.0
        own = touched(self._network, condition)[-1]
        return changed_fraction(self._network.params, self._draw(condition)[0], own)

    def train(self, condition: Trained) -> Measurement:
        """Train as a condition says; the scores of the training, and its parameters."""
        return self._equipment()[0].train(condition)

    def retrain(self, condition: Removed) -> Mapping[str, np.ndarray]:
        """Train and test as a removal condition says; scores by name, ``test_accuracy`` (1,) among them."""
        retraining, recall = self._equipment()
        return retraining.retrain(condition, recall)

    def _equipment(self) -> "tuple[Retraining, Recall]":
        if self._retraining is None:
            raise UnitError("R011", "nothing can be trained here", fix="add `training` to the spec")
        return self._retraining

    def _compute(self, method: str, condition: Condition, explained: Explained) -> np.ndarray:
        function, params = self._function(method), self._draw(condition)[1]
        keys, to_numpy = self._keys(condition, explained.ids), active().to_numpy
        parts = [
            to_numpy(function(params, explained.inputs[rows], explained.targets[rows], keys[rows]))
            for rows in _batches(len(keys), self._batch)
        ]
        return np.concatenate(parts)[: len(keys)].astype(np.float32, copy=False)

    def _function(self, method: str) -> Compiled:
        if method not in self._compiled:
            self._compiled[method] = active().compile(self._methods[method].attribute(self._network))
        return self._compiled[method]

    def _draw(self, condition: Condition) -> tuple[Params, Any]:
        """Return a condition's parameters, as NumPy arrays and on the device.

        Kept: the original's and the last two others, as many as are compared at a time.
        """
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
            return randomize(self._network, self._network.params, condition, data=self._explained.inputs)
        if isinstance(condition, Trained):
            retraining, recall = self._equipment()
            return retraining.params(condition, recall)
        return self._network.params

    def _keys(self, condition: Condition, ids: Sequence[str]) -> np.ndarray:
        other = (condition.seed,) if isinstance(condition, Rekeyed) else ()
        return input_keys(_derived(self._seed, "key", *other), ids)


def _batches(count: int, size: int) -> list[np.ndarray]:
    """Return the row numbers of each batch, all of one size so that a method is traced once; the last repeats a row."""
    rows = np.minimum(np.arange(-(-count // size) * size), count - 1)
    return np.split(rows, len(rows) // size)


def _derived(seed: int, *purpose: str | int) -> int:
    """Return a seed of its own for each purpose."""
    return int(digest([seed, *purpose])[:8], 16)
