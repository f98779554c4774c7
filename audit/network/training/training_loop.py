"""One Keras model, compiled once and trained any number of times, each time as if it had never been trained."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from audit.errors import UnitError
from audit.network.network import Network, Params
from audit.network.params import value_of
from audit.network.training import keras_objects as recipes
from audit.network.training.rebuilt import rebuilt, starting_state, variables_of
from audit.recipe import Recipe
from audit.record import digest, record

Transform = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""``(rows (B,) int64, inputs (B, ...)) -> inputs``: changes a batch on the fly; must not write to what it is given."""


@record
class LoopResult:
    """What a training left: parameters, running loss and accuracy per epoch, steps, and why it ended."""

    params: Params
    loss: np.ndarray
    accuracy: np.ndarray
    steps: int
    ended: str


class TrainingLoop:
    """A network's Keras model with its optimizer; traced and compiled at the first training only.

    The last batch of an epoch has the size that is left, so that each input counts once per epoch and batch
    normalisation sees real inputs alone. On JAX that size is compiled too, once.
    """

    def __init__(self, network: Network, recipe: Recipe, loss: str, probe: np.ndarray) -> None:
        """Build and compile; what a training step fills is measured on inputs ``probe`` (n, ...).

        Raises:
            InputError: the model cannot be rebuilt or is another one, or the recipe does not fit it.
        """
        self._network, self._recipe = network, recipe
        model = rebuilt(network)
        self._variables = variables_of(network, model)
        self._state = starting_state(network, model, probe)
        augmentation = recipes.keras_augmentation(recipe, network.input_shape)
        if augmentation:
            model = keras.Sequential([keras.Input(network.input_shape), *augmentation, model])
        self._model, self._optimizer = model, recipes.keras_optimizer(recipe)
        model.compile(
            optimizer=self._optimizer,
            loss=recipes.keras_loss(network, loss),
            metrics=recipes.keras_metrics(network, loss),
            jit_compile=keras.backend.backend() == "jax",
        )
        self._optimizer.build(model.trainable_variables)
        self._initial = [_compact(variable) for variable in self._optimizer.variables]
        self._rate = float(value_of(self._optimizer.learning_rate))

    def run(
        self, params: Params, x: np.ndarray, y: np.ndarray, *, seed: int, transform: Transform | None
    ) -> LoopResult:
        """Train from ``params`` on inputs ``x`` (n, ...) and targets ``y``; a pure function of its arguments.

        Raises:
            UnitError: the loss or a weight is not finite, or other steps were run than were asked for.
        """
        self._reset(params, seed)
        recipe, order = self._recipe, shuffled(len(x), seed, "held out")
        held = int(np.ceil(len(x) * recipe.early_stop.validation_fraction)) if recipe.early_stop else 0
        batches = _Batches(x, y, np.sort(order[held:]), recipe.batch_size, transform)
        watch = _Watch(batches, recipe, seed, self._rate)
        callbacks: list[Any] = [watch]
        if recipe.early_stop:
            # Keras keeps the weights of the best epoch by the loss on inputs held out of the training data.
            callbacks.append(
                keras.callbacks.EarlyStopping(
                    monitor="val_loss", patience=recipe.early_stop.patience, restore_best_weights=True
                )
            )
        validation = _Batches(x, y, np.sort(order[:held]), recipe.batch_size, transform) if held else None
        history = self._model.fit(
            batches, epochs=recipe.epochs, validation_data=validation, callbacks=callbacks, shuffle=False, verbose=0
        ).history
        return self._fitted(history, watch, len(batches))

    def untrained(self, seed: int) -> Params:
        """Return the parameters that no optimizer trains, as a training starts: as audited, or fresh if it fills them.

        Fresh values that differ from one another (a direction, a code book) are shuffled by the seed.
        """
        names = {id(variable): name for name, variable in self._variables.items()}
        found: dict[str, np.ndarray] = {}
        for place, each in enumerate(self._state):
            if id(each.variable) in names:
                flat, order = each.value.reshape(-1), np.arange(each.value.size)
                order = shuffled(flat.size, seed, "filled", place) if each.filled else order
                found[names[id(each.variable)]] = flat[order].reshape(each.value.shape)
        for array in found.values():
            array.flags.writeable = False
        return found

    def _reset(self, params: Params, seed: int) -> None:
        for each in self._state:
            each.variable.assign(each.value)
        for name, variable in self._variables.items():
            variable.assign(params[name])
        for variable, value in zip(self._optimizer.variables, self._initial, strict=True):
            variable.assign(np.broadcast_to(value, variable.shape))
        for position, state in enumerate(_random_states(self._model)):
            state.assign([_derived(seed, "state", position) % 2**31, 0])

    def _fitted(self, history: Mapping[str, list[float]], watch: "_Watch", per_epoch: int) -> LoopResult:
        loss = np.asarray(history["loss"], np.float64)
        accuracy = np.asarray(history.get("accuracy", np.full(len(loss), np.nan)), np.float64)
        if not np.isfinite(loss).all():
            what = f"the training diverged: the loss of epoch {len(loss)} is {loss[-1]}"
            raise UnitError("R811", what, expected="a finite loss", fix="lower the learning rate")
        params = self._params()
        broken = [name for name, array in params.items() if not np.isfinite(array).all()]
        if broken:
            what = f"the training diverged: after epoch {len(loss)} (loss {loss[-1]:.4g}) `{broken[0]}` is not finite"
            raise UnitError("R812", what, expected="finite weights", fix="lower the learning rate")
        ended = watch.ended or ("early stop" if len(loss) < self._recipe.epochs and self._recipe.early_stop else None)
        steps = int(self._optimizer.iterations)
        self._check(len(loss), steps, per_epoch, ended)
        return LoopResult(params=params, loss=loss, accuracy=accuracy, steps=steps, ended=ended or "all epochs")

    def _check(self, epochs: int, steps: int, per_epoch: int, ended: str | None) -> None:
        wanted = epochs * per_epoch // (getattr(self._optimizer, "gradient_accumulation_steps", None) or 1)
        if steps != wanted or (ended is None and epochs != self._recipe.epochs):
            raise UnitError(
                "R813",
                f"the training ran {steps} steps in {epochs} epochs, not {per_epoch} steps in each of "
                f"{self._recipe.epochs}",
                fix="unset KERAS_MAX_EPOCHS and KERAS_MAX_STEPS_PER_EPOCH",
            )

    def _params(self) -> Params:
        arrays = {name: value_of(each) for name, each in self._variables.items()}
        for array in arrays.values():
            array.flags.writeable = False
        return MappingProxyType(arrays)


