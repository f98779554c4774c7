"""The constant map, a control: it says the same of every pixel, so no similarity of it is defined."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.record import CLAIMS, Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class Constant(MethodDefaults):
    """One for every entry of the input: an explanation that says nothing.

    Formula: A(x) = 1. The network is not used.
    Unit: none. Sign: never negative. Hyper-parameters: none. Needs: nothing of the network.
    Known criticisms: it explains nothing; a check that compares ranks must call it undefined, never similar.
    Source: the constant maps that randomisation can leave of Grad-CAM (Adebayo et al. 2018, arXiv:1810.03292).
    """

    unit: ClassVar[str] = "none"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    evaluations: ClassVar[int] = 0
    claims: ClassVar[frozenset[Claim]] = CLAIMS
    source: ClassVar[str] = "Adebayo et al. 2018, arXiv:1810.03292"

    def attribute(self, network: "Network") -> Attribute:
        """Return ones in x's shape."""
        from keras import ops

        def constant(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return ops.ones_like(x)

        return constant

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return ones: no network is in the map, so no noise is either."""
        return np.ones(x.shape, np.float32)
