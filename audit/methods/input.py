"""The input as a control: it depends on the input alone, so it must fail every sensitivity to parameters."""

from typing import TYPE_CHECKING, ClassVar

from audit.declare import declared
from audit.methods.method import Attribute, MethodDefaults, Need, gaussian_noise
from audit.record import CLAIMS, Claim

if TYPE_CHECKING:
    from audit.network.network import Network


@declared
class Input(MethodDefaults):
    """The input itself, used as a map (control).

    Formula: A(x) = x. The network is not used. Unit: that of the input. Sign: kept. Hyper-parameters: none. Needs:
    nothing of the network. Known criticisms: it explains nothing; a method that cannot be distinguished from it shows
    the input, not the network. Source: the input-dominance experiment of Adebayo et al. 2018, arXiv:1810.03292.
    """

    unit: ClassVar[str] = "none"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    evaluations: ClassVar[int] = 0
    claims: ClassVar[frozenset[Claim]] = CLAIMS
    source: ClassVar[str] = "Adebayo et al. 2018, arXiv:1810.03292"

    def attribute(self, network: "Network") -> Attribute:
        """Return x."""
        from keras import ops

        return lambda params, x, target, key: ops.convert_to_tensor(x)

    noise_map = gaussian_noise
