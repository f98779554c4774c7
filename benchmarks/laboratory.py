"""Networks of one architecture trained on the diagnostic data, and what the checks may ask of them.

Every method is compiled once; maps of a network are computed once and kept while that method is measured.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT), str(ROOT / "examples")]

import numpy as np  # noqa: E402  (after the environment that it reads)
from candidates import MOST  # noqa: E402

from audit.record import Condition, Randomized, Trained  # noqa: E402

TWINS = 3
"""Networks of the other task, and untrained ones, for each audited network."""

TOGETHER, APART = 73, 10
"""How many inputs are explained at a time: half of the most, by a compiled method, whose steps cost more than their
inputs; by others few, so that few are explained in vain where a batch is not full."""


@dataclass(frozen=True)
class View:
    """What a check may ask, answered for chosen networks: the audited one, twins by seed, untrained ones by seed.

    All have one architecture, so every method is compiled once; maps of a network are computed once, for the classes
    that it predicts itself.
    """

    lab: "Lab"
    explained: Any
    audited: str
    twins: Sequence[str]
    shown: Mapping[str, str]  # a network -> the one whose maps are shown in its place
    gallery: Sequence[int] = ()

    def params(self, condition: Condition) -> Any:
        """Return the parameters of a condition."""
        if isinstance(condition, Randomized) and condition.stage:
            return self.lab.randomized(self.audited, condition)
        return self.lab.params[self._name(condition)]

    def outputs(self, inputs: np.ndarray, *, params: Any = None) -> np.ndarray:
        """Return the logits of inputs."""
        return self.lab.bench.outputs(inputs, params=self.lab.params[self.audited] if params is None else params)

    def maps(self, method: str, condition: Condition) -> np.ndarray:
        """Return a method's maps under a condition."""
        if isinstance(condition, Randomized) and condition.stage:
            return self.lab.maps(method, self.audited, self.explained, condition)
        name = self._name(condition)
        return self.lab.maps(method, self.shown.get(name, name), self.explained)

    def explain(self, method: str, explained: Any, *, params: Any) -> np.ndarray:
        """Return a method's maps on one of the lab's networks."""
        name = next(name for name, each in self.lab.params.items() if each is params)
        return self.lab.maps(method, self.shown.get(name, name), self.explained)

    def noise_maps(self, method: str, draw: int) -> np.ndarray:
        """Return maps of noise alone."""
        return self.lab.noise_maps(method, draw, self.explained)

    def kept(self, name: tuple[Any, ...], compute: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what a check wants kept, computed anew: here nothing is the same for two networks."""
        return compute()

    def changed(self, condition: Condition) -> float:
        """Return the fraction of a stage's parameters that a re-draw changes."""
        return self.lab.bench.changed(condition)

    def _name(self, condition: Condition) -> str:
        if not isinstance(condition, Trained):
            return self.audited
        return self.twins[condition.seed] if condition.labels == "other" else f"blank{condition.seed}"


class Lab:
    """Networks of one architecture by name, with the bench that explains them; keeps the maps of one method."""

    def __init__(self, models: Mapping[str, Any], source: Any, methods: Mapping[str, Any]) -> None:
        from audit.engine.bench import BenchSettings, NetworkBench
        from audit.engine.fitting import LIMIT
        from audit.network.loading.load import from_model
        from audit.record import Explained

        networks = {name: from_model(model) for name, model in models.items()}
        self.network = next(iter(networks.values()))
        self.params = {name: each.params for name, each in networks.items()}
        data, training = source.load(ROOT), source.training(ROOT)
        rows = slice(0, MOST)
        self.explained = Explained(
            inputs=data.x[rows],
            ids=data.ids[rows].tolist(),
            targets=np.zeros(len(data.x[rows]), np.int32),
            truth={name: each[rows] for name, each in data.truth.items()},
            counterparts={name: each[rows] for name, each in data.counterparts.items()},
        )
        self.methods, self.left_out = usable(self.network, methods)
        fitted_on = training.x[:LIMIT]
        self.bench = NetworkBench(
            self.network,
            self.methods,
            self.explained,
            BenchSettings(seed=0, batch=TOGETHER, fitted_on=fitted_on),
        )
        self._kept: dict[tuple[Any, ...], np.ndarray] = {}
        self._drawn: dict[tuple[str, Condition], Any] = {}

    def classes(self, name: str, explained: Any) -> np.ndarray:
        """Return what a network predicts."""
        return self.bench.outputs(explained.inputs, params=self.params[name]).argmax(axis=1).astype(np.int32)

    def maps(self, method: str, name: str, explained: Any, redraw: Randomized | None = None) -> np.ndarray:
        """Return a method's maps on a network, or on a re-draw of it, for the classes that the network predicts.

        ``explained`` are the first of the lab's inputs.
        """

        def compute() -> np.ndarray:
            own = replace(explained, targets=self.classes(name, explained))
            params = self.randomized(name, redraw) if redraw else self.params[name]
            batch = TOGETHER if self.methods[method].compiled else APART
            return self.bench.explain(method, own, params=params, batch=batch)

        return self._once((method, name, redraw), len(explained.ids), compute)

    def noise_maps(self, method: str, draw: int, explained: Any) -> np.ndarray:
        """Return maps of noise alone, for the first of the lab's inputs."""
        from audit.engine.bench import BenchSettings, NetworkBench

        bench = NetworkBench(self.network, self.methods, explained, BenchSettings(seed=0, batch=TOGETHER))
        return self._once((method, "noise", draw), len(explained.ids), lambda: bench.noise_maps(method, draw))

    def _once(self, wanted: tuple[Any, ...], count: int, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """Return the first maps of what is kept while one method is measured, computed where it has fewer."""
        if wanted not in self._kept or len(self._kept[wanted]) < count:
            self._kept = {key: each for key, each in self._kept.items() if key[0] == wanted[0]}
            self._kept[wanted] = compute()
        return self._kept[wanted][:count]

    def randomized(self, name: str, condition: Randomized) -> Any:
        """Return a network's parameters, re-drawn."""
        from audit.network.randomize import randomize

        if (name, condition) not in self._drawn:
            self._drawn[name, condition] = randomize(self.network, self.params[name], condition)
        return self._drawn[name, condition]


def usable(network: Any, methods: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the methods that apply to a network, and why the others do not."""
    from audit.errors import InputError

    found: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for name, method in methods.items():
        try:
            method.attribute(network)
        except (ImportError, InputError) as error:
            left_out[name] = str(error).splitlines()[0]
        else:
            found[name] = method
    return found, left_out


def averaging(name: str, classes: int) -> Any:
    """Return an untrained network that ends in global average pooling, as CAM needs it; else like the example's."""
    from keras import Input, Sequential, layers

    convolution = {"padding": "same", "activation": "relu"}
    return Sequential(
        [
            Input((20, 20, 1)),
            layers.Conv2D(16, 3, name="conv1", **convolution),
            layers.MaxPooling2D(name="pool1"),
            layers.Conv2D(32, 3, name="conv2", **convolution),
            layers.Conv2D(32, 3, name="conv3", **convolution),
            layers.GlobalAveragePooling2D(name="average"),
            layers.Dense(classes, activation="softmax", name="classes"),
        ],
        name=name,
    )


def labs(networks: int, methods: Mapping[str, Any], network: Any = None) -> tuple[Lab, Lab]:
    """Train everything: networks of both tasks and untrained ones, networks with a shortcut and untrained ones.

    Args:
        networks: how many for each task.
        methods: those to be measured.
        network: ``(name, classes) -> untrained network``; the example's where absent.
    """
    import keras
    import train_diagnostic_cnns as example

    from audit.datasets.planted_shortcut import PlantedShortcutImages
    from audit.datasets.two_objects import TwoObjects

    built = network or example.network

    def blanks(classes: int, count: int) -> dict[str, Any]:
        keras.utils.set_random_seed(networks)
        return {f"blank{seed}": built("network", classes) for seed in range(count)}

    def trained(source: Any, name: str) -> dict[str, Any]:
        return {f"{name}{seed}": example.train(source, "network", seed, built) for seed in range(networks)}

    two = {name: each for task in ("digit", "shape") for name, each in trained(TwoObjects(task=task), task).items()}
    planted, count = trained(PlantedShortcutImages(), "planted"), TWINS + 2 * networks
    return (
        Lab({**two, **blanks(4, count)}, TwoObjects(), methods),
        Lab({**planted, **blanks(2, count)}, PlantedShortcutImages(), methods),
    )


def views(lab: Lab, explained: Any, networks: int) -> tuple[list[View], list[View]]:
    """Return one view for each trained network, and for each its blind variant."""
    from audit.datasets.dataset import DISTRACTOR, DISTRACTOR_SWAPPED, RELEVANT, RELEVANT_SWAPPED

    truth, others = explained.truth, explained.counterparts
    reverse = replace(
        explained,
        truth={RELEVANT: truth[DISTRACTOR], DISTRACTOR: truth[RELEVANT]},
        counterparts={RELEVANT_SWAPPED: others[DISTRACTOR_SWAPPED], DISTRACTOR_SWAPPED: others[RELEVANT_SWAPPED]},
    )
    trained = [name for name in lab.params if not name.startswith("blank")]
    unseen = {name: f"blank{TWINS + number}" for number, name in enumerate(trained)}
    plain = []
    for name in trained:
        other = {"digit": "shape", "shape": "digit"}.get(name.rstrip("0123456789"), "")
        twins = [f"{other}{seed % networks}" for seed in range(TWINS)] if other else []
        data = reverse if name.startswith("shape") else explained
        plain.append(View(lab=lab, explained=data, audited=name, twins=twins, shown={}))
    return plain, [replace(view, shown=unseen) for view in plain]


def first(explained: Any, count: int) -> Any:
    """Return the first of some inputs, with what is known of them."""

    def cut(each: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: array[:count] for name, array in each.items()}

    return replace(
        explained,
        inputs=explained.inputs[:count],
        ids=explained.ids[:count],
        targets=explained.targets[:count],
        truth=cut(explained.truth),
        counterparts=cut(explained.counterparts),
    )
