"""Retrained networks, and their accuracy on inputs with removed features.

Data stay as they are: a batch is modified when it is used. A method's maps are computed and ranked once for all
training and test inputs, and kept while units of that method are measured (they stand together in the plan).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from audit.datasets.dataset import OTHER_LABELS, Dataset
from audit.engine import removal
from audit.errors import UnitError
from audit.network.network import Network, Params
from audit.network.training.trainer import TRAINING_INPUTS, TrainedNetwork, Trainer, Transform, TriedOn
from audit.recipe import Recipe
from audit.record import REFERENCE_RANKINGS, Measurement, Removed, Trained, digest, record

_PROBES = 8  # training inputs on which a rebuilt model is compared with the audited one

Maps = Callable[[str, Dataset], np.ndarray]
"""``(method id, data) -> raw maps (N, ...)`` on the audited network, each input explained for its own class."""

Recall = Callable[[Trained], Params | None]
"""The stored parameters of a training; None where it failed or was not run."""


@record
class Splits:
    """What networks are trained and tested on; both have labels."""

    train: Dataset
    test: Dataset

    @property
    def labels(self) -> tuple[np.ndarray, np.ndarray]:
        """The training and the test labels, (N,) each."""
        return np.asarray(self.train.y), np.asarray(self.test.y)

    @property
    def other_labels(self) -> tuple[np.ndarray, np.ndarray]:
        """The training and the test labels of another task on the same inputs, (N,) each.

        Raises:
            UnitError: the data have none.
        """
        parts = self.train.truth, self.test.truth
        if not all(OTHER_LABELS in part for part in parts):
            raise UnitError("R070", f"`{self.test.name}` has no labels for another task")
        return parts[0][OTHER_LABELS], parts[1][OTHER_LABELS]


class Retraining:
    """One architecture, one recipe, one training and test set."""

    def __init__(self, network: Network, recipe: Recipe, splits: Splits, *, maps: Maps, seed: int) -> None:
        self._network, self._recipe = network, recipe
        self._trainer = Trainer(network, recipe, splits.train.x[:_PROBES])
        self._splits, self._maps, self._seed = splits, maps, seed
        self._mean = removal.channel_mean(splits.train.x)
        self._copies = np.unique(splits.test.ids, return_inverse=True)[1]  # equal inputs have equal ids
        self._ranked: dict[Removed, tuple[np.ndarray, np.ndarray]] = {}

    def train(self, condition: Trained) -> Measurement:
        """Train on intact inputs with true or permuted labels or those of another task; keeps the parameters."""
        trained = self._fit(self._own(_start(condition)), self._labels(condition))
        return Measurement(scores=self._scores(trained), params=trained.params)

    def seconds_per_training(self) -> float:
        """Return the time of one training of all epochs, from one timed epoch after a first that compiles."""
        x, y = self._splits.train.x, self._splits.labels[0]
        shortened = replace(self._recipe, epochs=1, early_stop=None, target_accuracy=None)
        once = Trainer(self._network, shortened, x[:_PROBES])
        once.train(x, y, seed=0)
        started = time.monotonic()
        once.train(x, y, seed=0)
        return (time.monotonic() - started) * self._recipe.epochs

    def params(self, condition: Trained, recall: Recall) -> Params:
        """Return a trained network's parameters, or fresh ones for ``labels: none``.

        Raises:
            UnitError: its training failed or was not run.
        """
        if condition.labels == "none":
            return self._trainer.fresh(self._own(_start(condition)))
        found = recall(condition)
        if not found:
            what = f"the network trained on {condition.labels} labels (seed {condition.seed}) is missing"
            raise UnitError("R010", f"{what}: its training failed")
        return found

    def retrain(self, condition: Removed, recall: Recall) -> Mapping[str, np.ndarray]:
        """Train and test on inputs with features removed, or on their masks, or test the intact network on them."""
        train, test = (
            partial(self._modify, condition, part, ranks)
            for part, ranks in zip((self._splits.train, self._splits.test), self._ranks(condition), strict=True)
        )
        if condition.network == "intact":
            params = self.params(Trained(labels="true", seed=condition.seed), recall)
            hits = self._trainer.hits(params, self._splits.test.x, self._splits.labels[1], transform=test)
            return {"test_accuracy": hits.mean(keepdims=True), "test_hits": self._by_input(hits)}
        # The running accuracy says how the training went; no verdict asks for that of the final weights.
        return self._scores(
            self._fit(self._own(condition.seed), self._splits.labels, train, TriedOn(test_transform=test, train=False))
        )

    def _scores(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        return {**scores_of(trained), "test_hits": self._by_input(trained.test_hits)}

    def _by_input(self, hits: np.ndarray) -> np.ndarray:
        """Return the hits of test rows (N,) by distinct input (C,): copies are one draw. Their mean stays the same."""
        found = np.bincount(self._copies, weights=hits)
        return found * (len(found) / max(len(hits), 1))

    def _own(self, seed: int) -> int:
        """Return the seed of one training, which derives from the audit's."""
        return int(digest([self._seed, "training", seed])[:8], 16)

    def _fit(
        self,
        seed: int,
        labels: tuple[np.ndarray, np.ndarray],
        transform: Transform | None = None,
        tried_on: TriedOn = TRAINING_INPUTS,
    ) -> TrainedNetwork:
        (train, test), tested = labels, self._splits.test.x
        tried_on = replace(tried_on, test=(tested, test))
        return self._trainer.train(self._splits.train.x, train, seed=seed, transform=transform, tried_on=tried_on)

    def _labels(self, condition: Trained) -> tuple[np.ndarray, np.ndarray]:
        """Return the training labels, permuted by the audit's and the training's seed where asked for; the test's."""
        train, test = self._splits.other_labels if condition.labels == "other" else self._splits.labels
        if condition.labels != "permuted":
            return train, test
        return np.random.Generator(np.random.Philox(key=[self._seed, condition.seed])).permutation(train), test

    def _modify(
        self, condition: Removed, data: Dataset, ranks: np.ndarray, rows: np.ndarray, x: np.ndarray
    ) -> np.ndarray:
        gone = removal.mask(ranks[rows], condition.fraction, condition.part)
        if condition.network == "mask":
            return removal.mask_only(gone, x.shape)
        return removal.replace(
            x,
            gone,
            removal.Filling(fill=condition.fill, channel_mean=self._mean, noise=condition.noise, seed=self._seed),
            ids=data.ids[rows].tolist(),
        )

    def _ranks(self, condition: Removed) -> tuple[np.ndarray, np.ndarray]:
        """Return the ranks (N, P) of the training and the test inputs."""
        wanted = _ranking(condition)
        if wanted not in self._ranked:
            self._ranked.clear()
            self._ranked[wanted] = (self._rank(wanted, self._splits.train), self._rank(wanted, self._splits.test))
        return self._ranked[wanted]

    def _rank(self, wanted: Removed, data: Dataset) -> np.ndarray:
        ids = data.ids.tolist()
        if wanted.by in REFERENCE_RANKINGS:
            seed = int(digest([self._seed, wanted.seed])[:8], 16)
            return removal.control_ranks(wanted.by, data.x, ids=ids, seed=seed, unit=wanted.unit)
        return removal.rank(
            self._maps(wanted.by, data),
            removal.Ranking(unit=wanted.unit, channels=wanted.channels, sign=wanted.sign, square=wanted.square),
            ids=ids,
            seed=self._seed,
        )


def _start(condition: Trained) -> int:
    """Return the seed of the fresh weights: networks that are compared must not start from the same ones.

    On true labels it is the seed itself, shared with the retrainings on removed features that are paired with it.
    """
    return condition.seed if condition.labels == "true" else int(digest([condition.labels, condition.seed])[:8], 16)


def _ranking(condition: Removed) -> Removed:
    """Return a condition without what does not change the ranking: the same for all fractions."""
    drawn = condition.seed if condition.by in ("bernoulli", "blurred_random") else 0
    return replace(condition, fraction=0.0, seed=drawn, part="top", fill="channel_mean", network="retrained", noise=0.0)


def scores_of(trained: TrainedNetwork) -> dict[str, np.ndarray]:
    """Return how a training went: float64, by name."""
    names = ("loss", "accuracy", "train_accuracy", "test_accuracy", "epochs", "steps")
    return {name: np.atleast_1d(np.asarray(getattr(trained, name), np.float64)) for name in names}
