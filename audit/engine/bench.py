"""The bench: turns conditions into parameters, keys, classes and networks, and serves the maps to the checks."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Float32, UInt32

from audit.backend.random import input_keys
from audit.engine.functions import Functions, Subject
from audit.engine.nulls import NetworkNulls
from audit.engine.parameters import Parameters
from audit.engine.variants import Variants
from audit.errors import UnitError
from audit.methods.method import Method
from audit.network.network import Network, Params
from audit.network.random_states import Key, other_keys
from audit.record import (
    Condition,
    Explained,
    Measurement,
    Original,
    Randomized,
    Rekeyed,
    Removed,
    Trained,
    Variant,
    digest,
    record,
)

if TYPE_CHECKING:
    from audit.engine.retraining import Recall, Retraining

__all__ = ["BenchSettings", "NetworkBench", "Explained"]


@record
class BenchSettings:
    """How a bench works: ``batch`` inputs at a time; all randomness derives from ``seed``.

    ``gallery`` are the positions of the inputs whose maps are kept for the report. Fitted methods learn from
    ``fitted_on`` (m, ...), or else from the explained inputs.
    """

    seed: int
    batch: int
    gallery: Sequence[int] = ()
    fitted_on: Float32[np.ndarray, "m ..."] | None = None


class NetworkBench:
    """One network, one choice of inputs, any number of methods and conditions.

    Only what is costly and reused is kept: compiled methods, the parameters of the last conditions, the last variants,
    the reference maps of the original condition, and what checks ask to keep.
    """

    def __init__(
        self,
        network: Network,
        methods: Mapping[str, Method],
        explained: Explained,
        settings: BenchSettings,
    ) -> None:
        self._network, self._explained = network, explained
        self._seed, self._gallery, fitted_on = settings.seed, tuple(settings.gallery), settings.fitted_on
        self._parameters = Parameters(network, explained.inputs, self._trained, seed=settings.seed)
        self._variants = Variants(network, explained, explained.inputs if fitted_on is None else fitted_on)
        self._functions = Functions(
            network,
            methods,
            batch=settings.batch,
            on_device=self._parameters.on_device,
            fitting_inputs=self._variants.fitting_inputs,
        )
        self._nulls = NetworkNulls(self._functions, self._parameters, explained, seed=settings.seed)
        self._retraining: tuple[Retraining, Recall] | None = None
        self._kept: dict[tuple[Hashable, ...], np.ndarray] = {}

    @property
    def network(self) -> Network:
        """The audited network."""
        return self._network

    @property
    def nulls(self) -> NetworkNulls:
        """What the network shows without a method."""
        return self._nulls

    @property
    def classes(self) -> int:
        """How many logits the network has."""
        return self._network.classes

    @property
    def explained(self) -> Explained:
        """The inputs that are explained, their ids and classes."""
        return self._explained

    @property
    def gallery(self) -> Sequence[int]:
        """Positions of the inputs whose maps are kept for the report."""
        return self._gallery

    @property
    def traces(self) -> Mapping[str, int]:
        """How often each method was traced so far."""
        return self._functions.traces

    def maps(
        self, method: str, condition: Condition, inputs: Float32[np.ndarray, "n ..."] | None = None
    ) -> Float32[np.ndarray, "n ..."]:
        """Return the raw signed maps (n, ...) float32 of a method under a condition; the caller must not write.

        ``inputs`` (n, ...) stand in place of the explained ones, with their random keys and classes.
        """
        if isinstance(condition, Original) and inputs is None:
            return self.kept(("reference", method), lambda: self._maps(method, condition, self._explained))
        aimed = self._aimed(condition)
        return self._maps(method, condition, aimed if inputs is None else replace(aimed, inputs=inputs))

    def explain(
        self,
        method: str,
        explained: Explained,
        *,
        network: Network | None = None,
        params: Params | None = None,
        batch: int | None = None,
    ) -> Float32[np.ndarray, "n ..."]:
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
        return self._functions.maps(method, self._subject(explained, network, params), batch=batch)

    def pullback(
        self,
        method: str,
        explained: Explained,
        cotangents: Float32[np.ndarray, "n ..."],
        *,
        network: Network | None = None,
    ) -> Float32[np.ndarray, "n ..."]:
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
        return self._functions.pullback(method, self._subject(explained, network), cotangents)

    def altered(self, method: str, **fields: Any) -> str | None:
        """Return the id of the same method with other fields, or None if it lacks one of them."""
        return self._functions.altered(method, **fields)

    def baselines(
        self, method: str, inputs: Float32[np.ndarray, "n ..."], *, network: Network | None = None
    ) -> Float32[np.ndarray, "d n ..."]:
        """Return what a method measures each input's contributions from (d, n, ...): d that it declares, or zeros.

        Raises:
            InputError: the method does not apply to that network, in place of the audited one.
        """
        return self._functions.baselines(method, network or self._network, replace(self._explained, inputs=inputs))

    def outputs(
        self, inputs: Float32[np.ndarray, "n ..."], *, network: Network | None = None, params: Params | None = None
    ) -> Float[np.ndarray, "n classes"]:
        """Return the logits (n, K) of inputs (n, ...)."""
        chosen = network or self._network
        return self._functions.outputs(chosen, chosen.params if params is None else params, inputs)

    def noise_maps(
        self, method: str, draw: int, inputs: Float32[np.ndarray, "n ..."] | None = None
    ) -> Float32[np.ndarray, "n ..."]:
        """Return what a method would show if the network contributed noise alone, (n, ...); one draw per number.

        ``inputs`` (n, ...) in place of the explained ones meet the same noise.
        """
        show = self._functions.method(method).noise_map
        network = self._functions.fitted(method, self._network, self._explained)
        # An input's generators share their entropy: a method takes from it what all draws of a null have in common.
        entropy = input_keys(_derived(self._seed, "noise"), self._explained.ids).tolist()
        seeds = [np.random.SeedSequence(each, spawn_key=(draw,)) for each in entropy]
        generators = [np.random.Generator(np.random.Philox(each)) for each in seeds]
        shown = self._explained.inputs if inputs is None else inputs
        pairs = zip(shown, generators, strict=True)
        return np.stack([show(network, x, generator) for x, generator in pairs])

    def variant(self, name: str, *, level: float = 0.0, seed: int = 0, precision: str = "float32") -> Variant:
        """Return another network with its inputs, made from the audited ones; the last few are kept.

        Raises:
            InputError: this network has no such variant, or it cannot be computed in that precision.
        """
        drawn = _derived(self._seed, "variant", seed)
        return self._variants.of(name, level=level, seed=drawn, precision=precision)

    def kept(self, name: tuple[Hashable, ...], compute: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what a check needs again and again, such as maps of the original model: computed once, then kept."""
        if name not in self._kept:
            self._kept[name] = compute()
        return self._kept[name]

    def params(self, condition: Condition) -> Params:
        """Return the parameters of a condition; the caller must not write."""
        return self._parameters.of(condition)

    def changed(self, condition: Condition) -> float:
        """Return the fraction of a condition's own stage's parameters that differ from the trained ones."""
        return self._parameters.changed(condition)

    def equip(self, retraining: "Retraining", recall: "Recall") -> None:
        """Make trainings possible; ``recall`` gives the stored parameters of a training."""
        self._retraining = (retraining, recall)

    def train(self, condition: Trained) -> Measurement:
        """Train as a condition says; the scores of the training, and its parameters."""
        return self._equipment()[0].train(condition)

    def retrain(self, condition: Removed) -> Mapping[str, np.ndarray]:
        """Train and test as a removal condition says; scores by name: ``test_accuracy`` (1,), ``test_hits`` (n,)."""
        retraining, recall = self._equipment()
        return retraining.retrain(condition, recall)

    def _maps(self, method: str, condition: Condition, explained: Explained) -> Float32[np.ndarray, "n ..."]:
        subject = Subject(
            network=self._network,
            params=self.params(condition),
            explained=explained,
            keys=self._keys(condition, explained.ids),
            draws=self._draws(condition),
        )
        return self._functions.maps(method, subject)

    def _subject(self, explained: Explained, network: Network | None, params: Params | None = None) -> Subject:
        chosen, keys = network or self._network, self._keys(Original(), explained.ids)
        given = chosen.params if params is None else params
        return Subject(network=chosen, params=given, explained=explained, keys=keys, draws=chosen.draws)

    def _keys(self, condition: Condition, ids: Sequence[str]) -> UInt32[np.ndarray, "n 2"]:
        other = (condition.seed,) if isinstance(condition, Rekeyed) else ()
        return input_keys(_derived(self._seed, "key", *other), ids)

    def _draws(self, condition: Condition) -> tuple[Key, ...]:
        """Return the draws of the network itself: others under another key."""
        draws = self._network.draws
        return other_keys(draws, condition.seed) if isinstance(condition, Rekeyed) else draws

    def _aimed(self, condition: Condition) -> Explained:
        """Return the inputs with the classes to explain: fixed, or on a re-drawn model those that it predicts."""
        if not isinstance(condition, Randomized) or condition.target == "fixed" or condition.stage == 0:
            return self._explained

        def predicted() -> np.ndarray:
            return self.outputs(self._explained.inputs, params=self.params(condition)).argmax(axis=1).astype(np.int32)

        return replace(self._explained, targets=self.kept(("predicted", condition), predicted))

    def _trained(self, condition: Trained) -> Params:
        retraining, recall = self._equipment()
        return retraining.params(condition, recall)

    def _equipment(self) -> "tuple[Retraining, Recall]":
        if self._retraining is None:
            raise UnitError(
                "R011",
                "networks cannot be trained: missing `training:` section",
                fix="add a `training:` section to the spec",
            )
        return self._retraining


def _derived(seed: int, *purpose: str | int) -> int:
    """Return a seed of its own for each purpose."""
    return int(digest([seed, *purpose])[:8], 16)
