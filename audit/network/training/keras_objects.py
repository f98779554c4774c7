"""From the ``training`` section of a spec to Keras: optimizer, loss, metric, augmentation, learning rates, targets."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from audit.errors import InputError
from audit.network.loading import canonical
from audit.network.network import Network
from audit.recipe import Recipe

Array = Any

_LOSSES = {
    "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
    "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "mean_squared_error": keras.losses.MeanSquaredError,
    "mean_absolute_error": keras.losses.MeanAbsoluteError,
}
_ERRORS = ("mean_squared_error", "mean_absolute_error")
_ENTROPIES = ("sparse_categorical_crossentropy", "categorical_crossentropy")


def activation(network: Network) -> str | None:
    """Return what the audited model's outputs pass through: softmax, sigmoid, or None for logits and numbers."""
    return next((name for name in ("softmax", "sigmoid") if network.head == canonical.removed(name)), None)


def loss_name(network: Network, recipe: Recipe) -> str:
    """Return the recipe's loss, or the cross-entropy that fits the model's output; a single logit is a sigmoid's.

    Raises:
        InputError: the loss does not fit the output.
    """
    if recipe.solver == "least_squares":
        return "mean_squared_error"
    output, binary = activation(network), ("binary_crossentropy",)
    if output == "sigmoid" or (output is None and network.classes == 1):
        fitting = binary
    else:
        fitting = _ENTROPIES if output else _ENTROPIES + binary
    name = recipe.loss or fitting[0]
    if name not in fitting + _ERRORS:
        raise InputError(
            "M025",
            f"`loss: {name}` does not fit the model's output",
            where="training.loss",
            expected=" or ".join(fitting + _ERRORS),
            received=f"{network.classes} outputs with {output or 'no activation'}",
            fix="remove `loss`: the default fits the output",
        )
    return name


def regresses(network: Network, loss: str) -> bool:
    """Whether the model's one output is a number to be met and not a class: then there is no accuracy."""
    return loss in _ERRORS and activation(network) is None and network.classes == 1


def keras_loss(network: Network, name: str) -> keras.Loss:
    """Return the loss; cross-entropies know whether the outputs are logits."""
    return _LOSSES[name](**({} if name in _ERRORS else {"from_logits": activation(network) is None}))


def keras_metrics(network: Network, loss: str) -> list[keras.Metric]:
    """Return the running accuracy of an epoch, named ``accuracy``; nothing for a regression."""
    if regresses(network, loss):
        return []
    ops, threshold = keras.ops, 0.0 if activation(network) is None else 0.5

    def correct(y: Array, output: Array) -> Array:
        if network.classes == 1:
            return ops.cast(ops.equal(output > threshold, y > 0.5), "float32")
        labels = y if loss == "sparse_categorical_crossentropy" else ops.argmax(y, axis=-1)
        same = ops.equal(ops.cast(ops.reshape(labels, (-1,)), "int32"), ops.cast(ops.argmax(output, axis=-1), "int32"))
        return ops.cast(same, "float32")

    return [keras.metrics.MeanMetricWrapper(correct, name="accuracy")]


def keras_optimizer(recipe: Recipe) -> keras.Optimizer:
    """Return the optimizer.

    Raises:
        InputError: Keras does not know one of its fields, or refuses its value.
    """
    ((name, fields),) = recipe.optimizer.items()
    kinds = {each.lower(): getattr(keras.optimizers, each) for each in dir(keras.optimizers)}
    return _built(kinds[name], name, fields, "training.optimizer")


def keras_augmentation(recipe: Recipe, shape: tuple[int, ...]) -> list[keras.Layer]:
    """Return the augmentation's layers.

    Raises:
        InputError: Keras does not know a field of one, or it does not keep the inputs' shape.
    """
    found: list[keras.Layer] = []
    for position, entry in enumerate(recipe.augmentation):
        ((name, fields),) = entry.items()
        kind, where = getattr(keras.layers, name.title().replace("_", "")), f"training.augmentation[{position}]"
        layer = _built(kind, name, fields, where)
        layer.supports_jit = True  # Keras says no, and would compute the whole model without compiling it on JAX
        _check_shape(layer, name, shape, where)
        found.append(layer)
    return found


def _built(kind: Any, name: str, fields: Mapping[str, Any], where: str) -> Any:
    try:
        return kind(**fields)
    except Exception as error:  # Keras checks its arguments in many ways
        raise InputError(
            "M024",
            f"cannot build `{name}` with these fields",
            where=where,
            received=f"{type(error).__name__}: {' '.join(str(error).split())}"[:300],
            fix=f"use the arguments of Keras's {kind.__name__}",
        ) from error


def _check_shape(layer: keras.Layer, name: str, shape: tuple[int, ...], where: str) -> None:
    images = not isinstance(layer, keras.layers.GaussianNoise)
    output = "no images" if images and len(shape) != 3 else tuple(layer(keras.Input(shape)).shape[1:])
    if output != shape:
        raise InputError(
            "M026",
            f"`{name}` does not fit the model's inputs",
            where=where,
            expected=str(shape),
            received=str(output),
            fix="use augmentations that keep the inputs' shape",
        )


def rate(recipe: Recipe, epoch: int) -> float:
    """Return the learning rate of an epoch (from 0) as a share of the optimizer's own."""
    schedule = recipe.schedule
    plan = None if schedule is None else schedule.cosine or schedule.steps
    if schedule is None or plan is None:
        return 1.0
    if epoch < plan.warmup:
        return (epoch + 1) / (plan.warmup + 1)
    if schedule.steps is not None:
        return schedule.steps.factor ** sum(epoch >= each for each in schedule.steps.at)
    done = (epoch - plan.warmup) / max(recipe.epochs - 1 - plan.warmup, 1)
    final = schedule.cosine.final if schedule.cosine else 0.0
    return final + (1 - final) * (1 + math.cos(math.pi * done)) / 2


def targets(network: Network, loss: str, y: np.ndarray) -> np.ndarray:
    """Return what the model's outputs are to meet: (n,) int32 or (n, K) float32.

    Args:
        network: gives the number of outputs K.
        loss: whose form the targets take.
        y: classes (n,) as whole numbers below K (0 and 1 for one output), or, for a squared or absolute error, real
            numbers (n,) or (n, K).

    Raises:
        InputError: the labels are of another kind.
    """
    whole, count = y.dtype.kind in "iub", network.classes
    if loss in _ERRORS and (not whole or regresses(network, loss)):
        return _numbers(y, count)
    if not whole or y.ndim != 1 or (len(y) and not 0 <= y.min() <= y.max() < max(count, 2)):
        raise InputError(
            "D040",
            "the labels are not classes of this model",
            expected=f"integers from 0 to {max(count, 2) - 1}",
            received=f"{y.dtype} of shape {y.shape}" + (f", {y.min()} to {y.max()}" if y.size else ""),
            fix="train on classes, or use a loss for numbers: `mean_squared_error`",
        )
    if loss == "sparse_categorical_crossentropy":
        return y.astype(np.int32)
    return y.astype(np.float32)[:, None] if count == 1 else np.eye(count, dtype=np.float32)[y.astype(np.int64)]


def _numbers(y: np.ndarray, count: int) -> np.ndarray:
    if y.ndim not in (1, 2) or y.size != len(y) * count or not np.isfinite(y).all():
        raise InputError(
            "D041",
            "the targets are not one finite number per output",
            expected=f"(n, {count})",
            received=f"{y.dtype} of shape {y.shape}",
        )
    return y.astype(np.float32).reshape(-1, count)
