"""A rectifier network of dense layers, and its backward pass by hand, in float64."""

from collections.abc import Callable, Sequence

import numpy as np

Layer = tuple[np.ndarray, np.ndarray]  # kernel (inputs, outputs), bias (outputs,)


def logits(layers: Sequence[Layer], x: np.ndarray) -> np.ndarray:
    """Return the logits (K,) for one input (F,); every layer but the last is rectified."""
    return _forward(layers, x)[-1]


def gradient(layers: Sequence[Layer], x: np.ndarray, target: int) -> np.ndarray:
    """Return d logit / d x (F,)."""
    return _backward(layers, x, target, lambda signal: signal)


def guided_backprop(layers: Sequence[Layer], x: np.ndarray, target: int) -> np.ndarray:
    """Return the gradient with negative signals stopped at each rectifier (F,)."""
    return _backward(layers, x, target, lambda signal: np.maximum(signal, 0))


def deconvnet(layers: Sequence[Layer], target: int) -> np.ndarray:
    """Return the logit's weights carried down, rectified between layers (F,); the input plays no part."""
    signal = layers[-1][0].astype(np.float64)[:, target]
    for kernel, _ in reversed(layers[:-1]):
        signal = kernel.astype(np.float64) @ np.maximum(signal, 0)
    return signal


def _forward(layers: Sequence[Layer], x: np.ndarray) -> list[np.ndarray]:
    values = [x.astype(np.float64)]
    for position, (kernel, bias) in enumerate(layers):
        before = values[-1] if position == 0 else np.maximum(values[-1], 0)
        values.append(before @ kernel.astype(np.float64) + bias.astype(np.float64))
    return values


def _backward(
    layers: Sequence[Layer], x: np.ndarray, target: int, gate: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    values = _forward(layers, x)
    signal = np.eye(len(values[-1]))[target]
    for position in range(len(layers) - 1, 0, -1):
        signal = layers[position][0].astype(np.float64) @ signal
        signal = gate(signal) * (values[position] > 0)
    return layers[0][0].astype(np.float64) @ signal
