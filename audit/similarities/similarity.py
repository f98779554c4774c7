"""What a similarity is: a declared value that compares maps pair by pair, and knows what needs no model to agree.

Two maps may agree only because both have a few large values and are flat elsewhere: independent maps with heavy tails
reach 0.9 in structural similarity and in correlation of oriented gradients. So each similarity says what a map scores
against shuffled copies of the other, which keep every value and lose every place.
"""

import hashlib
import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar, Protocol

import numpy as np
from jaxtyping import Float, Float64
from pydantic import Field

from audit.errors import InputError
from audit.maps import USABLE, Maps, unusable

Scores = Float64[np.ndarray, "n"]
"""One number for each of n pairs of maps."""

Shuffles = Annotated[int, Field(ge=1, le=1000, description="number of shuffled copies of each map for its null")]


class Similarity(Protocol):
    """The fields of a similarity are its YAML. The name in YAML is the file's name."""

    __dataclass_fields__: ClassVar[dict[str, Any]]  # a declared value

    quantity: ClassVar[str]  # what it measures, in words

    spatial: ClassVar[bool] = True
    """Whether it needs the neighbours of a pixel; if not, it may be given rows (n, pixels) of chosen pixels."""

    def refuse(self, shape: tuple[int, ...]) -> None:
        """Refuse maps of a shape, ``(H, W)``, ``(H, W, C)`` or ``(F,)``, that it cannot compare; by default none.

        Raises:
            InputError: the message names what would fit.
        """
        return None

    @abstractmethod
    def between(self, a: Maps, b: Maps) -> Scores:
        """Return the similarity ``(n,)`` float64 of each pair of maps ``(n, ...)``, at most 1.

        Exactly 1 for the same map; NaN where either map is constant or not finite, never 0.
        """

    @abstractmethod
    def shuffled(self, a: Maps, b: Maps, keys: Sequence[str]) -> Scores | None:
        """Return the mean similarity ``(n,)`` of each map of ``a`` to copies of its partner with the pixels shuffled.

        The channels of a pixel may stay together.

        ``keys`` name the pairs: the same key draws the same shuffles. None where the mean over all shuffles is 0
        whatever the maps: then there is nothing to take off.
        """


def pairwise(score: Callable[[np.ndarray, np.ndarray], float], a: Maps, b: Maps) -> Scores:
    """Score each pair of usable maps; NaN for the others, and exactly 1 for a map with itself."""
    usable = (unusable(a) == USABLE) & (unusable(b) == USABLE)
    result = np.full(len(a), np.nan)
    for place in np.flatnonzero(usable):
        result[place] = score(a[place], b[place])
    return one_where_same(result, a, b)


def one_where_same(scores: Scores, a: Maps, b: Maps) -> Scores:
    """Return scores ``(n,)`` with exactly 1 where two maps are the same and the score is defined, free of rounding."""
    return np.where((as_rows(a) == as_rows(b)).all(axis=1) & np.isfinite(scores), 1.0, scores)


def as_rows(maps: Maps) -> Float[np.ndarray, "n pixels"]:
    """Return maps ``(n, ...)`` as ``(n, pixels)``."""
    return np.asarray(maps).reshape(len(maps), math.prod(np.shape(maps)[1:]))  # -1 fails on no maps at all


def mean_over_shuffles(
    between: Callable[[Maps, Maps], Scores], a: Maps, b: Maps, keys: Sequence[str], count: int
) -> Scores:
    """Return the mean similarity ``(n,)`` of ``a`` to shuffled copies of ``b``; NaN where one is undefined."""
    generators = [np.random.default_rng(_seed(key)) for key in keys]
    return np.mean([between(a, _shuffled(b, generators)) for _ in range(count)], axis=0)


def refuse_flat(shape: tuple[int, ...], name: str) -> None:
    """Refuse maps without height and width.

    Raises:
        InputError: in that case.
    """
    if len(shape) not in (2, 3):
        raise InputError(
            "S060",
            f"similarity `{name}` compares images, but these maps are flat",
            expected="maps (H, W)",
            received=str(shape),
            fix="use `spearman`, `pearson`, `cosine` or `top_k_intersection`",
        )


def _shuffled(maps: Maps, generators: Sequence[np.random.Generator]) -> Maps:
    pixels = math.prod(maps.shape[1:3])
    pairs = zip(maps, generators, strict=True)
    shuffled = [each.reshape(pixels, -1)[generator.permutation(pixels)] for each, generator in pairs]
    return np.reshape(shuffled, maps.shape)


def _seed(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:16])
