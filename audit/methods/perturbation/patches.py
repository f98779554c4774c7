"""Patches that slide over an input: where they lie, and how many cover each pixel."""

from collections.abc import Sequence
from functools import reduce
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.errors import InputError
from audit.methods.perturbation.cells import sizes_of

if TYPE_CHECKING:
    from audit.network.network import Network

Array = Any


class Patches:
    """Every place of a patch of ``patch`` pixels along each axis, ``stride`` apart; the last touches the far border.

    Raises:
        InputError: the patch is larger than the input, or patches leave gaps; ``method`` is the name in the spec.
    """

    def __init__(self, network: "Network", patch: int, stride: int, method: str) -> None:
        self.sizes, self.patch, self.stride = sizes_of(network), patch, stride
        if patch > min(self.sizes):
            raise InputError(
                "T150",
                f"`{method}` does not apply: its patch is larger than the input",
                where=network.name,
                expected=f"`patch` of at most {min(self.sizes)}",
                received=f"patch {patch}, inputs {network.input_shape}",
                fix=f"set `patch` of `{method}` to {min(self.sizes)} or less",
            )
        if stride > patch:
            raise InputError(
                "T151",
                f"`{method}` does not apply: its patches do not cover all pixels",
                where=network.name,
                expected=f"`stride` of at most `patch`, {patch}",
                received=f"stride {stride}",
                fix=f"lower `stride` of `{method}`, or raise its `patch`",
            )
        self.counts = tuple(-(-(size - patch) // stride) + 1 for size in self.sizes)

    @property
    def total(self) -> int:
        """How many patches there are."""
        return prod(self.counts)

    def starts(self, number: Array, numbers: Any) -> list[Array]:
        """Return where patch ``number`` (an integer, traced or not) begins along each axis."""
        found: list[Array] = []
        for size, count in reversed(list(zip(self.sizes, self.counts, strict=True))):
            found.insert(0, numbers.minimum(number % count * self.stride, size - self.patch))
            number = number // count
        return found

    def inside(self, starts: Sequence[Array]) -> Array:
        """Return which pixels lie in the patch that begins at ``starts``: (1, *sizes), 1 or 0."""
        from keras import ops

        along = [self.rows(start, self.patch, size) for start, size in zip(starts, self.sizes, strict=True)]
        sides = [ops.sum(each, axis=0) for each in along]
        return reduce(lambda grid, side: grid[..., None] * side, sides, ops.ones((1,)))

    def rows(self, start: Array, length: int, size: int) -> Array:
        """Return the matrix (length, size) that takes ``length`` pixels from ``start`` out of an axis."""
        from keras import ops

        return ops.cast(ops.equal(np.arange(size)[None], start + np.arange(length)[:, None]), "float32")

    def covers(self) -> list[np.ndarray]:
        """Return, for each axis, which patch covers which pixel: (count, size), 1 or 0."""
        return [
            np.stack([(np.arange(size) >= start) & (np.arange(size) < start + self.patch) for start in firsts]).astype(
                np.float32
            )
            for size, firsts in zip(self.sizes, self._firsts(), strict=True)
        ]

    def depth(self) -> np.ndarray:
        """Return how many patches cover each pixel: (*sizes), at least 1."""
        return reduce(np.multiply.outer, [each.sum(axis=0) for each in self.covers()])

    def _firsts(self) -> list[np.ndarray]:
        return [
            np.minimum(np.arange(count) * self.stride, size - self.patch)
            for size, count in zip(self.sizes, self.counts, strict=True)
        ]
