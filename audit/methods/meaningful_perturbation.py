"""Meaningful perturbation: the smallest smooth deletion that destroys the evidence for the class."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.perturbation.cells import along, bells, cells_of, sizes_of
from audit.methods.perturbation.descent import adam
from audit.methods.perturbation.reference import Reference, hidden
from audit.methods.perturbation.score import Output, scorer
from audit.methods.shared.images import check_images
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class MeaningfulPerturbation(MethodDefaults):
    """One minus the smooth mask that lowers the score most while hiding little.

    Formula: A(x) = 1 - G m, with m in [0, 1] on a coarse grid, G its Gaussian interpolation to the image and m found by
    gradient descent on l1 mean over cells of (1 - m) + l2 / side sum over cells of |grad m|^b, plus the mean over
    jitters t of S_c(x_t * G m + r_t * (1 - G m)), with x_t the input moved by t pixels down and right, its border
    repeated, r_t what x_t shows where it is hidden, and side the square root of the number of cells. The deletion game
    of the paper; a fixed number of Adam's steps, one jitter each, from m = 1/2 (this project's choice; the authors'
    code: the smallest blurred disc that destroys the evidence). The paper's penalties are sums for one size of mask;
    divided so, they weigh the same on small images.
    Unit: relevance, 0 (kept) to 1 (deleted). Sign: never negative. One channel: (B, H, W, 1).
    Each step folds its number into the input's random key, so results depend on neither batch size nor order.
    Needs: image inputs; of the network its function and gradient, so any model.
    Known criticisms: the map is what one descent finds, and another start, length or penalty gives another; adversarial
    masks lower the score without hiding what matters; a saturated probability has no gradient to follow.
    Source: Fong and Vedaldi 2017, arXiv:1704.03296, equations 3 and 4 and section 4.3.
    """

    unit: ClassVar[str] = "relevance"
    signed: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    claims: ClassVar[frozenset[Claim]] = frozenset()
    source: ClassVar[str] = "Fong and Vedaldi 2017, arXiv:1704.03296"

    iterations: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 100
    """Steps of the descent, one gradient each. The paper: 300; fewer here so that an audit stays affordable."""

    rate: Annotated[float, Field(gt=0.0, strict=True)] = 0.1
    """Length of Adam's first step, in units of the mask; it falls linearly to zero, this project's choice (the paper
    names no schedule). 0.1 in the authors' code."""

    grid: Annotated[int, Field(ge=1, strict=True)] = 28
    """Cells of m along each side, at most one per pixel. The paper: 28 on 224 pixels."""

    width: Annotated[float, Field(gt=0.0, strict=True)] = 0.625
    """Standard deviation of G, in cells. The paper: 5 pixels where a cell has 8."""

    l1: Annotated[float, Field(ge=0.0, strict=True)] = 0.0784
    """Cost of hiding the whole image, in units of the score. The paper: 1e-4 for each of 28 x 28 cells."""

    l2: Annotated[float, Field(ge=0.0, strict=True)] = 0.28
    """Cost of an edge from 0 to 1 across the whole image, in units of the score. The paper: 1e-2 for each of 28 pairs
    of neighbours."""

    power: Annotated[float, Field(ge=1.0, strict=True)] = 3.0
    """b, of the differences between neighbouring cells. The paper: 3."""

    jitter: Annotated[int, Field(ge=0, strict=True)] = 1
    """The largest move in pixels. The authors' code: 3 of 224; 1 for small images."""

    reference: Reference = "blur"
    """What is seen where m is 0: ``blur``, as in the paper, ``zeros``, ``mean`` or a number."""

    sigma: Annotated[float, Field(gt=0.0, strict=True)] = 10 / 224
    """Standard deviation of the blur, as a share of the shorter side, at least two pixels. The paper: 10 of 224."""

    output: Output = "probability"
    """The score: ``probability`` of the explained class, as in the paper, or its ``logit``."""

    @property
    def stochastic(self) -> bool:
        """Unless nothing moves."""
        return self.jitter > 0

    @property
    def evaluations(self) -> int:
        """One gradient per step."""
        return self.iterations

    def attribute(self, network: "Network") -> Attribute:
        """Return the deletion as a pure function of the parameters.

        Raises:
            InputError: the inputs are not images.
        """
        from keras import ops

        from audit.backend.random import fold, uniform

        check_images(network, "meaningful_perturbation")
        sizes, score = sizes_of(network), scorer(network, self.output)
        cells, spread = cells_of(sizes, self.grid), self._spread(sizes)

        def deletion(params: "Params", x: Array, target: Array, key: Array) -> Array:
            def loss(mask: Array, number: Array) -> Array:
                moves = ops.ceil(uniform(fold(key, number), (len(sizes),)) * (self.jitter + 1)) - 1.0
                moved, shown = _moved(x, moves), along(mask, spread, ops)[..., None]
                other = hidden(self.reference, moved, self.sigma, ops, origin=network.origin)
                return score(params, other + shown * (moved - other), target) + self._penalty(mask)

            # From 1 a saturated probability would show no way down, and no cell but those of the penalty's moves.
            start = ops.full((x.shape[0], *cells), 0.5)
            return along(1.0 - adam(loss, start, self.iterations, self.rate), spread, ops)[..., None]

        return deletion

    def _spread(self, sizes: tuple[int, ...]) -> list[np.ndarray]:
        return [bells(*each, self.width) for each in zip(sizes, cells_of(sizes, self.grid), strict=True)]

    def _penalty(self, mask: Array) -> Array:
        """Return the cost (B,) of a mask (B, h, w): of hiding, and of roughness."""
        from keras import ops

        side = float(np.sqrt(mask.shape[1] * mask.shape[2]))
        down, across = mask[:, 1:] - mask[:, :-1], mask[:, :, 1:] - mask[:, :, :-1]
        rough = sum(ops.sum(ops.abs(each) ** self.power, axis=(1, 2)) for each in (down, across))
        return self.l1 * ops.mean(1.0 - mask, axis=(1, 2)) + self.l2 / side * rough

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the deletion of every cell that speaks for a linear score whose weights are noise."""
        spread, other = self._spread(x.shape[:2]), hidden(self.reference, x[None], self.sigma, np)[0]
        parts = (generator.standard_normal(x.shape, dtype=np.float32) * (x - other)).sum(axis=-1)
        helps = along(parts[None], [each.T for each in spread], np) > 0
        return along(helps.astype(np.float32), spread, np)[0, ..., None]


def _moved(x: Array, moves: Array) -> Array:
    """Return images x (B, H, W, C), each moved down and right by its pixels (B, 2), with their border repeated."""
    from keras import ops

    matrices = []
    for axis, size in enumerate(x.shape[1:3]):
        origins = ops.maximum(np.arange(size, dtype=np.float32)[None] - moves[:, axis, None], 0.0)
        matrices.append(ops.cast(ops.equal(origins[..., None], np.arange(size, dtype=np.float32)), "float32"))
    return along(x, matrices, ops)
