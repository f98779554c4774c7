"""What a network shows without a method: where it looks, its plain gradients, and noise behind what is intact."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float32

from audit.backend import active
from audit.backend.random import input_keys
from audit.declare import foreign_classes
from audit.engine.compiled import compiled
from audit.engine.functions import Functions, Subject
from audit.engine.parameters import Parameters
from audit.methods.method import method_value
from audit.network.intact import frontier, noise_behind
from audit.network.network import Params
from audit.network.randomize import touched
from audit.record import Architecture, Condition, Explained, Intact, Original, Randomized, digest

Maps = Float32[np.ndarray, "n ..."]

_ALONE = 64  # entries that are tried one by one; more of them together


class NetworkNulls:
    """What an audited network shows of the explained inputs, whatever the method; all numbers derive from the seed.

    Units run condition by condition, so what all methods need of the last condition is kept, and what belongs to the
    trained network.
    """

    def __init__(self, functions: Functions, parameters: Parameters, explained: Explained, *, seed: int) -> None:
        """Start with nothing computed."""
        self._functions, self._parameters, self._explained, self._seed = functions, parameters, explained, seed
        self._network = functions.network
        self._trained: dict[str, np.ndarray] = {}
        self._last: tuple[Condition, dict[int, np.ndarray]] = (Original(), {})

    def gradients(self, condition: Condition) -> Maps:
        """Return the gradients (n, ...) of the explained logits under a condition."""
        if not isinstance(condition, Original):
            return self._latest(condition, 0, lambda: self._gradients(condition))
        if "gradients" not in self._trained:
            self._trained["gradients"] = self._gradients(condition)
        return self._trained["gradients"]

    def noise(self, condition: Intact, draw: int) -> Maps:
        """Return noise (n, ...) pulled back to the input through what a stage of re-draws leaves intact."""
        return self._latest(condition, draw, lambda: self._noise(condition, draw))

    def reach(self) -> Bool[np.ndarray, "n ..."]:
        """Return which entries of each explained input (n, ...) the network looks at.

        Those with a gradient at that input, as trained or with all stages re-drawn; and those that have none at any
        input although their values, exchanged among the inputs, move a logit: a lookup has no gradient. All of an
        input's entries where none is seen to matter.
        """
        if "reach" not in self._trained:
            self._trained["reach"] = self._reach()
        return self._trained["reach"]

    def factor(self, method: str) -> Maps | None:
        """Return what a method multiplies its maps by (n, ...), in magnitude; None where it does not."""
        if not self._functions.method(method).multiplies_input:
            return None
        baselines = self._functions.baselines(method, self._network, self._explained)
        return np.abs(self._explained.inputs - baselines.mean(axis=0))

    def undeclared(self, method: str) -> bool:
        """Whether code from outside does not say if it multiplies its maps by the input."""
        own = self._functions.method(method)
        outside = own.code is not None or bool(foreign_classes(own))
        return outside and own.multiplies_input is None

    def _latest(self, condition: Condition, number: int, compute: Callable[[], Maps]) -> Maps:
        if self._last[0] != condition:
            self._last = (condition, {})
        found = self._last[1]
        if number not in found:
            found[number] = compute()
        return found[number]

    def _gradients(self, condition: Condition) -> Maps:
        own = self._network
        return self._functions.shown(
            "gradient", lambda: compiled(method_value("gradient"), own), self._subject(condition, 0)
        )

    def _noise(self, condition: Intact, draw: int) -> Maps:
        stages = touched(self._network, _redrawn(condition))
        positions = frontier(self._network, {name for stage in stages for name in stage.variables})
        function = noise_behind(self._network, positions)
        name, precision = f"noise behind {positions}", self._network.precision
        subject = self._subject(Original(), draw)
        return self._functions.shown(name, lambda: active().compile(function, precision), subject)

    def _reach(self) -> Bool[np.ndarray, "n ..."]:
        stages = len(self._network.stages)
        whole = Architecture(stages=stages).wholly_redrawn() if stages else ()
        seen = np.any([self._gradients(each) != 0 for each in (Original(), *whole)], axis=0)
        for entries in _groups(~seen.any(axis=0)):
            if any(self._moves(entries, self._parameters.of(each)) for each in (Original(), *whole)):
                seen |= entries
        seen[~seen.any(axis=tuple(range(1, seen.ndim)))] = True
        return seen

    def _moves(self, entries: Bool[np.ndarray, "..."], params: Params) -> bool:
        """Whether a logit moves when entries of the inputs are exchanged among them."""
        inputs, order = self._explained.inputs, np.argsort(np.asarray(self._explained.ids))
        others = np.empty_like(inputs)
        others[order] = inputs[np.roll(order, 1)]
        before, after = (
            self._functions.outputs(self._network, params, each) for each in (inputs, np.where(entries, others, inputs))
        )
        return bool((before != after).any())

    def _subject(self, condition: Condition, draw: int) -> Subject:
        return Subject(
            network=self._network,
            params=self._parameters.of(condition),
            explained=self._explained,
            keys=input_keys(int(digest([self._seed, "intact", draw])[:8], 16), self._explained.ids),
            draws=self._network.draws,
        )


def _redrawn(condition: Intact) -> Randomized:
    return Randomized(mode=condition.mode, stage=condition.stage, seed=0, order=condition.order)


def _groups(hidden: Bool[np.ndarray, "..."]) -> list[Bool[np.ndarray, "..."]]:
    """Return masks of hidden entries: of each alone where there are few, otherwise one of all."""
    places = np.argwhere(hidden)
    if len(places) > _ALONE:
        return [hidden]
    masks = [np.zeros_like(hidden) for _ in places]
    for mask, place in zip(masks, places, strict=True):
        mask[tuple(place)] = True
    return masks
