"""SmoothGrad: a base attribution, averaged over noisy copies of the input."""

from typing import TYPE_CHECKING, Annotated, ClassVar
from zlib import crc32

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.gradient import Gradient
from audit.methods.method import Array, Attribute, BaseMethod, Need

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class SmoothGrad:
    """The mean of a base attribution over copies of the input with Gaussian noise added.

    Formula: A(x) = 1/n sum over s = 1 .. n of base(x + sigma e_s), with e_s standard Gaussian and
    sigma = noise (max x - min x), over all entries of the input.
    Unit and sign: the base's. Needs: what the base needs.
    Each sample folds its number into the input's random key, so results depend on neither batch size nor order; a
    stochastic base gets a key of its own per sample. An input without spread (a constant image) gets no noise.
    Known criticisms: 50 samples are far from converged on deep networks, so repeatability must be checked; smooths away
    noise that may be a property of the network; the noisy copies are unlike the data.
    Source: Smilkov, Thorat, Kim, Viegas and Wattenberg 2017, arXiv:1706.03825, section 3.
    """

    source: ClassVar[str] = "Smilkov, Thorat, Kim, Viegas and Wattenberg 2017, arXiv:1706.03825"

    base: BaseMethod = Gradient()
    """The method that is averaged: a name, or a name with its fields. The paper's: the gradient."""

    samples: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 50
    """n, noisy copies per input. The paper sees little gain after 50; also in the code of Adebayo et al. 2018."""

    noise: Annotated[float, Field(ge=0.0, strict=True)] = 0.15
    """sigma as a fraction of each input's own range. The paper: 0.1 to 0.2; 0.15 in the code of Adebayo et al. 2018."""

    @property
    def unit(self) -> str:
        """The base's unit."""
        return self.base.unit

    @property
    def signed(self) -> bool:
        """Whether the base's sign carries meaning."""
        return self.base.signed

    @property
    def stochastic(self) -> bool:
        """Unless there is no noise and the base uses none."""
        return self.noise > 0 or self.base.stochastic

    @property
    def needs(self) -> Need:
        """What the base needs."""
        return self.base.needs

    @property
    def evaluations(self) -> int:
        """The base's, once per sample."""
        return self.samples * self.base.evaluations

    def attribute(self, network: "Network") -> Attribute:
        """Return the mean of the base over noisy inputs as a pure function of the parameters."""
        from keras import ops

        from audit.backend.random import fold, normal

        base = self.base.attribute(network)
        # The base may have fewer channels than x; its noise map tells, without computing the base once more.
        blank = np.zeros(network.input_shape, np.float32)
        shape = self.base.noise_map(network, blank, np.random.Generator(np.random.Philox(0))).shape

        def smoothed(params: "Params", x: Array, target: Array, key: Array) -> Array:
            axes = tuple(range(1, len(x.shape)))
            sigma = self.noise * (ops.max(x, axis=axes, keepdims=True) - ops.min(x, axis=axes, keepdims=True))

            def add(number: Array, total: Array) -> Array:
                own = fold(key, number)
                # Two keys from one: a base that draws from its key must not draw the very noise of its input.
                noisy = x + sigma * normal(fold(own, 0), tuple(x.shape[1:]))
                return total + base(params, noisy, target, fold(own, 1))

            return ops.fori_loop(0, self.samples, add, ops.zeros((x.shape[0], *shape))) / self.samples

        return smoothed

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the base's noise map at the mean noisy input, x + sigma e / sqrt(n).

        e belongs to the input: the maps that are compared share their noisy copies, and so must the maps of a null.
        """
        sigma = self.noise * (x.max() - x.min()) / np.sqrt(self.samples)
        own = np.random.Generator(np.random.Philox(crc32(np.ascontiguousarray(x).tobytes())))
        noisy = x + np.float32(sigma) * own.standard_normal(x.shape, dtype=np.float32)
        return self.base.noise_map(network, noisy, generator)
