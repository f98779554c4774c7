"""ROAR's toy experiment with a ranking that knows nothing: draws of data and training, and what is judged of each."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from audit.datasets.dataset import Dataset, identified
from audit.engine.retraining import Retraining, Splits
from audit.network.loading.load import from_model
from audit.network.params import Params
from audit.recipe import Recipe
from audit.record import Evidence, Judgement, Trained, Unit, digest
from tests.checks.accuracies import facts

_TOY = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "make_roar_toy.py"))


def judged(check: Any, seed: int, rows: int) -> Judgement:
    """Return what a check says of random numbers as maps, for data, weights, maps and removals of one seed."""
    x, y, _ = _TOY["draw"](rows, seed)
    half = rows // 2
    train, test = (_part(x[part], y[part], seed) for part in (slice(half), slice(half, None)))
    recipe = Recipe(solver="least_squares")
    retraining = Retraining(
        from_model(_TOY["network"]()), recipe, Splits(train=train, test=test), maps=_maps(seed), seed=seed
    )
    known = facts(accuracy=None, test=len(test.x), shares=())
    trained = [(each, retraining.train(each)) for each in check.trainings(known)]
    recall = _recalled({each: measured.params for each, measured in trained})
    removed = [each for each in (*check.shared(known), *check.conditions(known)) if each.by in ("bernoulli", "method")]
    found = [(each, measured.scores) for each, measured in trained]
    found += [(each, retraining.retrain(each, recall)) for each in removed]
    return check.judge([_evidence(*each) for each in found], known)


def _part(x: np.ndarray, y: np.ndarray, seed: int) -> Dataset:
    ids = np.array([str(row) for row in range(len(x))])
    return identified(Dataset(x=x, y=y, ids=ids, class_names=(), name="toy"), seed)


def _maps(seed: int) -> Callable[[str, Dataset], np.ndarray]:
    def maps(method: str, data: Dataset) -> np.ndarray:
        own = int(digest([seed, data.ids[0]])[:8], 16)
        return np.random.default_rng(own).random(data.x.shape, np.float32)

    return maps


def _recalled(trained: dict[Any, Params]) -> Callable[[Trained], Params | None]:
    return trained.get


def _evidence(condition: Any, scores: Any) -> Evidence:
    unit = Unit(check="any", settings={}, method={}, condition=condition, world="w")
    return Evidence(unit=unit, status="done", scores=scores)
