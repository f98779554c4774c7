"""A method in one file: installed beside Saliency Audit, a spec may name it like any other."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from audit.declare import declared
from audit.methods.gradient import Gradient
from audit.methods.method import Attribute, Need, gaussian_noise

if TYPE_CHECKING:
    from audit.network.network import Network


@declared
class SquaredGradient:
    """The derivative of the explained logit with respect to the input, raised to an even power.

    Formula: A(x) = (d S_c(x) / d x)^power, with S_c the logit of the explained class c.
    Unit: (logit per unit of input)^power. Sign: never negative.
    Needs: the network's function alone, so any model.
    Known criticisms: those of the gradient; says nothing of the direction.
    Source: Hooker et al. 2019, arXiv:1806.10758, section 4.2, where squaring made rankings much better.
    """

    unit: ClassVar[str] = "(logit / input)^power"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    evaluations: ClassVar[int] = 1
    source: ClassVar[str] = "Hooker et al. 2019, arXiv:1806.10758"

    power: Annotated[int, Field(ge=2, le=8, multiple_of=2)] = 2
    """The exponent: even, so that the sign is dropped. 2 as in the paper."""

    def attribute(self, network: "Network") -> Attribute:
        """Return the method as a pure function of the network's parameters."""
        gradient = Gradient().attribute(network)

        def squared_gradient(params: Any, x: Any, target: Any, key: Any) -> Any:
            return gradient(params, x, target, key) ** self.power

        return squared_gradient

    noise_map = gaussian_noise
