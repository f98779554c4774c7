"""The edge detector, a control: it depends on the input alone, so it must fail every sensitivity to parameters."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.shared.neighbours import difference, sobel
from audit.record import CLAIMS, Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class EdgeDetector(MethodDefaults):
    """The magnitude of the input's edges: it ignores the model but looks like an explanation (control).

    Formula: the Sobel magnitude sqrt(g_h^2 + g_w^2) of each channel, summed over channels; g_h is the difference of the
    neighbours below and above, smoothed by [1, 2, 1]/4 along the width, g_w the same the other way; borders repeated.
    For flat inputs: the absolute difference of the two neighbours. The network is not used.
    Unit: none (twice the input's change per pixel). Sign: never negative.
    Hyper-parameters: none. Needs: nothing of the network.
    Known criticisms: it is one (Adebayo et al. 2018): maps that resemble it look convincing for that reason alone.
    Source: Sobel and Feldman 1968; as a control Adebayo et al. 2018, arXiv:1810.03292.
    """

    unit: ClassVar[str] = "none"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    evaluations: ClassVar[int] = 0
    claims: ClassVar[frozenset[Claim]] = CLAIMS
    source: ClassVar[str] = "Sobel and Feldman 1968; Adebayo et al. 2018, arXiv:1810.03292"

    def attribute(self, network: "Network") -> Attribute:
        """Return the edges of x: (B, H, W, 1) for images, (B, F) for flat inputs."""
        from keras import ops

        def edges(params: "Params", x: Array, target: Array, key: Array) -> Array:
            if len(x.shape) != 4:
                return ops.abs(difference(x, 1))
            down, across = sobel(x)
            return ops.sum(ops.sqrt(down * down + across * across), axis=-1, keepdims=True)

        return edges

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return magnitudes of noise with one channel, as the edges have."""
        return np.abs(generator.standard_normal((*x.shape[:2], 1) if x.ndim == 3 else x.shape, dtype=np.float32))
