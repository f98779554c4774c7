"""Methods with NumPy between evaluations of the network: run in Python, on a compiled function of the parameters.

Such a method declares ``compiled = False``: its maps are not one compiled function, so it has no derivative and is no
base of another method. Inputs are explained one by one, so a map depends on neither batch nor order.
"""

from collections.abc import Callable
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int, Integer, UInt32

from audit.methods.method import Attribute
from audit.methods.shared.path_baseline import Baseline, baseline_of
from audit.methods.shared.segments import Units, check_units, labels_of
from audit.record import record

if TYPE_CHECKING:
    from audit.backend import Compiled
    from audit.network.network import Network, Params

Game = Callable[[np.ndarray], np.ndarray]
"""``kept (n, M) bool -> logits (n, K)`` of one input whose other units are replaced by the baseline's. The units are
those that replacing changes: the others are worth exactly nothing, whatever is drawn."""

_ENTRIES = 2**20  # of the inputs that are evaluated at a time: 4 MiB, whatever their size and the number of samples
_MOST = 128


@record
class _Cut:
    """One input, what replaces it, and the labels that cut it into units."""

    x: Float32[np.ndarray, "*input"]
    start: Float32[np.ndarray, "*input"]
    labels: Int[np.ndarray, "..."]


class OverUnits(Protocol):
    """A method that replaces units of the input by a baseline and sees what the network says."""

    @property
    def units(self) -> Units:
        """What is replaced as one."""
        ...

    @property
    def segments(self) -> int:
        """About how many."""
        ...

    @property
    def baseline(self) -> Baseline:
        """By what."""
        ...

    def worth(self, game: Game, labels: np.ndarray, target: int, generator: np.random.Generator) -> np.ndarray:
        """Return what the map shows at each unit (M,); ``labels`` (p,) numbers the unit of each of their pixels."""
        ...


def over_units(method: OverUnits, network: "Network", name: str) -> Attribute:
    """Return the attribution of a method that replaces units: ``worth`` of each input's own game.

    Raises:
        InputError: the inputs have no such units; ``name`` is the method's in a spec.
    """
    from audit.backend import active

    check_units(network, method.units, method.segments, name)
    apply = active().compile(network.apply, network.precision)

    def attribution(
        params: "Params", x: Float[Any, "n ..."], target: Integer[Any, "n"], key: UInt32[Any, "n 2"]
    ) -> Float32[np.ndarray, "n ..."]:
        given, inputs = active().to_device(params), np.asarray(x, np.float32)
        starts = baseline_of(method.baseline, inputs, np, origin=np.asarray(network.origin)).astype(np.float32)

        def explained(row: np.ndarray, start: np.ndarray, label: int, own: np.ndarray) -> np.ndarray:
            labels = labels_of(row, method.units, method.segments)
            able = changeable(row, start, labels)
            values = np.zeros(len(able))
            if able.any():
                number = np.cumsum(able) - 1
                game = partial(_logits, apply, given, _Cut(x=row, start=start, labels=number[labels]))
                players = number[labels[able[labels]]]
                values[able] = method.worth(game, players, int(label), generator_of(own))
            return on_units(values, labels, row.shape)

        rows = zip(inputs, starts, np.asarray(target), np.asarray(key), strict=True)
        return np.stack([explained(*each) for each in rows])

    return attribution


def changeable(x: np.ndarray, start: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return which units (M,) bool replacing changes at all: one that shows the baseline already is worth nothing."""
    differs = (x != start).reshape(labels.size, -1).any(axis=1)
    return np.bincount(labels.ravel(), differs) > 0


def generator_of(key: UInt32[np.ndarray, "2"]) -> np.random.Generator:
    """Return the generator that an input's random key (2,) uint32 seeds."""
    return np.random.Generator(np.random.Philox(key=key.astype(np.uint64)))


def on_units(
    values: Float[np.ndarray, "units"], labels: Int[np.ndarray, "..."], shape: tuple[int, ...]
) -> Float32[np.ndarray, "..."]:
    """Return each unit's value at all its pixels, (H, W, 1), or features, (F,): float32."""
    places = labels.shape if len(shape) == 1 else (*labels.shape, 1)
    return values[labels].reshape(places).astype(np.float32)


def unit_noise(
    method: OverUnits, x: Float32[np.ndarray, "*input"], generator: np.random.Generator
) -> tuple[Float[np.ndarray, "units"], Int[np.ndarray, "..."]]:
    """Return what units (M,) are worth to a linear score with noise for weights, and the units' labels.

    A unit that shows the baseline already is worth nothing to any network, and that alone makes maps alike.
    """
    labels = labels_of(x, method.units, method.segments)
    added = generator.standard_normal(x.shape, dtype=np.float32) * (x - baseline_of(method.baseline, x[None], np)[0])
    return np.bincount(labels.ravel(), added.reshape(labels.size, -1).sum(axis=1)), labels


def _logits(
    apply: "Compiled", params: Any, cut: _Cut, kept: Bool[np.ndarray, "n units"]
) -> Float64[np.ndarray, "n classes"]:
    """Return the logits (n, K) of copies that keep some units (n, M); a fixed number at a time, so one trace."""
    from audit.backend import active

    x, labels = cut.x, cut.labels
    size = max(1, min(_MOST, _ENTRIES // prod(x.shape)))
    count, found = len(kept), []
    for first in range(0, count, size):
        rows = np.minimum(np.arange(first, first + size), count - 1)
        seen = kept[rows][:, labels].reshape(size, *labels.shape, *(1,) * (x.ndim - labels.ndim))
        found.append(active().to_numpy(apply(params, np.where(seen, x, cut.start))))
    return np.concatenate(found)[:count].astype(np.float64)
