"""Blurred noise, a control: patches that look like a map, and know nothing."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.random_map import RandomMap
from audit.methods.shared.blur import blur
from audit.methods.shared.images import check_images
from audit.record import CLAIMS, Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class BlurredRandom(MethodDefaults):
    """The random map under a Gaussian blur: as smooth as the maps of deep layers, and as meaningless as noise.

    Formula: A(x) = ``random_map`` blurred by the discrete Gaussian of standard deviation sigma, at least one pixel;
    the border mirrors the image. Any change of any parameter replaces it.
    Unit: none. Sign: kept, meaningless. Needs: image inputs; of the network nothing. A ranking of the removal checks
    has the same name, so in a spec it needs an ``id`` of its own.
    Known criticisms: it explains nothing; removing patches hurts a network more than removing scattered pixels, so it
    is the fairer opponent of smooth maps.
    Source: Song et al. 2023, arXiv:2304.13836.
    """

    unit: ClassVar[str] = "none"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = True
    needs: ClassVar[Need] = "apply"
    evaluations: ClassVar[int] = 0
    claims: ClassVar[frozenset[Claim]] = CLAIMS
    source: ClassVar[str] = "Song et al. 2023, arXiv:2304.13836"

    sigma: Annotated[float, Field(ge=0.0, strict=True)] = 1 / 32
    """Standard deviation of the blur, as a share of the shorter side, at least one pixel. A 32nd: one pixel on
    CIFAR-10, as the paper blurs maps."""

    def attribute(self, network: "Network") -> Attribute:
        """Return blurred noise of x's shape, a function of the parameters and the key alone.

        Raises:
            InputError: the inputs are not images.
        """
        from keras import ops

        check_images(network, "blurred_random")
        noise = RandomMap().attribute(network)

        def blurred(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return blur(noise(params, x, target, key), self._pixels(x), ops)

        return blurred

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return noise of x's shape (H, W, C), blurred in the same way."""
        noise = generator.standard_normal((1, *x.shape), dtype=np.float32)
        return blur(noise, self._pixels(noise), np)[0]

    def _pixels(self, x: Array) -> float:
        return max(1.0, self.sigma * min(x.shape[1:3]))
