"""SmoothGrad squared: the squares of a base attribution, averaged over noisy copies of the input."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.gradient import Gradient
from audit.methods.method import Array, Attribute, BaseMethod
from audit.methods.shared.noisy_copies import OverNoisyCopies, accumulate, noise_maps, repeated
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class SmoothGradSquared(OverNoisyCopies):
    """The mean of the squares of a base attribution over copies of the input with Gaussian noise added.

    Formula: A(x) = 1/n sum over s = 1 .. n of base(x + sigma e_s)^2, entry by entry; the noisy copies are SmoothGrad's,
    the same ones for the same key. It is SmoothGrad's square plus VarGrad, for equal ``samples``.
    Unit: the base's, squared. Sign: never negative; evidence for and against look alike. Needs: what the base needs.
    Known criticisms: it ranks features well for removal where SmoothGrad does not, mostly because the sign is gone
    (Hooker et al. 2019, who also find the plain gradient squared better); ReLU networks make it large wherever the
    gradient is merely noisy; all of SmoothGrad's.
    Source: Hooker, Erhan, Kindermans and Kim 2019, arXiv:1806.10758, section 3 (SG-SQ).
    """

    source: ClassVar[str] = "Hooker, Erhan, Kindermans and Kim 2019, arXiv:1806.10758"

    base: BaseMethod = Gradient()
    """The method whose squares are averaged: a name, or a name with its fields. The paper: the gradient, guided
    backprop and integrated gradients."""

    samples: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 50
    """n, noisy copies per input, as for SmoothGrad; the paper takes 15."""

    noise: Annotated[float, Field(ge=0.0, strict=True)] = 0.15
    """sigma as a fraction of each input's own range, as for SmoothGrad."""

    @property
    def claims(self) -> frozenset[Claim]:
        """Sensitivity (b), if the base claims it: where the base is always zero, so is this."""
        return self.base.claims & {"sensitivity_b"}

    @property
    def unit(self) -> str:
        """The base's unit, squared."""
        return f"({self.base.unit})^2"

    @property
    def signed(self) -> bool:
        """Never: squares are not negative."""
        return False

    def attribute(self, network: "Network") -> Attribute:
        """Return the mean square of the base over noisy inputs as a pure function of the parameters."""
        total = accumulate(self, network, lambda number, value, sums: (sums[0] + value * value,), 1)

        def squared(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return total(params, x, target, key)[0] / self.samples

        return squared

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the mean square of the base's noise maps at the noisy copies, all with the same noise."""
        return np.mean(np.square(noise_maps(self, network, x, repeated(generator, self.samples))), axis=0)
