"""Extremal perturbation: of all smooth masks of a given area, the one that keeps the score highest."""

from itertools import product
from math import ceil, prod
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.perturbation.cells import along, cells_of, hats, sizes_of
from audit.methods.perturbation.descent import momentum
from audit.methods.perturbation.reference import Reference, hidden
from audit.methods.perturbation.score import Output, scorer
from audit.methods.shared.images import check_images
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params

_COLDNESS = 20.0  # 1 / temperature of the smooth maximum: section 3.2 of the paper


@declared
class ExtremalPerturbation(MethodDefaults):
    """The mask of a given area that preserves the score best, averaged over areas.

    Formula: A(x) = mean over areas a of M_a, with M_a the argmax over masks M of S_c(x * M + r * (1 - M)) - l R_a(M),
    R_a(M) = mean over pixels of (sorted M - r_a)^2 and r_a a share a of ones after zeros: the highest values are drawn
    to 1 and all others to 0. M is smooth: a coarse mask m, its maximum-convolution M_u = smax over v of k(|u - v|) m_v
    with k(z) = exp(-2 max(0, z / sigma - 1/2)^2), and smax the mean weighted by exp(20 k m); computed on the cells, m
    mirrored at the border, and resized bilinearly. The descent begins with m = a; l grows linearly from zero to its
    value and the steps shrink to zero, so that the score decides first and the area last. These, steps divided by the
    gradient's largest entry, and one blur instead of a pyramid of them are this project's choices (the authors' code: m
    = 1 at first, l growing by 0.35 % a step, zeros around m, a flip of the image at every other step).
    Unit: relevance, 0 (hidden) to 1 (kept). Sign: never negative. One channel: (B, H, W, 1).
    Needs: image inputs; of the network its function and gradient, so any model.
    Known criticisms: the map is what one descent finds, and another start or length gives another; nearly binary, so
    rank correlations count ties; the area is given, not found; a masked input is unlike any data.
    Source: Fong, Patrick and Vedaldi 2019, arXiv:1910.08485, section 3.
    """

    unit: ClassVar[str] = "relevance"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    claims: ClassVar[frozenset[Claim]] = frozenset()
    source: ClassVar[str] = "Fong, Patrick and Vedaldi 2019, arXiv:1910.08485"

    areas: Annotated[tuple[Annotated[float, Field(gt=0.0, lt=1.0)], ...], Field(min_length=1)] = (0.1, 0.2, 0.4)
    """a, shares of the pixels that are kept; each costs a descent. Section 4.1 of the paper sums the masks of several;
    0.1 alone in the authors' code."""

    iterations: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 100
    """Steps of each descent, one gradient each. 800 in the authors' code; fewer here so that an audit stays
    affordable."""

    rate: Annotated[float, Field(gt=0.0, strict=True)] = 0.1
    """Length of the first step, in units of the mask, for the cell with the largest gradient; momentum 0.9, as in the
    authors' code. This project's choice, since the 0.01 there is in other units."""

    penalty: Annotated[float, Field(ge=0.0, strict=True)] = 300.0
    """l, in units of the score. 300 at first in the authors' code."""

    grid: Annotated[int, Field(ge=1, strict=True)] = 32
    """Cells of m along each side, at most one per pixel. The authors' code: one for 7 pixels of 224."""

    sigma: Annotated[float, Field(gt=0.0, strict=True)] = 21 / 224
    """Width of k, as a share of the shorter side. The authors' code: 21 pixels of 224."""

    reference: Reference = "blur"
    """r, what is seen where M is 0: ``blur``, as in the paper, ``zeros``, ``mean`` or a number."""

    blur: Annotated[float, Field(gt=0.0, strict=True)] = 20 / 224
    """Standard deviation of the blur, as a share of the shorter side, at least two pixels. 20 of 224 at most in the
    authors' code."""

    output: Output = "logit"
    """The score: the ``logit`` of the explained class, as in the authors' code, or its ``probability``."""

    @property
    def evaluations(self) -> int:
        """One gradient per step and area."""
        return self.iterations * len(self.areas)

    def attribute(self, network: "Network") -> Attribute:
        """Return the mean mask as a pure function of the parameters.

        Raises:
            InputError: the inputs are not images.
        """
        from keras import ops

        check_images(network, "extremal_perturbation")
        sizes, score = sizes_of(network), scorer(network, self.output)
        cells, areas = cells_of(sizes, self.grid), np.array(self.areas, np.float32)

        def preservation(params: "Params", x: Array, target: Array, key: Array) -> Array:
            other = hidden(self.reference, x, self.blur, ops, origin=network.origin)

            def kept(area: Array) -> Array:
                def loss(coarse: Array, number: Array) -> Array:
                    mask = self._smooth(coarse, sizes)
                    seen = score(params, other + mask[..., None] * (x - other), target)
                    force = self.penalty * ops.cast(number, "float32") / self.iterations
                    return force * ops.mean((mask - ranked(mask, area)) ** 2, axis=(1, 2)) - seen

                start = ops.zeros((x.shape[0], *cells)) + area
                return self._smooth(momentum(loss, start, self.iterations, self.rate), sizes)

            def add(number: Array, total: Array) -> Array:
                return total + kept(ops.take(areas, number))

            total = ops.fori_loop(0, len(areas), add, ops.zeros((x.shape[0], *sizes)))
            return total[..., None] / len(areas)

        return preservation

    def _smooth(self, coarse: Array, sizes: tuple[int, ...]) -> Array:
        """Return the maximum-convolution of masks (B, h, w), resized to the image: (B, H, W)."""
        from keras import ops

        cells = tuple(coarse.shape[1:])
        neighbours, near = self._neighbours(sizes, cells)
        flat = ops.reshape(coarse, (coarse.shape[0], -1))
        parts = near * ops.take(flat, neighbours, axis=1)
        smooth = ops.sum(parts * ops.softmax(_COLDNESS * parts, axis=-1), axis=-1)  # (B, h, w)
        matrices = [_resized(*each) for each in zip(sizes, cells, strict=True)]
        return along(smooth, matrices, ops)

    def _neighbours(self, sizes: tuple[int, ...], cells: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Return each cell's neighbours (h, w, n), mirrored at the border, by number, and the kernel there (n,)."""
        pixels = np.divide(sizes, cells)  # of a cell
        width = self.sigma * min(sizes)
        reach = [min(cell, ceil(2 * width / pixel)) for cell, pixel in zip(cells, pixels, strict=True)]
        shifts = np.array(list(product(*[range(-each, each + 1) for each in reach])))
        distance = np.linalg.norm(shifts * pixels, axis=1) / width
        mirrored = np.pad(np.arange(prod(cells)).reshape(cells), [(each, each) for each in reach], mode="symmetric")
        places = np.indices(cells)[..., None] + (shifts + reach).T[:, None, None]
        near = np.exp(-2 * np.maximum(distance - 0.5, 0) ** 2)
        return mirrored[places[0], places[1]].astype(np.int32), near.astype(np.float32)

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the mean mask that keeps the cells where a linear score, whose weights are noise, is highest."""
        from audit.backend import active

        sizes, other = sizes_of(network), hidden(self.reference, x[None], self.blur, np)[0]
        spread = [_resized(*each) for each in zip(sizes, cells_of(sizes, self.grid), strict=True)]
        parts = (generator.standard_normal(x.shape, dtype=np.float32) * (x - other)).sum(axis=-1)
        coarse = along(parts[None], [each.T for each in spread], np)[0]
        levels = [np.quantile(coarse, 1 - area) for area in self.areas]
        masks = np.stack([coarse >= level for level in levels]).astype(np.float32)
        return active().to_numpy(self._smooth(masks, sizes)).mean(axis=0)[..., None]


def ranked(mask: Array, area: Array) -> Array:
    """Return what each pixel of a mask (B, H, W) is drawn to: 1 for the highest share ``area`` of them, else 0.

    Pixels that tie where the share ends are drawn to the part of them that still belongs to it, whatever their order.
    """
    from keras import ops

    values = ops.stop_gradient(ops.reshape(mask, (mask.shape[0], -1)))
    count = values.shape[1]
    ones = ops.clip(ops.round(area * count), 1, count)
    least = ops.take(ops.sort(values, axis=1), ops.reshape(ops.cast(count - ones, "int32"), (1,)), axis=1)
    above, tied = (ops.cast(each, "float32") for each in (values > least, ops.equal(values, least)))
    part = (ones - ops.sum(above, axis=1, keepdims=True)) / ops.sum(tied, axis=1, keepdims=True)
    return ops.reshape(above + part * tied, mask.shape)


def _resized(size: int, cells: int) -> np.ndarray:
    """Return the matrix (size, cells) of bilinear interpolation, half-pixel centres."""
    return hats((np.arange(size, dtype=np.float32) + 0.5) * (cells / size) - 0.5, cells, np).astype(np.float32)
