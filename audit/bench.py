"""The workshop: compiles each method once, draws parameters, batches inputs and serves maps to the checks."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.backend import Compiled, active
from audit.backend.random import input_keys
from audit.errors import UnitError
from audit.fitting import Fits
from audit.methods.baselines import baselines
from audit.methods.compiled import compiled, pullback
from audit.methods.fitted import learner
from audit.methods.method import Method
from audit.network.network import Network, Params
from audit.network.randomize import changed_fraction, randomize, touched
from audit.record import Condition, Measurement, Original, Randomized, Rekeyed, Removed, Trained, digest
from audit.variants import Explained, Variant, variant

if TYPE_CHECKING:
    from audit.retraining import Recall, Retraining

__all__ = ["Bench", "Explained"]

_KEPT_VARIANTS = 8  # other networks than the audited one, with their compiled functions


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
        fitted_on: np.ndarray | None = None,
    ) -> None:
        """Set the bench up; fitted methods learn from ``fitted_on`` (m, ...), or else from the explained inputs."""
        self._network, self._methods, self._explained = network, dict(methods), explained
        self._seed, self._batch, self._gallery = seed, batch, tuple(gallery)
        self._compiled: dict[str, Compiled] = {}
        self._drawn: dict[Condition, tuple[Params, Any]] = {}
        self._variants: dict[tuple[str, float, int], Variant] = {}
        self._others: dict[int, tuple[Network, dict[str, Any]]] = {}
        self._fitted_on = explained.inputs if fitted_on is None else fitted_on
        self._fits = Fits(network.params)
        self._retraining: tuple[Retraining, Recall] | None = None
        self._kept: dict[tuple[Hashable, ...], np.ndarray] = {}

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

    def maps(self, method: str, condition: Condition, inputs: np.ndarray | None = None) -> np.ndarray:
        """Return the raw signed maps (n, ...) float32 of a method under a condition; the caller must not write.

        ``inputs`` (n, ...) stand in place of the explained ones, with their random keys and classes.
        """
        if inputs is not None:
            return self._compute(method, condition, replace(self._aimed(condition), inputs=inputs))
        if not isinstance(condition, Original):
            return self._compute(method, condition, self._aimed(condition))
        return self.kept(("reference", method), lambda: self._compute(method, condition, self._explained))

    @property
    def explained(self) -> Explained:
        """The inputs that are explained, their ids and classes."""
        return self._explained

    @property
    def network(self) -> Network:
        """The audited network."""
        return self._network

    def explain(
        self,
        method: str,
        explained: Explained,
        *,
        network: Network | None = None,
        params: Params | None = None,
        batch: int | None = None,
    ) -> np.ndarray:
        """Return the raw maps (n, ...) of other inputs, or on another network; nothing is kept but what was compiled.

        Args:
            method: its id.
            explained: the inputs; an input with the same id gets the same random key.
            network: in place of the audited one, its parameters too.
            params: in place of the network's own.
            batch: how many inputs are explained at a time.

        Raises:
            InputError: the method does not apply to that network.
        """
        function = self._function(method) if network is None else self._other(method, network)
        chosen = network or self._network
        given = self._with_fits(method, chosen, chosen.params if params is None else params, explained)
        return self._serve(function, given, explained, self._keys(Original(), explained.ids), batch or self._batch)

    def pullback(
        self, method: str, explained: Explained, cotangents: np.ndarray, *, network: Network | None = None
    ) -> np.ndarray:
        """Return the gradients (n, ...), with respect to the inputs, of the sums of each map times its cotangent.

        Args:
            method: its id.
            explained: the inputs at which the maps are differentiated; keys as in ``explain``.
            cotangents: shaped like the maps, float32.
            network: in place of the audited one, its parameters too; a smooth one has second derivatives.

        Raises:
            InputError: the method does not apply to that network.
            UnitError: the method cannot be differentiated.
        """
        chosen, own = network or self._network, self._methods[method]
        function = self._compiled_once(f"pullback of {method}", chosen, lambda other: pullback(own, other))
        params = self._with_fits(method, chosen, chosen.params, explained)
        keys = self._keys(Original(), explained.ids)
        return self._serve(function, params, explained, keys, self._batch, cotangents)

    def altered(self, method: str, **fields: Any) -> str | None:
        """Return the id of the same method with other fields, or None if it lacks one of them."""
        own = self._methods[method]
        if not all(hasattr(own, name) for name in fields):
            return None
        other = f"{method}{fields}"
        self._methods[other] = replace(own, **fields)  # type: ignore[type-var]  # every method is a dataclass
        return other

    def baselines(self, method: str, inputs: np.ndarray, *, network: Network | None = None) -> np.ndarray:
        """Return what a method measures each input's contributions from (d, n, ...): d that it declares, or zeros.

        Raises:
            InputError: the method does not apply to that network, in place of the audited one.
        """
        _ = self._function(method) if network is None else self._other(method, network)
        return baselines(self._methods[method], inputs)

    def outputs(
        self, inputs: np.ndarray, *, network: Network | None = None, params: Params | None = None
    ) -> np.ndarray:
        """Return the logits (n, K) of inputs (n, ...)."""
        chosen = network or self._network
        given = active().to_device(chosen.params if params is None else params)
        function = self._compiled_once("", chosen, lambda other: active().compile(other.apply, other.precision))
        parts = [active().to_numpy(function(given, inputs[rows])) for rows in _batches(len(inputs), self._batch)]
        return np.concatenate(parts)[: len(inputs)]

    def variant(self, name: str, *, level: float = 0.0, seed: int = 0) -> Variant:
        """Return another network with its inputs, made from the audited ones; the last few are kept.

        Raises:
            InputError: this network has no such variant.
        """
        wanted = (name, level, seed)
        if wanted not in self._variants:
            built = variant(name, self._network, self._explained, level=level, seed=seed)
            for oldest in list(self._variants)[: max(0, len(self._variants) + 1 - _KEPT_VARIANTS)]:
                del self._variants[oldest]
            self._variants[wanted] = built
        return self._variants[wanted]

    def kept(self, name: tuple[Hashable, ...], compute: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what a check needs again and again, such as maps of the original model: computed once, then kept."""
        if name not in self._kept:
            self._kept[name] = compute()
        return self._kept[name]

    def _aimed(self, condition: Condition) -> Explained:
        """Return the inputs with the classes to explain: fixed, or on a re-drawn model those that it predicts."""
        if not isinstance(condition, Randomized) or condition.target == "fixed" or condition.stage == 0:
            return self._explained

        def predicted() -> np.ndarray:
            return self.outputs(self._explained.inputs, params=self.params(condition)).argmax(axis=1).astype(np.int32)

        return replace(self._explained, targets=self.kept(("predicted", condition), predicted))

    @property
    def classes(self) -> int:
        """How many logits the network has."""
        return self._network.classes

    def params(self, condition: Condition) -> Params:
        """Return the parameters of a condition; the caller must not write."""
        return self._draw(condition)[0]

    def noise_maps(self, method: str, draw: int, inputs: np.ndarray | None = None) -> np.ndarray:
        """Return what a method would show if the network contributed noise alone, (n, ...); one draw per number.

        ``inputs`` (n, ...) in place of the explained ones meet the same noise.
        """
        show = self._methods[method].noise_map
        keys = input_keys(_derived(self._seed, "noise", draw), self._explained.ids).astype(np.uint64)
        generators = [np.random.Generator(np.random.Philox(key=key)) for key in keys]
        shown = self._explained.inputs if inputs is None else inputs
        pairs = zip(shown, generators, strict=True)
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
        function = self._function(method)
        params = self._with_fits(method, self._network, self.params(condition), explained)
        return self._serve(function, params, explained, self._keys(condition, explained.ids), self._batch)

    def _with_fits(self, method: str, network: Network, params: Params, explained: Explained) -> Any:
        """Return parameters on the device, with what a fitted method learned for them."""
        drawn = [self._draw(Original()), *self._drawn.values()]
        device = next((tensors for arrays, tensors in drawn if arrays is params), None) or active().to_device(params)
        learn = self._compiled_once(f"fit of {method}", network, lambda other: learner(self._methods[method], other))
        if learn is None:
            return device
        return {**device, **self._fits.of(method, learn, network, params, self._inputs_to_fit(network, explained))}

    def _inputs_to_fit(self, network: Network, explained: Explained) -> np.ndarray:
        """Return the audited network's data as a variant takes them, or where it takes others, its own inputs."""
        if network is self._network:
            return self._fitted_on
        made = next((each for each in self._variants.values() if each.network is network), None)
        own = explained if made is None else made.explained
        if made is not None and made.carry is not None:
            return made.carry(self._fitted_on)
        return self._fitted_on if own.inputs is self._explained.inputs else own.inputs

    def _serve(
        self, function: Compiled, params: Any, explained: Explained, keys: np.ndarray, batch: int, *more: np.ndarray
    ) -> np.ndarray:
        to_numpy = active().to_numpy
        parts = [
            to_numpy(
                function(params, explained.inputs[rows], explained.targets[rows], keys[rows], *(a[rows] for a in more))
            )
            for rows in _batches(len(keys), batch)
        ]
        return np.concatenate(parts)[: len(keys)].astype(np.float32, copy=False)

    def _other(self, method: str, network: Network) -> Compiled:
        return self._compiled_once(method, network, lambda other: compiled(self._methods[method], other))

    def _compiled_once(self, name: str, network: Network, build: Callable[[Network], Any]) -> Any:
        """Return what is built for a network, told apart by identity; what belongs to the last few networks is kept."""
        if id(network) not in self._others:
            for oldest in list(self._others)[: max(0, len(self._others) + 1 - _KEPT_VARIANTS)]:
                del self._others[oldest]
            self._others[id(network)] = (network, {})
        functions = self._others[id(network)][1]
        if name not in functions:
            functions[name] = build(network)
        return functions[name]

    def _function(self, method: str) -> Compiled:
        if method not in self._compiled:
            self._compiled[method] = compiled(self._methods[method], self._network)
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
