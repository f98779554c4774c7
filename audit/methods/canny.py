"""Canny's edge detector, a control: outlines one pixel thin, from the input alone."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.shared.blur import blur
from audit.methods.shared.images import check_images
from audit.methods.shared.neighbours import sobel
from audit.record import CLAIMS, Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params

# (step along the steeper axis, diagonal step beside it) for gradients that point down and right, or down and left.
_SECTORS = {
    (True, True): ((1, 0), (1, 1)),
    (False, True): ((0, 1), (1, 1)),
    (True, False): ((1, 0), (1, -1)),
    (False, False): ((0, -1), (1, -1)),
}


@declared
class Canny(MethodDefaults):
    """Thin connected outlines of the input: 1 on an edge, 0 elsewhere.

    Formula: the mean over channels is blurred; a pixel is kept where its Sobel magnitude is at least that of both
    points one step up and down the gradient (interpolated between two neighbours) and at least ``low``; it is an edge
    if it is connected through kept pixels, diagonals included, to one of at least ``high``. Both are shares of the
    image's greatest magnitude. The outermost pixels are no edges. The network is not used.
    Unit: none. Sign: never negative. One channel: (B, H, W, 1). Needs: image inputs; of the network nothing.
    Known criticisms: it explains nothing; two values only, so its ranks are mostly ties.
    Source: Canny 1986, "A computational approach to edge detection", IEEE Transactions on Pattern Analysis and Machine
    Intelligence 8; as a control the edge detector of Adebayo et al. 2018, arXiv:1810.03292.
    """

    unit: ClassVar[str] = "none"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    evaluations: ClassVar[int] = 0
    claims: ClassVar[frozenset[Claim]] = CLAIMS
    source: ClassVar[str] = "Canny 1986, IEEE Transactions on Pattern Analysis and Machine Intelligence 8"

    sigma: Annotated[float, Field(ge=0.0, strict=True)] = 1.0
    """Standard deviation of the blur in pixels. 1 in scikit-image."""

    low: Annotated[float, Field(ge=0.0, le=1.0, strict=True)] = 0.1
    """Least magnitude of an edge's pixel, as a share of the image's greatest. 0.1 in scikit-image, there of images in
    [0, 1] as it is."""

    high: Annotated[float, Field(ge=0.0, le=1.0, strict=True)] = 0.2
    """Magnitude that an edge must have somewhere, as such a share. 0.2 in scikit-image; Canny: two to three times
    ``low``."""

    @model_validator(mode="after")
    def _ordered(self) -> "Canny":
        if self.high < self.low:
            raise ValueError("`high` is less than `low`")
        return self

    def attribute(self, network: "Network") -> Attribute:
        """Return the edges of x, (B, H, W, 1).

        Raises:
            InputError: the inputs are not images.
        """
        from keras import ops

        check_images(network, "canny")

        def edges(params: "Params", x: Array, target: Array, key: Array) -> Array:
            grey = ops.mean(x, axis=-1, keepdims=True)
            down, across = sobel(blur(grey, self.sigma, ops))
            magnitude = ops.sqrt(down * down + across * across)
            greatest = ops.max(magnitude, axis=(1, 2, 3), keepdims=True)
            rounding = 1e-5 * ops.max(ops.abs(grey), axis=(1, 2, 3), keepdims=True)  # of float32: no edge
            ridge = ops.logical_and(_thin(magnitude, down, across), magnitude > rounding)
            kept = ops.logical_and(ridge, magnitude >= self.low * greatest)
            return _connected(kept, ops.logical_and(kept, magnitude >= self.high * greatest))

        return edges

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return magnitudes of noise with one channel, as the edges have."""
        return np.abs(generator.standard_normal((*x.shape[:2], 1), dtype=np.float32))


def _thin(magnitude: Array, down: Array, across: Array) -> Array:
    """Return where a magnitude (B, H, W, 1) is at least that of the points one step up and down the gradient."""
    from keras import ops

    steep, aligned = ops.abs(down) > ops.abs(across), down * across >= 0
    smaller, larger = ops.minimum(ops.abs(down), ops.abs(across)), ops.maximum(ops.abs(down), ops.abs(across))
    share = smaller / ops.where(larger > 0, larger, 1.0)
    kept = ops.zeros_like(steep)
    for (is_steep, is_aligned), (along, diagonal) in _SECTORS.items():
        ahead, behind = (
            (1.0 - share) * _moved(magnitude, along, way) + share * _moved(magnitude, diagonal, way) for way in (1, -1)
        )
        ours = ops.logical_and(ops.equal(steep, is_steep), ops.equal(aligned, is_aligned))
        greatest = ops.logical_and(magnitude >= ahead, magnitude >= behind)
        kept = ops.logical_or(kept, ops.logical_and(ours, greatest))
    return ops.logical_and(kept, _inside(magnitude))


def _moved(x: Array, step: tuple[int, int], way: int) -> Array:
    """Return each pixel's neighbour at a step, or at its opposite; zero outside."""
    from keras import ops

    height, width = x.shape[1:3]
    padded = ops.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    top, left = 1 + way * step[0], 1 + way * step[1]
    return padded[:, top : top + height, left : left + width]


def _inside(x: Array) -> Array:
    """Return which pixels are not at the border."""
    inside = np.zeros((1, *x.shape[1:3], 1), bool)
    inside[:, 1:-1, 1:-1] = True
    return inside


def _connected(kept: Array, strong: Array) -> Array:
    """Return 1 where kept pixels are connected to strong ones, diagonals included."""
    from keras import ops

    kept, start = ops.cast(kept, "float32"), ops.cast(strong, "float32")

    def grow(edges: Array, _: Array) -> tuple[Any, Any]:
        wider = kept * ops.max_pool(edges, 3, strides=1, padding="same")
        return wider, ops.any(wider > edges)

    return ops.while_loop(lambda edges, grew: grew, grow, (start, ops.any(start > 0)))[0]
