"""Trains a network anew: the same architecture, fresh weights, the spec's recipe; a pure function of data and seed."""

from types import MappingProxyType

import numpy as np

from audit.backend import active
from audit.errors import InputError
from audit.network.network import Network, Params
from audit.network.random_states import keyed
from audit.network.randomize import randomize
from audit.network.training import keras_objects as recipes
from audit.network.training import least_squares
from audit.network.training.adapting import adapted, check_adaptable
from audit.network.training.training_loop import LoopResult, TrainingLoop, Transform
from audit.recipe import Recipe
from audit.record import Randomized, record

__all__ = ["TRAINING_INPUTS", "TrainedNetwork", "Trainer", "Transform", "TriedOn"]

_BATCH = 256  # inputs per compiled call when accuracies are measured; the last is filled up, so one trace is enough


@record
class TrainedNetwork:
    """A network trained from fresh weights.

    ``loss`` and ``accuracy`` (epochs,) float64 are the running means of each epoch, as Keras prints them: with dropout
    and augmentation. ``train_accuracy`` and ``test_accuracy`` are those of the final weights, without either. All
    accuracies are NaN for a regression. ``ended`` says why it stopped: all epochs, target accuracy or early stop.
    """

    params: Params
    loss: np.ndarray
    accuracy: np.ndarray
    train_accuracy: float
    test_accuracy: float  # NaN without test data
    test_hits: np.ndarray  # (tests,) as ``hits`` says; empty without test data
    epochs: int
    steps: int
    ended: str


@record
class TriedOn:
    """What the final weights are tried on, which decides nothing: test inputs with their labels, changed on the fly.

    ``train``: whether also on the training inputs, which costs about a quarter of an epoch; NaN without.
    """

    test: tuple[np.ndarray, np.ndarray] | None = None
    test_transform: Transform | None = None
    train: bool = True


TRAINING_INPUTS = TriedOn()


