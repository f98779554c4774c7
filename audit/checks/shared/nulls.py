"""The nulls of a re-draw: what maps agree in because of what it leaves intact, and because of the architecture.

Every null is made of the network and the factor that a method multiplies its maps by, so no method can raise its own.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from audit.checks.check import Bench, Measurement
from audit.checks.shared.comparison import DEFAULT_CHANNELS, compare_on, mean_of_defined
from audit.checks.shared.support import support
from audit.maps import USABLE, reduce, unusable
from audit.record import Architecture, Compared, Condition, Intact, Original, Randomized

Scores = dict[str, np.ndarray]


def measure_null(
    method: str, condition: Intact | Architecture, bench: Bench, *, similarity: Any, channels: Compared | None
) -> Measurement:
    """Measure how far maps agree that share with the trained ones no more than a stage of re-draws leaves intact.

    For ``Intact``, by sign (n,): ``noise_...``, the mean similarity of two maps of noise behind what is intact, and
    ``behind_...``, that of such a map to the trained gradient. For ``Architecture`` ``architecture_...`` (1,): the mean
    similarity of gradients of wholly re-drawn networks on *other* inputs; 0 where the method multiplies by the input,
    whose own null exceeds it.
    """
    comparing = _Comparing(method, bench, similarity, channels or DEFAULT_CHANNELS)
    scores = comparing.intact(condition) if isinstance(condition, Intact) else comparing.architecture(condition)
    return Measurement(scores=scores)


def measure_gradient(
    method: str, condition: Condition, bench: Bench, *, similarity: Any, channels: Compared | None
) -> Scores:
    """Compare the plain gradient under a condition with the trained one, as the maps of a method are compared.

    By sign (n,): ``gradient_...``; and ``live`` (n,), 1 where the gradient under the condition is not constant.
    """
    comparing = _Comparing(method, bench, similarity, channels or DEFAULT_CHANNELS)
    return comparing.gradient(condition)


class _Comparing:
    """The comparisons of one method's nulls: on its support, times its factor."""

    def __init__(self, method: str, bench: Bench, similarity: Any, channels: Compared) -> None:
        self._nulls, self._ids = bench.nulls, np.asarray(bench.explained.ids)
        self._similarity, self._channels = similarity, channels
        self._where = support(method, bench, channels)
        self._factor = bench.nulls.factor(method)

    def intact(self, condition: Intact) -> Scores:
        noise = [self._times(self._nulls.noise(condition, draw)) for draw in range(condition.draws)]
        gradient = self._times(self._nulls.gradients(Original()))
        pairs = [self._compare(a, b) for a, b in combinations(noise, 2)]
        behind = [self._compare(gradient, each) for each in noise]
        return {**_means(pairs, "noise"), **_means(behind, "behind")}

    def architecture(self, condition: Architecture) -> Scores:
        maps = [self._nulls.gradients(each) for each in condition.wholly_redrawn()]
        other = np.empty(len(self._ids), int)
        order = np.argsort(self._ids)
        other[order] = np.roll(order, 1)
        found = _means([self._compare(a, b[other]) for a, b in combinations(maps, 2)], "architecture")
        of_all = {
            name: np.array([np.nanmean(each) if np.isfinite(each).any() else 0.0]) for name, each in found.items()
        }
        return of_all if self._factor is None else {name: np.zeros(1) for name in of_all}

    def gradient(self, condition: Condition) -> Scores:
        maps = self._nulls.gradients(condition)
        found = self._compare(self._times(self._nulls.gradients(Original())), self._times(maps))
        live = (unusable(reduce(maps)) == USABLE).astype(np.float64)
        return {**{name.replace("similarity", "gradient"): each for name, each in found.items()}, "live": live}

    def _times(self, maps: np.ndarray) -> np.ndarray:
        return maps if self._factor is None else maps * self._factor

    def _compare(self, a: np.ndarray, b: np.ndarray) -> Scores:
        options: dict[str, Any] = {"similarity": self._similarity, "channels": self._channels}
        found = compare_on(self._where, (a, b), **options, keys=None)
        return {name: each for name, each in found.items() if name.startswith("similarity")}


def _means(draws: Sequence[Scores], name: str) -> Scores:
    """Return the mean over draws of each similarity, that of signed maps by its magnitude."""
    return {
        key.replace("similarity", name): mean_of_defined(
            [np.abs(each[key]) if key.endswith("signed") else each[key] for each in draws]
        )
        for key in draws[0]
    }


def nulls_of(condition: Randomized, draws: int) -> Intact:
    """Return the condition of the null of a stage of re-draws."""
    return Intact(mode=condition.mode, stage=condition.stage, order=condition.order, draws=draws)
