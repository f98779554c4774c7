"""XRAI: whole regions of the image, ranked by how much of integrated gradients they hold per pixel."""

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.gradient import Gradient
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.shared.images import check_images
from audit.record import Claim, record

if TYPE_CHECKING:
    from audit.network.network import Network, Params

_KEPT = 64  # regions of inputs: they depend on the input alone, and are asked for again under every condition


@record
class Region:
    """The pixels (P,) that a region adds to those ranked before it, and the mean attribution of these pixels."""

    pixels: np.ndarray
    gain: float


@declared
class Xrai(MethodDefaults):
    """Regions from several segmentations, ranked by the density of integrated gradients that each adds.

    Formula: g = the sum over channels of the mean of integrated gradients from a black and from a white baseline (the
    input's own least and greatest value). The regions are all segments of Felzenszwalb and Huttenlocher's method at all
    ``scales``, each dilated. Starting from none, the region is added whose pixels that are not yet covered have the
    greatest mean of g, until all pixels are covered. A at a pixel = that mean, of the region that added the pixel.
    The regions added first, second and so on nest as the salient part of the image at growing area.
    Unit: logit (per pixel). Sign: kept. One channel: (B, H, W, 1).
    Segments depend on the input alone; the segmentation and the dilation are scikit-image's. Differences from the
    authors' code: channels are summed, which keeps the sum of integrated gradients, not reduced to their maximum; the
    image is not resized to 224 x 224 first, the least segment and the dilation are shares of it; no region is left out
    for adding few pixels. As there, it is brought from -1 to 1 before it is segmented.
    Needs: image inputs, and the network's function alone; it is run between NumPy, so it is no base of another method.
    Known criticisms: the outlines are the image's, whatever the network sees, so that maps of different networks look
    alike; depends on six segmentations' parameters; a region's value is a mean, which hides signs that cancel.
    Source: Kapishnikov et al. 2019, arXiv:1906.02825, section 3 and algorithm 1.
    """

    unit: ClassVar[str] = "logit"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    compiled: ClassVar[bool] = False
    claims: ClassVar[frozenset[Claim]] = frozenset({"completeness"})
    source: ClassVar[str] = "Kapishnikov et al. 2019, arXiv:1906.02825"

    steps: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 50
    """Gradients along the line from each of the two baselines. 100 in the authors' code."""

    scales: Annotated[tuple[Annotated[float, Field(gt=0.0)], ...], Field(min_length=1)] = (50, 100, 150, 250, 500, 1200)
    """Scales of the segmentations: the larger, the larger the segments. Those of the authors' code."""

    least: Annotated[float, Field(ge=0.0, le=1.0, strict=True)] = 0.003
    """The least area of a segment, as a share of the image. The authors' code: 150 of 224 x 224 pixels."""

    dilation: Annotated[float, Field(ge=0.0, le=1.0, strict=True)] = 0.022
    """The radius by which segments are widened, as a share of the image's longer side, rounded to whole pixels: none
    for images of at most 22 pixels. The authors' code: 5 of 224 pixels."""

    @property
    def evaluations(self) -> int:
        """One gradient per step and baseline."""
        return 2 * self.steps

    def attribute(self, network: "Network") -> Attribute:
        """Return XRAI, run on the host between evaluations of a compiled function.

        Raises:
            InputError: the inputs are not images.
        """
        from audit.backend import active

        check_images(network, "xrai")
        integrated = active().compile(_black_and_white(network, self.steps), network.precision)

        def attribution(params: "Params", x: Array, target: Array, key: Array) -> np.ndarray:
            inputs = np.asarray(x, np.float32)
            gradients = active().to_numpy(integrated(params, x, target, key)).sum(axis=-1, dtype=np.float64)
            return np.stack([self._ranked(*each) for each in zip(gradients, inputs, strict=True)])

        return attribution

    def _ranked(self, attribution: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return each region's gain at the pixels (H, W, 1) that it added, for attributions (H, W) and one input x."""
        found = np.zeros(attribution.size, np.float32)
        for region in ranked(attribution.ravel(), self.regions(x)):
            found[region.pixels] = region.gain
        return found.reshape(*attribution.shape, 1)

    def regions(self, x: np.ndarray) -> np.ndarray:
        """Return the pixels (S, H W) bool of each region of one input x (H, W, C)."""
        pixels = np.ascontiguousarray(x, np.float32)
        return _regions(pixels.tobytes(), pixels.shape, self.scales, self.least, self.dilation)

    def baselines(self, x: np.ndarray, params: "Params") -> np.ndarray:
        """Return the two baselines of each input of x (n, H, W, C): black and white, (2, n, H, W, C)."""
        return np.stack([np.broadcast_to(each(x, axis=(1, 2, 3), keepdims=True), x.shape) for each in (np.min, np.max)])

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the regions of noise, one draw for the line from each baseline, times the way from it."""
        noise = generator.standard_normal((2, *x.shape), dtype=np.float32)
        shown = (noise[0] * (x - x.min()) + noise[1] * (x - x.max())) / 2
        return self._ranked(shown.sum(axis=-1, dtype=np.float64), x)


def ranked(attribution: np.ndarray, regions: np.ndarray) -> list[Region]:
    """Return regions (S, P) in the order in which they are added, by the mean attribution (P,) that each adds.

    Regions that add nothing are left out. Together the regions must cover all pixels.
    """
    sums = np.array([attribution[region].sum() for region in regions])
    areas, left, found = regions.sum(axis=1), np.ones(regions.shape[1], bool), []
    while left.any():
        gains = np.where(areas > 0, sums / np.maximum(areas, 1), -np.inf)
        best = int(np.argmax(gains))
        added = np.flatnonzero(regions[best] & left)
        found.append(Region(pixels=added, gain=float(attribution[added].mean())))
        left[added] = False
        shared = regions[:, added]
        sums, areas = sums - shared @ attribution[added], areas - shared.sum(axis=1)
    return found


def _black_and_white(network: "Network", steps: int) -> Attribute:
    """Return the mean of integrated gradients from each input's least and greatest value, by the midpoint rule."""
    from keras import ops

    gradient = Gradient().attribute(network)

    def integrated(params: "Params", x: Array, target: Array, key: Array) -> Array:
        ways = [x - each(x, axis=(1, 2, 3), keepdims=True) for each in (ops.min, ops.max)]

        def add(step: Array, total: Array) -> Array:
            left = 1.0 - (ops.cast(step, "float32") + 0.5) / steps
            slopes = [gradient(params, x - left * way, target, key) * way for way in ways]
            return total + slopes[0] + slopes[1]

        return ops.fori_loop(0, steps, add, ops.zeros_like(x)) / (2 * steps)

    return integrated


@lru_cache(maxsize=_KEPT)
def _regions(
    pixels: bytes, shape: tuple[int, ...], scales: tuple[float, ...], least: float, dilation: float
) -> np.ndarray:
    from skimage.morphology import dilation as dilated
    from skimage.morphology import disk
    from skimage.segmentation import felzenszwalb

    height, width = shape[:2]
    x = np.frombuffer(pixels, np.float32).reshape(shape).astype(np.float64)
    image = 2.0 * (x - x.min()) / ((x.max() - x.min()) or 1.0) - 1.0  # the scales are for colours in this range
    radius, smallest = round(dilation * max(height, width)), max(1, round(least * height * width))
    found = []
    for scale in scales:
        labels = felzenszwalb(image, scale=scale, sigma=0.8, min_size=smallest, channel_axis=-1)
        found += [dilated(labels == label, disk(radius)).ravel() for label in np.unique(labels)]
    regions = np.array(found)
    regions.flags.writeable = False  # it is kept
    return regions