class Trainer:
    """Trains one architecture by one recipe, as often as asked; compiled once.

    Nothing carries over: weights, batch statistics, the optimizer's state, the learning rate and all random states are
    set from the arguments, so a training gives the same bytes in any order and in any process of the same machine.

    Source: Hooker et al. 2019, arXiv:1806.10758, section 3 (fresh weights for each training); Adebayo et al. 2018,
    arXiv:1810.03292, section 3.2 (training until an accuracy on the training data).
    """

    def __init__(self, network: Network, recipe: Recipe, probe: np.ndarray | None = None) -> None:
        """Build and compile; no training is traced yet.

        Args:
            network: the audited model.
            recipe: how it is trained.
            probe: inputs (n, ...) as the model sees them, on which it is measured what a training step fills, and that
                the rebuilt model is the audited one; zeros by default.

        Raises:
            InputError: the model cannot be rebuilt from its configuration, or the recipe does not fit it.
        """
        self._network, self._recipe = network, recipe
        self._loss = recipes.loss_name(network, recipe)
        if recipe.target_accuracy is not None and recipes.regresses(network, self._loss):
            raise InputError(
                "M029",
                "a regression has no accuracy",
                where="training.target_accuracy",
                received=f"loss {self._loss}",
                fix="remove `target_accuracy`",
            )
        self._fit = None
        if recipe.solver == "least_squares":
            least_squares.check(network)
        else:
            zeros = np.zeros((2, *network.input_shape), np.float32)
            self._fit = TrainingLoop(network, recipe, self._loss, zeros if probe is None else probe)
        if recipe.adapted == "again":
            check_adaptable(network)
        self._apply = active().compile(network.apply)

    def fresh(self, seed: int) -> Params:
        """Return untrained parameters (NumPy): each variable from its own initializer and a seed of its own.

        What a training step fills (batch statistics, say) is as the architecture builds it. What is neither trained
        nor filled (an adapted normalisation's mean, say) stays.

        Raises:
            InputError: a variable's initializer is not known.
        """
        everything = Randomized(
            mode="cascading", stage=len(self._network.stages), seed=seed, redraw="initializer", batch_norm="reset"
        )
        drawn = randomize(self._network, self._network.params, everything)
        return drawn if self._fit is None else MappingProxyType({**drawn, **self._fit.untrained(seed)})

    def train(
        self,
        x: np.ndarray,
        y: np.ndarray,
        *,
        seed: int,
        transform: Transform | None = None,
        tried_on: TriedOn = TRAINING_INPUTS,
    ) -> TrainedNetwork:
        """Train from fresh weights and measure accuracies.

        Args:
            x: training inputs (n, ...) float32, as the model sees them.
            y: their classes (n,), whole numbers from 0; real numbers (n,) or (n, K) for a regression.
            seed: of weights, order, dropout, augmentation and of the inputs held out for an early stop.
            transform: changes each batch on the fly, given its rows of ``x``; the changed data are never all kept.
            tried_on: what the final weights are tried on.

        Raises:
            InputError: the labels are of another kind than the loss needs.
            UnitError: the training diverged, or other steps were run than were asked for.
        """
        fitted = self._train(x, y, seed, transform)
        test = self.hits(fitted.params, *tried_on.test, tried_on.test_transform) if tried_on.test else np.zeros(0)
        return TrainedNetwork(
            params=fitted.params,
            loss=fitted.loss,
            accuracy=fitted.accuracy,
            train_accuracy=self.accuracy(fitted.params, x, y, transform) if tried_on.train else float("nan"),
            test_accuracy=_share(test),
            test_hits=test,
            epochs=len(fitted.loss),
            steps=fitted.steps,
            ended=fitted.ended,
        )

    def accuracy(self, params: Params, x: np.ndarray, y: np.ndarray, transform: Transform | None = None) -> float:
        """Return the share of inputs whose class the network names; NaN for a regression, and without inputs."""
        return _share(self.hits(params, x, y, transform))

    def hits(self, params: Params, x: np.ndarray, y: np.ndarray, transform: Transform | None = None) -> np.ndarray:
        """Return for each input (n,) float64 1 where the network names its class, else 0; NaN for a regression.

        One logit names class 1 where it is positive.
        """
        if not len(x) or y.dtype.kind not in "iub" or self._no_classes:
            return np.full(len(x), np.nan)
        held = active().to_device(params)
        rows = np.minimum(np.arange(-(-len(x) // _BATCH) * _BATCH), len(x) - 1).reshape(-1, _BATCH)
        logits = np.concatenate([self._logits(held, _taken(x, each, transform)) for each in rows])
        named = logits.argmax(axis=1) if self._network.classes > 1 else logits[:, 0] > 0
        return (named[: len(x)] == y).astype(np.float64)

    def _logits(self, params: Params, x: np.ndarray) -> np.ndarray:
        """Return the logits of a batch, the means over the network's draws where it has any."""
        drawn = [keyed(params, key) for key in self._network.draws] or [params]
        return np.mean([active().to_numpy(self._apply(each, x)) for each in drawn], axis=0)

    @property
    def _no_classes(self) -> bool:
        return self._fit is not None and recipes.regresses(self._network, self._loss)

    def _train(self, x: np.ndarray, y: np.ndarray, seed: int, transform: Transform | None) -> LoopResult:
        if self._fit is not None:
            targets = recipes.targets(self._network, self._loss, y)
            start = self._start(seed, x, transform)
            return self._fit.run(start, x, targets, seed=seed, transform=transform)
        return self._solve(x, y, transform)

    def _start(self, seed: int, x: np.ndarray, transform: Transform | None) -> Params:
        """Return fresh parameters, with normalisations adapted to the training inputs where the recipe says so."""
        fresh = self.fresh(seed)
        if self._recipe.adapted == "keep":
            return fresh
        rows = np.array_split(np.arange(len(x)), -(-len(x) // _BATCH))
        again = adapted(self._network, fresh, lambda: (_taken(x, each, transform) for each in rows))
        return MappingProxyType({**fresh, **again})

    def _solve(self, x: np.ndarray, y: np.ndarray, transform: Transform | None) -> LoopResult:
        """Solve exactly, which counts as one epoch of one step. Classes become -1 and 1, or one-hot rows."""
        classes = y.dtype.kind in "iub"
        targets = recipes.targets(self._network, "categorical_crossentropy" if classes else self._loss, y)
        targets = 2 * targets - 1 if classes and self._network.classes == 1 else targets
        params, error = least_squares.solve(self._network, _taken(x, np.arange(len(x)), transform), targets)
        solved = {name: params[name] for name in self._network.params}
        correct = self.accuracy(solved, x, y, transform)
        return LoopResult(
            params=solved, loss=np.array([error]), accuracy=np.array([correct]), steps=1, ended="all epochs"
        )


def _share(hits: np.ndarray) -> float:
    return float(hits.mean()) if hits.size else float("nan")


def _taken(x: np.ndarray, rows: np.ndarray, transform: Transform | None) -> np.ndarray:
    return x[rows] if transform is None else transform(rows, x[rows]).astype(np.float32, copy=False)
