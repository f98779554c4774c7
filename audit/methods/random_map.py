"""The random map, a control: it changes wholly with any parameter and any key.

It must pass every sensitivity to parameters and fail repeatability.
"""

from typing import TYPE_CHECKING, ClassVar

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need, gaussian_noise
from audit.methods.shared.params_digest import params_digest
from audit.record import CLAIMS, Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class RandomMap(MethodDefaults):
    """Independent Gaussian noise that changes completely with any change of a parameter (control).

    Formula: standard Gaussian numbers, drawn from the input's key with a digest of all parameters folded in. The same
    parameters and key give the same map; two different values swapped, or one bit changed, give an independent one.
    Unit: none. Sign: kept, meaningless. Hyper-parameters: none. Needs: nothing of the network.
    Known criticisms: it explains nothing, and no parameter randomisation can show it.
    Source: the random control of Adebayo et al. 2018 (arXiv:1810.03292) and of Hooker et al. 2019,
    arXiv:1806.10758.
    """

    unit: ClassVar[str] = "none"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = True
    needs: ClassVar[Need] = "apply"
    evaluations: ClassVar[int] = 0
    claims: ClassVar[frozenset[Claim]] = CLAIMS
    source: ClassVar[str] = "Adebayo et al. 2018, arXiv:1810.03292; Hooker et al. 2019, arXiv:1806.10758"

    def attribute(self, network: "Network") -> Attribute:
        """Return noise of x's shape, a function of the parameters and the key alone."""
        from audit.backend.random import fold, normal
        from audit.network.params import in_place

        names = in_place(network)

        def noise(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return normal(fold(key, params_digest(params, names)), tuple(x.shape[1:]))

        return noise

    noise_map = gaussian_noise
