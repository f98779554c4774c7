"""Methods at work on networks: each compiled once for a network, fitted to its parameters, and fed in batches."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from audit.backend import Compiled, active
from audit.engine.baselines import baselines
from audit.engine.compiled import compiled, pullback
from audit.engine.fitting import Fits
from audit.errors import UnitError
from audit.methods.fitted import learner
from audit.methods.method import Method
from audit.network.network import Network, Params
from audit.network.random_states import Key, keyed
from audit.record import Explained, record

_KEPT_NETWORKS = 8  # other networks than the audited one, with their compiled functions

OnDevice = Callable[[Params], Any]
"""``params -> tensors``: parameters on the device, converted once where they are met again."""

FittingInputs = Callable[[Network, Explained], np.ndarray]
"""``(network, explained) -> inputs (m, ...)`` from which fitted methods learn on a network."""


@record
class Subject:
    """What a method explains: a network with these parameters, and inputs with their random keys (n, 2)."""

    network: Network
    params: Params
    explained: Explained
    keys: np.ndarray
    draws: tuple[Key, ...] = ()  # of a network that draws random numbers: its maps are means over them


class Functions:
    """Any number of methods, by id, as functions of any network.

    Kept are all functions of the audited network, and those of the last few others.
    """

    def __init__(
        self,
        network: Network,
        methods: Mapping[str, Method],
        *,
        batch: int,
        on_device: OnDevice,
        fitting_inputs: FittingInputs,
    ) -> None:
        """Start with nothing compiled; ``batch`` is how many inputs are computed at a time."""
        self._network, self._methods, self._batch = network, dict(methods), batch
        self._on_device, self._fitting_inputs = on_device, fitting_inputs
        self._own: dict[tuple[str, str], Any] = {}
        self._others: dict[int, tuple[Network, dict[tuple[str, str], Any]]] = {}
        self._fits = Fits(network.params)

    @property
    def network(self) -> Network:
        """The audited network."""
        return self._network

    @property
    def traces(self) -> Mapping[str, int]:
        """How often each method was traced on the audited network so far."""
        return {method: function.traces for (what, method), function in self._own.items() if what == "maps"}

    def method(self, method: str) -> Method:
        """Return a method by its id."""
        return self._methods[method]

    def altered(self, method: str, **fields: Any) -> str | None:
        """Return the id of the same method with other fields, or None if it lacks one of them."""
        own = self._methods[method]
        if not {each.name for each in dataclasses.fields(own)}.issuperset(fields):
            return None
        other = f"{method}{fields}"
        self._methods[other] = replace(own, **fields)
        return other

    def maps(self, method: str, subject: Subject, *, batch: int | None = None) -> np.ndarray:
        """Return the raw signed maps (n, ...) float32.

        Raises:
            InputError: the method does not apply to that network.
            UnitError: the method's maps have another shape than its inputs.
        """
        function = self._function(method, subject.network)
        maps = self._explain(function, method, subject, batch=batch or self._batch)
        _check_shape(method, maps.shape[1:], subject.explained.inputs.shape[1:])
        return maps

    def shown(self, name: str, build: Callable[[], Compiled], subject: Subject) -> np.ndarray:
        """Return what a function ``(params, x, target, key)`` of a network shows of inputs (n, ...), float32.

        It is built once for each name and network, and learns nothing.
        """
        function = self._once("shown", name, subject.network, build)
        explained, params = subject.explained, self._on_device(subject.params)
        arrays = (explained.inputs, explained.targets, subject.keys)
        return mean_in_batches(function, params, *arrays, batch=self._batch, draws=subject.draws)

    def pullback(self, method: str, subject: Subject, cotangents: np.ndarray) -> np.ndarray:
        """Return the gradients (n, ...), with respect to the inputs, of the sums of each map times its cotangent.

        Raises:
            InputError: the method does not apply to that network.
            UnitError: the method cannot be differentiated.
        """
        own, network = self._methods[method], subject.network
        function = self._once("pullback", method, network, lambda: pullback(own, network))
        return self._explain(function, method, subject, cotangents, batch=self._batch)

    def baselines(self, method: str, network: Network, explained: Explained) -> np.ndarray:
        """Return what a method measures each input's contributions from (d, n, ...): d that it declares, or zeros.

        Raises:
            InputError: the method does not apply to that network.
        """
        self._function(method, network)
        return baselines(self._methods[method], explained.inputs, self.fitted(method, network, explained).params)

    def fitted(self, method: str, network: Network, explained: Explained) -> Network:
        """Return a network with what a method learned for it among its parameters; itself where nothing was."""
        learned = self._learned(method, network, network.params, explained)
        arrays = {name: active().to_numpy(each) for name, each in learned.items()}
        return replace(network, params={**network.params, **arrays}) if arrays else network

    def outputs(self, network: Network, params: Params, inputs: np.ndarray) -> np.ndarray:
        """Return the logits (n, K) of inputs (n, ...)."""
        function = self._once("logits", "", network, lambda: active().compile(network.apply, network.precision))
        return mean_in_batches(function, self._tensors(network, params), inputs, batch=self._batch, draws=network.draws)

    def _function(self, method: str, network: Network) -> Compiled:
        return self._once("maps", method, network, lambda: compiled(self._methods[method], network))

    def _explain(
        self, function: Compiled, method: str, subject: Subject, *cotangents: np.ndarray, batch: int
    ) -> np.ndarray:
        explained = subject.explained
        arrays = (explained.inputs, explained.targets, subject.keys, *cotangents)
        params = self._fitted(method, subject)
        found = mean_in_batches(function, params, *arrays, batch=batch, draws=subject.draws)
        return found.astype(np.float32, copy=False)

    def _fitted(self, method: str, subject: Subject) -> Any:
        """Return parameters on the device, with what a fitted method learned for them."""
        learned = self._learned(method, subject.network, subject.params, subject.explained)
        return {**self._tensors(subject.network, subject.params), **learned}

    def _tensors(self, network: Network, params: Params) -> Any:
        """Return parameters on the device: a network that computes in float64 may hold some of that precision."""
        wide = network.precision == "float64"
        return active().to_device(params, network.precision) if wide else self._on_device(params)

    def _learned(self, method: str, network: Network, params: Params, explained: Explained) -> Mapping[str, Any]:
        """Return what a fitted method learned for these parameters, on the device; nothing for other methods."""
        learn = self._once("fit", method, network, lambda: learner(self._methods[method], network))
        if learn is None:
            return {}
        return self._fits.of(method, learn, network, params, self._fitting_inputs(network, explained))

    def _once(self, what: str, method: str, network: Network, build: Callable[[], Any]) -> Any:
        functions = self._functions_of(network)
        if (what, method) not in functions:
            functions[what, method] = build()
        return functions[what, method]

    def _functions_of(self, network: Network) -> dict[tuple[str, str], Any]:
        """Return what was built for a network; networks are told apart by identity."""
        if network is self._network:
            return self._own
        if id(network) not in self._others:
            for oldest in list(self._others)[: max(0, len(self._others) + 1 - _KEPT_NETWORKS)]:
                del self._others[oldest]
            self._others[id(network)] = (network, {})
        return self._others[id(network)][1]


def _check_shape(method: str, received: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Refuse maps that do not lie on their inputs: a part of a map would be judged as if it were the whole."""
    allowed = [expected, (*expected[:-1], 1)] if len(expected) > 1 else [expected]
    if received not in allowed:
        raise UnitError(
            "T198",
            f"the maps of `{method}` do not have the shape of its inputs",
            expected=" or ".join(map(str, allowed)),
            received=str(received),
            fix="return a number for each entry of the input, or for each pixel with one channel",
        )


def in_batches(function: Compiled, params: Any, *arrays: np.ndarray, batch: int) -> np.ndarray:
    """Return a compiled function's results (n, ...) for arrays (n, ...), in batches of one size: it is traced once."""
    count, to_numpy = len(arrays[0]), active().to_numpy
    rows = np.minimum(np.arange(-(-count // batch) * batch), count - 1)  # the last batch repeats a row
    batches = np.split(rows, len(rows) // batch)
    return np.concatenate([to_numpy(function(params, *(each[some] for each in arrays))) for some in batches])[:count]


def mean_in_batches(
    function: Compiled, params: Any, *arrays: np.ndarray, batch: int, draws: Sequence[Key]
) -> np.ndarray:
    """Return the means of the results over the draws of a network, or its results where it draws nothing."""
    if not draws:
        return in_batches(function, params, *arrays, batch=batch)
    mean: Any = 0.0
    for key in draws:
        mean = mean + in_batches(function, keyed(params, key), *arrays, batch=batch).astype(np.float64) / len(draws)
    return mean.astype(np.float32)
