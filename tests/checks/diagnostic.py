"""Made-up diagnostic data with a made-up model, for the checks that know the truth: nothing is computed by a network.

Each input holds two squares of noise at known places. The model names class 0 or 1 by the brightness of one of them.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from audit.checks.check import Check
from audit.datasets.shared.compose import boxes, corners
from audit.record import Condition, Evidence, Explained, Randomized, Trained, Unit
from tests.audits import make_facts

N = 40
FACTS = make_facts(N)
Maps = Callable[[Explained, str], np.ndarray]
"""``(inputs, the thing that the model uses: "relevant" or "distractor") -> maps (n, H, W, 1)``."""


def explained(size: int = 8) -> Explained:
    """Inputs of which either square is bright or dark, independently."""
    generator = np.random.Generator(np.random.Philox(1))
    places = corners((size, size), N, generator)
    truth: dict[str, np.ndarray] = {
        name: boxes(places[:, n], size) for n, name in enumerate(("relevant", "distractor"))
    }
    bright = generator.random((2, N)) < 0.5
    signs = {name: np.where(bright[n], 1.0, -1.0) for n, name in enumerate(truth)}

    def drawn(flipped: str = "") -> np.ndarray:
        each = [(-1 if name == flipped else 1) * signs[name][:, None, None] * truth[name] for name in truth]
        return np.sum(each, axis=0)[..., None].astype(np.float32)

    swapped = {f"{name}_swapped": drawn(name) for name in ("relevant", "distractor")}
    return Explained(
        inputs=drawn(),
        ids=[str(n) for n in range(N)],
        targets=np.zeros(N, np.int32),
        truth=truth,
        counterparts=swapped,
    )


class DiagnosticBench:
    """Parameters are the weights of the two squares, (relevant, distractor); maps are those of a made-up method."""

    gallery = (0,)

    def __init__(self, maps: Maps, audited: tuple[float, float] = (1, 0), twin: tuple[float, float] = (0, 1)) -> None:
        self.explained = explained()
        self._maps, self._audited, self._twin = maps, audited, twin

    def params(self, condition: Condition) -> tuple[float, float]:
        return self._twin if isinstance(condition, Trained) else self._audited

    def outputs(self, inputs: np.ndarray, *, params: Any = None) -> np.ndarray:
        weights = self._audited if params is None else params
        values = [(inputs[..., 0] * self.explained.truth[name]).sum(axis=(1, 2)) for name in ("relevant", "distractor")]
        score = np.tensordot(weights, values, 1)
        return np.stack([-score, score], axis=1)

    def maps(self, method: str, condition: Condition) -> np.ndarray:
        knows_nothing = isinstance(condition, Randomized) or getattr(condition, "labels", "true") == "none"
        return self._maps(self.explained, f"neither {condition.seed}" if knows_nothing else "relevant")

    def explain(self, method: str, explained: Explained, *, params: Any) -> np.ndarray:
        return self._maps(explained, "distractor" if params[1] > params[0] else "relevant")


def found(check: Check, bench: DiagnosticBench) -> list[Evidence]:
    """The evidence of every unit and training of a check."""
    measured = [(condition, check.measure("m", condition, bench).scores) for condition in check.conditions(FACTS)]
    trainings: list[tuple[Condition, Mapping[str, Any]]] = [(each, {}) for each in check.trainings(FACTS)]
    return [
        Evidence(
            unit=Unit(check=name, settings=check.settings(), method={}, condition=condition, world="w"),
            status="done",
            scores=scores,
        )
        for name, units in (("c", measured), ("training", trainings))
        for condition, scores in units
    ]


def sees_only_what_matters(inputs: Explained, used: str) -> np.ndarray:
    """The method that is right: ones where the model looks, noise where it looks nowhere."""
    if used not in inputs.truth:
        return noise(inputs, used)
    return inputs.truth[used][..., None].astype(np.float32)


def blind(inputs: Explained, used: str) -> np.ndarray:
    """The input itself, whatever the model uses."""
    return inputs.inputs


def noise(inputs: Explained, used: str) -> np.ndarray:
    """A new map for every model."""
    return np.random.default_rng(list(used.encode())).standard_normal(inputs.inputs.shape).astype(np.float32)


def nothing(inputs: Explained, used: str) -> np.ndarray:
    """A map without a place."""
    return np.zeros_like(inputs.inputs)
