"""The Laplacian, a control: how much brighter or darker a pixel is than its neighbours."""

from typing import TYPE_CHECKING, ClassVar

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need, gaussian_noise
from audit.methods.shared.neighbours import curvature
from audit.record import CLAIMS, Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class Laplacian(MethodDefaults):
    """The sum of each pixel's four neighbours minus four times itself: an edge detector with a sign.

    Formula: A(x) = the second differences down and across, each channel by itself, borders repeated; of flat inputs
    along the features. The network is not used.
    Unit: that of the input. Sign: kept; it changes at an edge.
    Hyper-parameters: none. Needs: nothing of the network.
    Known criticisms: it explains nothing; as a control it stands for maps that outline objects in two colours.
    Source: Marr and Hildreth 1980, "Theory of edge detection", Proceedings of the Royal Society B 207, without blur.
    """

    unit: ClassVar[str] = "none"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    evaluations: ClassVar[int] = 0
    claims: ClassVar[frozenset[Claim]] = CLAIMS
    source: ClassVar[str] = "Marr and Hildreth 1980, Proceedings of the Royal Society B 207"

    def attribute(self, network: "Network") -> Attribute:
        """Return the Laplacian of x, in x's shape."""

        def laplacian(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return curvature(x, 1) + curvature(x, 2) if len(x.shape) == 4 else curvature(x, 1)

        return laplacian

    noise_map = gaussian_noise
