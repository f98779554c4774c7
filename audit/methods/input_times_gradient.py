"""Input times gradient: each input's share of the logit, to first order."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.declare import declared
from audit.methods.gradient import Gradient
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class InputTimesGradient(MethodDefaults):
    """The input multiplied, entry by entry, by the gradient of the explained logit.

    Formula: A(x) = x * d S_c(x) / d x, with S_c the logit of the explained class c.
    Unit: logit. Sign: kept; positive where the input, as it is, raises the logit.
    Hyper-parameters: none. Needs: the network's function alone, so any model.
    Known criticisms: dominated by the input (Adebayo et al. 2018, arXiv:1810.03292): where x is 0 the map is 0 whatever
    the network; depends on where the input's zero lies (Kindermans et al. 2017, arXiv:1711.00867).
    Source: Shrikumar, Greenside, Shcherbina and Kundaje 2016, arXiv:1605.01713.
    """

    unit: ClassVar[str] = "logit"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    evaluations: ClassVar[int] = 1
    claims: ClassVar[frozenset[Claim]] = frozenset({"sensitivity_b", "linearity", "symmetry"})
    source: ClassVar[str] = "Shrikumar, Greenside, Shcherbina and Kundaje 2016, arXiv:1605.01713"

    def attribute(self, network: "Network") -> Attribute:
        """Return input times gradient as a pure function of the parameters."""
        gradient = Gradient().attribute(network)

        def product(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return x * gradient(params, x, target, key)

        return product

    @property
    def multiplies_input(self) -> bool:
        """It does, by its definition."""
        return True

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the input multiplied by noise: what is left of the map when the network contributes nothing."""
        return x * generator.standard_normal(x.shape, dtype=np.float32)