class _Batches(keras.utils.PyDataset):
    """The batches of one epoch after another, in an order of our own; nothing but the current batch is copied."""

    def __init__(self, x: np.ndarray, y: np.ndarray, rows: np.ndarray, size: int, transform: Transform | None) -> None:
        super().__init__()
        self._x, self._y, self._size, self._transform = x, y, size, transform
        self.rows, self.order = rows, rows

    def __len__(self) -> int:
        return -(-len(self.rows) // self._size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self.order[index * self._size : (index + 1) * self._size]
        x = self._x[rows]
        return (x if self._transform is None else self._transform(rows, x).astype(np.float32, copy=False)), self._y[
            rows
        ]


class _Watch(keras.callbacks.Callback):
    """Before each epoch sets its order and learning rate, after it decides whether to stop."""

    def __init__(self, batches: _Batches, recipe: Recipe, seed: int, base: float) -> None:
        super().__init__()
        self._batches, self._recipe, self._seed, self._base = batches, recipe, seed, base
        self.ended: str | None = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        rows = self._batches.rows
        self._batches.order = rows[shuffled(len(rows), self._seed, "epoch", epoch)]
        if self._recipe.schedule is not None:
            self.model.optimizer.learning_rate = self._base * recipes.rate(self._recipe, epoch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        target = self._recipe.target_accuracy
        if not np.isfinite(logs["loss"]):
            self.ended, self.model.stop_training = "diverged", True
        elif target is not None and logs["accuracy"] >= target:
            self.ended, self.model.stop_training = "target accuracy", True


def shuffled(count: int, seed: int, *purpose: str | int) -> np.ndarray:
    """Return a permutation (count,) int64 that depends on the seed and its purpose alone."""
    # Ordering raw uniform numbers: the streams of Generator.permutation may change between NumPy releases.
    generator = np.random.Generator(np.random.Philox(_derived(seed, *purpose)))
    return np.argsort(generator.random(count), kind="stable")


def _derived(seed: int, *purpose: str | int) -> int:
    return int(digest([seed, *purpose])[:16], 16)


def _random_states(model: keras.Model) -> list[Any]:
    """Return the states of dropout, augmentation and the like, in the order of their layers."""
    return [each.state for layer in model._flatten_layers() for each in layer._seed_generators]


def _compact(variable: Any) -> np.ndarray:
    """Return a variable's value, as one number where all are equal (an optimizer's slots mostly are)."""
    value = value_of(variable)
    return value.flat[0] if value.size and (value == value.flat[0]).all() else value
