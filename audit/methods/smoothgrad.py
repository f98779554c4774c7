"""SmoothGrad: a base attribution, averaged over noisy copies of the input."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.gradient import Gradient
from audit.methods.method import Array, Attribute, BaseMethod
from audit.methods.shared.noisy_copies import OverNoisyCopies, accumulate, own_noise
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class SmoothGrad(OverNoisyCopies):
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
    def claims(self) -> frozenset[Claim]:
        """Sensitivity (b) and linearity, if the base claims them: they survive a mean over the same noise."""
        return self.base.claims & {"sensitivity_b", "linearity"}

    @property
    def unit(self) -> str:
        """The base's unit."""
        return self.base.unit

    @property
    def signed(self) -> bool:
        """Whether the base's sign carries meaning."""
        return self.base.signed

    def attribute(self, network: "Network") -> Attribute:
        """Return the mean of the base over noisy inputs as a pure function of the parameters."""
        total = accumulate(self, network, lambda number, value, sums: (sums[0] + value,), 1)

        def smoothed(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return total(params, x, target, key)[0] / self.samples

        return smoothed

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the base's noise map at the mean noisy input, x + sigma e / sqrt(n), with e the input's own."""
        sigma = self.noise * (x.max() - x.min()) / np.sqrt(self.samples)
        return self.base.noise_map(network, x + np.float32(sigma) * own_noise(x, 1, generator)[0], generator)
