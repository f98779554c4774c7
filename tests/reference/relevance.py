"""Layer-wise relevance and DeepLIFT on dense weights, one contribution at a time, in float64.

A convolution is unrolled into the matrix of all its weights, a maximum pool into the matrix of its winners, so that one
slow loop serves both. Every layer but the last is rectified.
"""

from collections.abc import Callable, Sequence

import numpy as np

Layer = tuple[np.ndarray, np.ndarray]  # kernel (inputs, outputs), bias (outputs,)
Share = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""``(x (inputs,), kernel, bias, relevance (outputs,)) -> relevance (inputs,)``."""


def unrolled(kernel: np.ndarray, size: int) -> np.ndarray:
    """Return the matrix of a valid convolution (h, w, C, K) with stride 1 of a (size, size, C) image."""
    height, width, channels, filters = kernel.shape
    rows, columns = size - height + 1, size - width + 1
    matrix = np.zeros((size, size, channels, rows, columns, filters))
    for i, j, m, n in np.ndindex(rows, columns, height, width):
        matrix[i + m, j + n, :, i, j, :] = kernel[m, n]
    return matrix.reshape(size * size * channels, -1)


def winners(x: np.ndarray) -> np.ndarray:
    """Return the matrix (H * W * C, pooled) that picks the largest entry of each 2 by 2 block of x (H, W, C)."""
    height, width, channels = x.shape
    matrix = np.zeros((height, width, channels, height // 2, width // 2, channels))
    for i, j, c in np.ndindex(height // 2, width // 2, channels):
        block = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, c]
        m, n = np.unravel_index(block.argmax(), block.shape)
        matrix[2 * i + m, 2 * j + n, c, i, j, c] = 1
    return matrix.reshape(x.size, -1)


def layerwise(layers: Sequence[Layer], x: np.ndarray, target: int, shares: Sequence[Share]) -> np.ndarray:
    """Return the relevance of each input, ``shares`` giving each layer's rule."""
    values = [x.astype(np.float64)]
    for kernel, bias in layers[:-1]:
        values.append(np.maximum(values[-1] @ kernel + bias, 0))
    logits = values[-1] @ layers[-1][0] + layers[-1][1]
    relevance = np.where(np.arange(len(logits)) == target, logits, 0.0)
    for (kernel, bias), value, share in reversed(list(zip(layers, values, shares, strict=True))):
        relevance = share(value, kernel, bias, relevance)
    return relevance


def in_proportion(contribution: Callable[[float, float, float], float], *, bias_has_share: bool = True) -> Share:
    """Return the rule that divides by ``contribution(x_i, w_ij, sign of z_j)``; a bias is a weight of 1."""

    def share(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, relevance: np.ndarray) -> np.ndarray:
        result = np.zeros(len(x))
        for j in range(kernel.shape[1]):
            sign = 1.0 if x @ kernel[:, j] + bias[j] >= 0 else -1.0
            # A zero in an unrolled convolution is no connection.
            parts = {i: contribution(x[i], kernel[i, j], sign) for i in range(len(x)) if kernel[i, j] != 0}
            total = sum(parts.values()) + (contribution(1.0, bias[j], sign) if bias_has_share else 0.0)
            for i, part in parts.items():
                result[i] += part / total * relevance[j] if total != 0 else 0.0
        return result

    return share


epsilon = in_proportion(lambda x, w, sign: x * w)
z_plus = in_proportion(lambda x, w, sign: max(x * w, 0.0))
z_minus = in_proportion(lambda x, w, sign: min(x * w, 0.0))
z_plus_without_bias = in_proportion(lambda x, w, sign: max(x * w, 0.0), bias_has_share=False)
w_square = in_proportion(lambda x, w, sign: w * w, bias_has_share=False)
flat = in_proportion(lambda x, w, sign: 1.0, bias_has_share=False)


def gamma(factor: float) -> Share:
    """Return the rule in which contributions of z's sign count (1 + factor) times."""
    return in_proportion(lambda x, w, sign: x * w * (1 + factor * (x * w * sign > 0)))


def alpha_beta(alpha: float) -> Share:
    """Return the rule with positive and negative contributions apart, for outputs that have both."""

    def share(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, relevance: np.ndarray) -> np.ndarray:
        up, down = z_plus(x, kernel, bias, relevance), z_minus(x, kernel, bias, relevance)
        return alpha * up + (1 - alpha) * down

    return share


def bounded(low: float, high: float) -> Share:
    """Return the rule for inputs between two bounds."""
    return in_proportion(lambda x, w, sign: x * w - low * max(w, 0.0) - high * min(w, 0.0), bias_has_share=False)


def deep_lift(
    layers: Sequence[Layer], x: np.ndarray, reference: np.ndarray, target: int, *, reveal_cancel: bool
) -> np.ndarray:
    """Return DeepLIFT's contributions of a rectifier network of dense layers, unit by unit."""
    now, before = [x.astype(np.float64)], [reference.astype(np.float64)]
    for kernel, bias in layers[:-1]:
        now.append(np.maximum(now[-1] @ kernel + bias, 0))
        before.append(np.maximum(before[-1] @ kernel + bias, 0))
    multipliers = layers[-1][0][:, target].astype(np.float64)
    for (kernel, bias), value, value0 in reversed(list(zip(layers[:-1], now, before, strict=False))):
        below = np.zeros(len(value))
        for j in range(kernel.shape[1]):
            moves = (value - value0) * kernel[:, j]
            up, down = moves[moves > 0].sum(), moves[moves < 0].sum()
            start = value0 @ kernel[:, j] + bias[j]
            factors = _two(start, up, down) if reveal_cancel else (_secant(start, up + down),) * 2
            for i, move in enumerate(moves):
                factor = factors[0] if move > 0 else factors[1] if move < 0 else sum(factors) / 2
                below[i] += kernel[i, j] * factor * multipliers[j]
        multipliers = below
    return multipliers * (x - reference)


def _secant(start: float, step: float) -> float:
    if step == 0:
        return float(start > 0)
    return (max(start + step, 0.0) - max(start, 0.0)) / step


def _two(start: float, up: float, down: float) -> tuple[float, float]:
    """Return the multipliers of an increase and of a decrease: each taken first and taken last, averaged."""
    end = start + up + down
    at = (float(start > 0) + float(end > 0)) / 2
    return (
        (_secant(start, up) + _secant(start + down, up)) / 2 if up else at,
        (_secant(start, down) + _secant(start + up, down)) / 2 if down else at,
    )
