"""VarGrad: the variance of a base attribution over noisy copies of the input."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.gradient import Gradient
from audit.methods.method import Array, Attribute, BaseMethod
from audit.methods.shared.noisy_copies import OverNoisyCopies, accumulate, noise_maps
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class VarGrad(OverNoisyCopies):
    """The variance of a base attribution over copies of the input with Gaussian noise added.

    Formula: A(x) = 1/n sum over s = 1 .. n of (base(x + sigma e_s) - m)^2, entry by entry, with m the mean over the
    copies (SmoothGrad); the noisy copies are SmoothGrad's, the same ones for the same key. Computed in one pass by
    Welford's updates, which lose no digits where the variance is small beside the mean.
    Unit: the base's, squared. Sign: never negative. Needs: what the base needs.
    Known criticisms: independent of the gradient itself, to leading order: it shows where the function is curved (Seo
    et al. 2018, arXiv:1806.03000), and is zero for a linear model whatever its weights; all of SmoothGrad's.
    Source: Adebayo, Gilmer, Goodfellow and Kim 2018, arXiv:1810.03307; its estimator as in Hooker et al. 2019,
    arXiv:1806.10758, section 3. The updates: Welford 1962.
    """

    source: ClassVar[str] = "Adebayo, Gilmer, Goodfellow and Kim 2018, arXiv:1810.03307"

    base: BaseMethod = Gradient()
    """The method whose variance is taken: a name, or a name with its fields. The paper's: the gradient."""

    samples: Annotated[int, Field(ge=2, le=10_000, strict=True)] = 25
    """n, noisy copies per input. 25 in the code of Adebayo et al. 2018; Hooker et al. 2019 take 15."""

    noise: Annotated[float, Field(gt=0.0, strict=True)] = 0.15
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
        """Return the variance of the base over noisy inputs as a pure function of the parameters."""
        moments = accumulate(self, network, _welford, 2)

        def variance(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return moments(params, x, target, key)[1] / self.samples

        return variance

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the variance of the base's noise maps at the noisy copies, each with noise of its own."""
        return np.var(noise_maps(self, network, x, [generator] * self.samples), axis=0)


def _welford(number: Array, value: Array, sums: tuple[Array, ...]) -> tuple[Array, ...]:
    """Update the mean and the sum of squared deviations by one more value."""
    from keras import ops

    mean, deviations = sums
    away = value - mean
    mean = mean + away / (ops.cast(number, "float32") + 1.0)
    return mean, deviations + away * (value - mean)
