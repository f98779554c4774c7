"""What a maximum picks from: the candidates of each output, and their shares where several are equal.

Frameworks give all to the first of equal entries, so that a map would depend on the order in which pixels are stored.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from itertools import product
from typing import Any

import numpy as np

from audit.network.node import Node
from audit.record import record

Array = Any
Candidates = tuple[Array, ...]
"""Arrays of one shape: that of the maximum's output, with the axes kept over which each of them is searched."""

_OF_INPUTS = ("Maximum", "Minimum")
_EQUAL = 1e-6
"""Entries that differ by no more than this share of the largest are equal: a convolution of a constant image gives
values that differ in float32's last bits."""


@record
class Windows:
    """What a maximum of inputs of one shape chooses from."""

    gather: Callable[..., Candidates]
    """The linear function from the inputs to the candidates; what lies outside the input shows some number."""
    axes: tuple[int, ...]
    """The axes of each array of candidates over which it is searched."""
    inside: tuple[np.ndarray, ...] | None
    """Which candidates lie inside the input, as 0 and 1, broadcast with them; None: all."""


def windows_of(node: Node, shape: tuple[int, ...]) -> Windows:
    """Return what a maximum of inputs of a shape (B, ...) chooses from."""
    if node.kind in _OF_INPUTS:
        return Windows(gather=_broadcast, axes=(), inside=None)
    tables = _tables(node, shape)
    if all(len(table) == 1 for table in tables.values()):
        return Windows(gather=lambda value: (value,), axes=tuple(tables), inside=None)
    places = [dict(zip(tables, each, strict=True)) for each in product(*(table.T for table in tables.values()))]
    return Windows(
        gather=lambda value: tuple(reduce(_split, tables.items(), [value])),
        axes=(),
        inside=_inside(places, shape),
    )


def shares(values: Candidates, windows: Windows, then: Candidates | None = None) -> Candidates:
    """Return each candidate's share in a maximum: equal parts for all that are largest.

    Args:
        values: the candidates.
        windows: where they stand.
        then: decides first among those whose ``values`` are equal.
    """
    largest = _largest(values, windows.inside, windows.axes)
    if then is not None:
        second = _largest(then, largest, windows.axes)
        largest = tuple(one * other for one, other in zip(largest, second, strict=True))
    total = _summed(largest, windows.axes)
    return tuple(each / total for each in largest)


def picked(values: Candidates, windows: Windows) -> Array:
    """Return the maximum of candidates, with the axes kept over which they are searched."""
    return _top(values, windows.inside, windows.axes)


def beside(value: Array, values: Candidates, windows: Windows) -> Array:
    """Return what has the shape of the maximum's output, with the axes kept over which candidates are searched."""
    from keras import ops

    kept = [1 if place in windows.axes else size for place, size in enumerate(values[0].shape)]
    return ops.reshape(value, (-1, *kept[1:]))


def _top(values: Candidates, within: Any, axes: tuple[int, ...]) -> Array:
    from keras import ops

    if within is not None:
        values = tuple(
            ops.where(ops.cast(flag, "float32") > 0, each, -np.inf) for flag, each in zip(within, values, strict=True)
        )
    top = reduce(ops.maximum, values)
    return ops.max(top, axis=axes, keepdims=True) if axes else top


def _summed(values: Candidates, axes: tuple[int, ...]) -> Array:
    from keras import ops

    total = sum(values)
    return ops.sum(total, axis=axes, keepdims=True) if axes else total


def _largest(values: Candidates, within: Any, axes: tuple[int, ...]) -> Candidates:
    from keras import ops

    top = _top(values, within, axes)
    least = top - _EQUAL * ops.abs(top)
    found = tuple(ops.cast(each >= least, each.dtype) for each in values)
    if within is None:
        return found
    return tuple(each * ops.cast(flag, each.dtype) for each, flag in zip(found, within, strict=True))


def _broadcast(*values: Array) -> Candidates:
    from keras import ops

    zero = sum(ops.zeros_like(value) for value in values)
    return tuple(value + zero for value in values)


def _split(values: list[Array], along: tuple[int, np.ndarray]) -> list[Array]:
    """Return the entries of each window along an axis, one array for each place in the window."""
    return [entry for value in values for entry in _entries(value, *along)]


def _entries(value: Array, axis: int, table: np.ndarray) -> list[Array]:
    """Split an axis by blocks where windows follow one another evenly: the derivative of taking entries is slow."""
    from keras import ops

    count, size = table.shape
    stride = int(table[-1, 0] - table[0, 0]) // max(count - 1, 1) or size
    if (table != table[0, 0] + np.arange(count)[:, None] * stride + np.arange(size)).any():
        return [ops.take(value, column, axis=axis) for column in np.clip(table, 0, value.shape[axis] - 1).T]
    firsts, before = range(0, size, stride), max(0, -int(table[0, 0]))
    behind = max(0, firsts[-1] + count * stride - before - value.shape[axis])
    if before or behind:
        value = ops.pad(value, [(before, behind) if each == axis else (0, 0) for each in range(len(value.shape))])
    blocks = [_block(value, axis, slice(first, first + count * stride), stride) for first in firsts]
    return [entry for block in blocks for entry in block][:size]


def _block(value: Array, axis: int, part: slice, stride: int) -> list[Array]:
    from keras import ops

    cut, shape = value[(*(slice(None),) * axis, part)], value.shape
    apart = ops.reshape(cut, (-1, *shape[1:axis], cut.shape[axis] // stride, stride, *shape[axis + 1 :]))
    return ops.unstack(apart, num=stride, axis=axis + 1)


def _inside(places: list[dict[int, np.ndarray]], shape: tuple[int, ...]) -> tuple[np.ndarray, ...] | None:
    flags = [_real(each, shape) for each in places]
    return None if all(flag.all() for flag in flags) else tuple(flags)


def _real(places: Mapping[int, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    flag = np.ones((1,) * len(shape), np.float32)
    for axis, wanted in places.items():
        real = (wanted >= 0) & (wanted < shape[axis])
        flag = flag * real.reshape([-1 if each == axis else 1 for each in range(len(shape))])
    return flag


def _tables(node: Node, shape: tuple[int, ...]) -> dict[int, np.ndarray]:
    """Return, for each axis that is pooled, the entries (outputs, k) of each output's window; some may lie outside."""
    operation: Any = getattr(node.operation, "operation", node.operation)
    if node.kind in ("Max", "Min"):
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
    return np.arange(count)[:, None] * stride + np.arange(size)[None] - before


def _adaptive(length: int, count: int) -> np.ndarray:
    starts = np.arange(count) * length // count
    ends = -(-(np.arange(count) + 1) * length // count)
    places = starts[:, None] + np.arange(int((ends - starts).max()))[None]
    return np.where(places < ends[:, None], places, -1)
