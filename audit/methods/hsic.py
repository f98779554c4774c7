"""HSIC: how much the score depends on whether each part of the input is seen."""

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
class Hsic(MethodDefaults):
    """The Hilbert-Schmidt independence criterion between each entry of random binary masks and the score.

    Formula: masks z_1 .. z_n in {0, 1}^d, one entry for each cell of a grid, give y_j = S_c(x' + z_j * (x - x')).
    A(x)_i = 1 / (n - 1)^2 trace(K_i H L H), with K_i = 1 where two masks have the same entry i and 0 elsewhere, L =
    exp(-(y_j - y_k)^2 / (2 s^2)), H = 1 - 1/n the centring. s is the standard deviation of the scores, this project's
    choice (medians of pairwise distances would need n^2 numbers; for Gaussian scores they are 0.95 s; the authors' code
    takes the median of the scores themselves, which a shift of the score changes).
    The masks are a Latin hypercube: each entry is 1 in half of them; each input inverts a random choice of entries,
    which it draws from its key. All pixels of a cell have its value; flat inputs: cells are groups of features.
    Unit: relevance. Sign: never negative, so evidence for and against look the same. One channel: (B, H, W, 1).
    Masked inputs are made when they are used, one at a time; what is kept of them is a number each and the masks'
    bits, so memory hardly grows with their number. A forward pass for each, counted as a gradient.
    Needs: the network's function alone, so any model.
    Known criticisms: random, so repeatability must be checked; without a sign; with few masks even cells that nothing
    depends on get about a variance's share over n; a masked input is unlike any data.
    Source: Novello, Fel and Vigouroux 2022, arXiv:2206.06219, section 3; Gretton et al. 2005.
    """

    unit: ClassVar[str] = "relevance"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = True
    needs: ClassVar[Need] = "apply"
    claims: ClassVar[frozenset[Claim]] = frozenset()
    source: ClassVar[str] = "Novello, Fel and Vigouroux 2022, arXiv:2206.06219"

    samples: Annotated[int, Field(ge=4, le=20_000, multiple_of=2, strict=True)] = 500
    """n, masks per input, an even number. The authors' code: 500; the paper also 1,500."""

    grid: Annotated[int, Field(ge=1, le=64, strict=True)] = 8
    """Cells along each side, at most one per pixel. The paper: 7 on 224 pixels; the authors' code: 8."""

    baseline: Baseline = "zeros"
    """x', what is seen where a mask is 0: ``zeros``, as in the paper, ``mean`` or a number."""

    output: Output = "logit"
    """The score: the ``logit`` of the explained class or its ``probability``. As in ``sobol``."""

    @property
    def evaluations(self) -> int:
        """One per mask."""
        return self.samples

    def attribute(self, network: "Network") -> Attribute:
        """Return the criterion as a pure function of the parameters."""
        from keras import ops

        from audit.backend.random import uniform

        sizes, score = sizes_of(network), scorer(network, self.output)
        cells = cells_of(sizes, self.grid)
        spread, design = blocks(sizes, cells), balanced(self.samples, prod(cells))

        def criterion(params: "Params", x: Array, target: Array, key: Array) -> Array:
            start = baseline_of(self.baseline, x, ops, origin=network.origin)
            inverted = ops.cast(uniform(key, (prod(cells),)) <= 0.5, "float32")

            def ask(number: Array, scores: Array) -> Array:
                mask = ops.abs(ops.take(design, number, axis=0)[None] - inverted)
                shown = with_channels(along(ops.reshape(mask, (-1, *cells)), spread, ops), x)
                found = score(params, start + shown * (x - start), target)
                return scores + found[:, None] * ops.one_hot(number, self.samples, dtype="float32")

            scores = ops.fori_loop(0, self.samples, ask, ops.zeros((x.shape[0], self.samples)))
            found = self._dependence(scores, design)
            return with_channels(along(ops.reshape(found, (-1, *cells)), spread, ops), x)

        return criterion

    def _dependence(self, scores: Array, design: np.ndarray) -> Array:
        """Return the criterion (B, d) of scores (B, n) and masks (n, d), a row of L at a time.

        Centred, the kernel of a binary entry is 2 z z'; inverting the entry changes the sign of z, and nothing else.
        """
        from keras import ops

        centred = design - 0.5
        width = ops.std(scores, axis=1, keepdims=True)
        scaled = scores / ops.where(width > 0, width, 1.0)

        def add(number: Array, total: Array) -> Array:
            own = ops.take(scaled, ops.reshape(number, (1,)), axis=1)
            near = ops.exp(-0.5 * (scaled - own) ** 2)
            return total + ops.take(centred, number, axis=0)[None] * ops.matmul(near, centred)

        total = ops.fori_loop(0, self.samples, add, ops.zeros((scores.shape[0], design.shape[1])))
        return ops.maximum(total, 0.0) * (2.0 / (self.samples - 1) ** 2)  # below 0 by rounding alone

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the criterion of a linear score whose weights are noise."""
        sizes = sizes_of(network)
        spread = blocks(sizes, cells_of(sizes, self.grid))
        noise = generator.standard_normal(x.shape, dtype=np.float32)
        parts = pixel_parts(noise * (x - baseline_of(self.baseline, x[None], np)[0]))
        by_cell = along(parts[None], [each.T for each in spread], np)
        centred = balanced(self.samples, by_cell.size) - np.float32(0.5)
        scores = centred @ by_cell.ravel()
        scaled = scores / (float(scores.std()) or 1.0)
        near = np.exp(-0.5 * (scaled[:, None] - scaled[None]) ** 2)
        found = np.maximum(np.einsum("nd,nd->d", centred, near @ centred), 0) * 2 / (self.samples - 1) ** 2
        return with_channels(along(found.reshape(by_cell.shape), spread, np), x[None])[0].astype(np.float32)


def balanced(samples: int, cells: int) -> np.ndarray:
    """Return binary masks (samples, cells) float32, each cell seen in half of them: a Latin hypercube, cut at 1/2.

    The design is part of the method, one for all inputs, models and audits: like the nodes of a quadrature it is no
    random number, and the method is not stochastic.
    """
    generator = np.random.Generator(np.random.Philox(0))
    column = (np.arange(samples) % 2).astype(np.float32)
    return generator.permuted(np.repeat(column[:, None], cells, axis=1), axis=0)
