"""What a maximum picks from: the candidates of each output, and their shares where several are equal.

Frameworks give all to the first of equal entries, so that a map would depend on the order in which pixels are stored.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from audit.network.network import Node

Array = Any

_OUTSIDE = -1
_EQUAL = 1e-6
"""Entries that differ by no more than this share of the largest are equal: a convolution of a constant image gives
values that differ in float32's last bits."""


def gathering(node: Node) -> Callable[..., Array]:
    """Return the linear function from a maximum's inputs to the candidates of each output, (B, ..., k).

    Entries outside the input (of ``same`` padding) show the nearest one inside; ``inside`` says which they are.
    """
    from keras import ops

    if node.kind == "Maximum":
        return lambda *values: ops.stack(_broadcast(values), axis=-1)
    return lambda value: _windows(value, _tables(node, value.shape))


def inside(node: Node, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return which candidates lie inside an input of a shape (B, ...), as 0 and 1, broadcast with them; None: all."""
    if node.kind == "Maximum" or not any((table == _OUTSIDE).any() for table in _tables(node, shape).values()):
        return None
    flags = np.ones((1, *shape[1:]), np.float32)
    tables = _tables(node, shape)
    for axis in sorted(tables, reverse=True):
        table = tables[axis]
        taken = np.take(flags, np.maximum(table, 0), axis=axis)
        flags = taken * (table != _OUTSIDE).reshape(table.shape + (1,) * (taken.ndim - axis - 2))
    return _last(flags, sorted(tables), np)


def shares(values: Array, within: Any, then: Array | None = None) -> Array:
    """Return each candidate's share (B, ..., k) in a maximum: equal parts for all that are largest.

    Args:
        values: the candidates (B, ..., k).
        within: which of them count, as ``inside`` says.
        then: (B, ..., k) decides first among those whose ``values`` are equal.
    """
    from keras import ops

    largest = _largest(values, within)
    if then is not None:
        largest = largest * _largest(then, largest)
    return largest / ops.sum(largest, axis=-1, keepdims=True)


def picked(values: Array, within: Any) -> Array:
    """Return the maximum (B, ..., 1) of candidates."""
    from keras import ops

    kept = values if within is None else ops.where(ops.cast(within, "float32") > 0, values, -np.inf)
    return ops.max(kept, axis=-1, keepdims=True)


def _largest(values: Array, within: Any) -> Array:
    from keras import ops

    top = picked(values, within)
    found = ops.cast(values >= top - _EQUAL * ops.abs(top), values.dtype)
    return found if within is None else found * ops.cast(within, values.dtype)


def _broadcast(values: tuple[Array, ...]) -> list[Array]:
    from keras import ops

    zero = sum(ops.zeros_like(value) for value in values)
    return [value + zero for value in values]


def _windows(value: Array, tables: Mapping[int, np.ndarray]) -> Array:
    from keras import ops

    for axis in sorted(tables, reverse=True):
        value = ops.take(value, np.maximum(tables[axis], 0), axis=axis)
    return _last(value, sorted(tables), ops)


def _last(value: Any, axes: list[int], module: Any) -> Any:
    """Move the window's axes, each behind that of its outputs, to the end, and make one of them."""
    positions = [axis + place + 1 for place, axis in enumerate(axes)]
    order = [each for each in range(len(value.shape)) if each not in positions] + positions
    moved = module.transpose(value, order)
    outputs = [moved.shape[each] for each in range(1, len(order) - len(positions))]
    return module.reshape(moved, (-1, *outputs, int(np.prod([value.shape[each] for each in positions]))))


def _tables(node: Node, shape: tuple[int, ...]) -> dict[int, np.ndarray]:
    """Return, for each axis that is pooled, the entries (outputs, k) of each output's window, or ``_OUTSIDE``."""
    operation: Any = getattr(node.operation, "operation", node.operation)
    if node.kind == "Max":
        axes = range(1, len(shape)) if operation.axis is None else [axis % len(shape) for axis in operation.axis]
        return {axis: np.arange(shape[axis])[None] for axis in axes}
    first = 2 if operation.data_format == "channels_first" else 1
    axes = range(first, first + len(shape) - 2)
    if node.kind.startswith("Global"):
        return {axis: np.arange(shape[axis])[None] for axis in axes}
    if node.kind.startswith("Adaptive"):
        counts = _each(operation.output_size, len(axes))
        return {axis: _adaptive(shape[axis], count) for axis, count in zip(axes, counts, strict=True)}
    sizes = _each(operation.pool_size, len(axes))
    strides = _each(operation.strides or operation.pool_size, len(axes))
    return {
        axis: _strided(shape[axis], size, stride, operation.padding)
        for axis, size, stride in zip(axes, sizes, strides, strict=True)
    }


def _each(value: Any, count: int) -> tuple[int, ...]:
    return (value,) * count if isinstance(value, int) else tuple(value)


def _strided(length: int, size: int, stride: int, padding: str) -> np.ndarray:
    count = -(-length // stride) if padding == "same" else (length - size) // stride + 1
    before = max((count - 1) * stride + size - length, 0) // 2 if padding == "same" else 0
    places = np.arange(count)[:, None] * stride + np.arange(size)[None] - before
    return np.where((places >= 0) & (places < length), places, _OUTSIDE)


def _adaptive(length: int, count: int) -> np.ndarray:
    starts = np.arange(count) * length // count
    ends = -(-(np.arange(count) + 1) * length // count)
    places = starts[:, None] + np.arange(int((ends - starts).max()))[None]
    return np.where(places < ends[:, None], places, _OUTSIDE)
