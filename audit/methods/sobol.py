"""Sobol indices: how much of the score's variance each part of the input takes part in."""

from functools import cache
from math import prod
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.perturbation.cells import along, blocks, cells_of, pixel_parts, sizes_of, with_channels
from audit.methods.perturbation.score import Output, scorer
from audit.methods.shared.path_baseline import Baseline, baseline_of
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class Sobol(MethodDefaults):
    """The total-order Sobol index of each cell of a grid: its share of the score's variance, interactions included.

    Formula: masks m in [0, 1]^d, one entry for each cell, give the scores f(m) = S_c(x' + m * (x - x')). A(x)_i = 1 /
    (2 n) sum over j of (f(a_j) - f(a_j with entry i of b_j))^2 / variance of f (Jansen's estimator); a_j and b_j are
    the halves of n points of a Sobol sequence in 2 d dimensions, moved by a random vector modulo 1 (Cranley and
    Patterson), which each input draws from its key. All pixels of a cell have its value; flat inputs: cells are groups
    of features. A score that no mask changes gives zeros. The variance is that of both halves' scores (of the first
    half's in the authors' code).
    Unit: relevance, a share of the variance; shares sum to 1 where cells do not interact, else to more. Sign: never
    negative, so evidence for and against look the same. One channel: (B, H, W, 1).
    Masks are made when they are used, one at a time, so memory does not grow with their number. A forward pass for
    each, n (d + 2), counted as a gradient: ``evaluations`` counts those of a full grid.
    Needs: the network's function alone, so any model.
    Known criticisms: ranks what the score varies with, not what it rests on at the input; without a sign; few points,
    so repeatability must be checked; a masked input is unlike any data.
    Source: Fel, Cadene, Chalvidal, Cord, Vigouroux and Serre 2021, arXiv:2111.04138, section 3; Jansen 1999.
    """

    unit: ClassVar[str] = "relevance"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = True
    needs: ClassVar[Need] = "apply"
    claims: ClassVar[frozenset[Claim]] = frozenset()
    source: ClassVar[str] = "Fel, Cadene, Chalvidal, Cord, Vigouroux and Serre 2021, arXiv:2111.04138"

    points: Annotated[int, Field(ge=2, le=4096, strict=True)] = 16
    """n, a power of two serves the sequence best. The authors' code: 64, later 32; 16 here so that an audit stays
    affordable."""

    grid: Annotated[int, Field(ge=1, le=32, strict=True)] = 8
    """Cells along each side, at most one per pixel. The paper: 11 on 224 pixels; the authors' code: 8."""

    baseline: Baseline = "zeros"
    """x', what is seen where a mask is 0: ``zeros``, as in the paper, ``mean`` or a number."""

    output: Output = "logit"
    """The score: the ``logit`` of the explained class or its ``probability``. This project's choice: probabilities near
    0 or 1 hardly vary."""

    @property
    def evaluations(self) -> int:
        """One for each mask on images no smaller than the grid."""
        return self.points * (self.grid**2 + 2)

    def attribute(self, network: "Network") -> Attribute:
        """Return the indices as a pure function of the parameters."""
        from keras import ops

        from audit.backend.random import uniform

        sizes, score = sizes_of(network), scorer(network, self.output)
        cells = cells_of(sizes, self.grid)
        count, spread = prod(cells), blocks(sizes, cells)
        design = sequence(self.points, 2 * count)

        def indices(params: "Params", x: Array, target: Array, key: Array) -> Array:
            start = baseline_of(self.baseline, x, ops, origin=network.origin)
            moves = uniform(key, (2 * count,))

            def seen(mask: Array) -> Array:
                shown = along(ops.reshape(mask, (-1, *cells)), spread, ops)
                return score(params, start + with_channels(shown, x) * (x - start), target)

            def add(number: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
                squares, *moments = state
                both = (ops.take(design, number, axis=0)[None] + moves) % 1.0
                first, second = both[:, :count], both[:, count:]
                whole, other = seen(first), seen(second)

                def swap(cell: Array, found: Array) -> Array:
                    chosen = ops.one_hot(cell, count, dtype="float32")
                    change = whole - seen(first + chosen * (second - first))
                    return found + chosen * (change * change)[:, None]

                moments = _welford(_welford(tuple(moments), whole), other)
                return ops.fori_loop(0, count, swap, squares), *moments

            empty = ops.zeros((x.shape[0],))
            begin = (ops.zeros((x.shape[0], count)), empty, empty, empty)
            squares, seen_so_far, _, around = ops.fori_loop(0, self.points, add, begin)
            variance = (around / seen_so_far)[:, None]
            found = squares / (2 * self.points) / ops.where(variance > 0, variance, 1.0)
            return with_channels(along(ops.reshape(found, (-1, *cells)), spread, ops), x)

        return indices

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the exact indices of a linear score whose weights are noise."""
        sizes = sizes_of(network)
        spread = blocks(sizes, cells_of(sizes, self.grid))
        noise = generator.standard_normal(x.shape, dtype=np.float32)
        parts = pixel_parts(noise * (x - baseline_of(self.baseline, x[None], np)[0]))
        shares = along(parts[None], [each.T for each in spread], np) ** 2
        found = along(shares / max(float(shares.sum()), 1e-12), spread, np)
        return with_channels(found, x[None])[0].astype(np.float32)


def _welford(moments: tuple[Array, ...], value: Array) -> tuple[Array, ...]:
    """Return count, mean and sum of squared deviations with one value (B,) more."""
    count, mean, around = moments
    count, change = count + 1.0, value - mean
    mean = mean + change / count
    return count, mean, around + change * (value - mean)


@cache
def sequence(points: int, dimensions: int) -> np.ndarray:
    """Return the first points of the unscrambled Sobol sequence: (points, dimensions) float32 in [0, 1).

    It fills space evenly and is no random number: the same points in every audit.
    """
    from scipy.stats import qmc

    drawn = qmc.Sobol(dimensions, scramble=False).random_base2(max(1, (points - 1).bit_length()))
    return drawn[:points].astype(np.float32)
