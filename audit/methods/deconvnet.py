"""DeconvNet: the gradient, with the signal itself rectified at each rectifier, open or not."""

from typing import TYPE_CHECKING, ClassVar

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need, gaussian_noise
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Node, Params


@declared
class Deconvnet(MethodDefaults):
    """Backpropagation in which each ReLU passes the positive backward signals, whatever its input was.

    Formula: R(input) = max(R(output), 0) at each rectifier, whatever its input, its slope or its cap; the gradient's
    rule everywhere else, so that maximum pooling hands on to the winner (the "switches") and filters are transposed.
    Unit: relevance (scaled like logit per unit of input, without being a derivative). Sign: kept.
    Hyper-parameters: none. Needs: recorded operations with a rectifier among them.
    Known criticisms: without maximum pooling it does not depend on the input at all, and with it only through the
    winners (Nie, Zhang and Patel 2018, arXiv:1805.07039); violates sensitivity and implementation invariance
    (Sundararajan et al. 2017, arXiv:1703.01365).
    Source: Zeiler and Fergus 2014, arXiv:1311.2901, section 2.1.
    """

    unit: ClassVar[str] = "relevance"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "graph"
    evaluations: ClassVar[int] = 1
    claims: ClassVar[frozenset[Claim]] = frozenset({"sensitivity_b"})
    source: ClassVar[str] = "Zeiler and Fergus 2014, arXiv:1311.2901"

    def attribute(self, network: "Network") -> Attribute:
        """Return DeconvNet as a pure function of the parameters.

        Raises:
            InputError: the model is subclassed, has no rectifier, or hides operations that may be rectifiers.
        """
        from audit.methods.backward.propagate import check_rectifiers, is_rectifier, propagate

        check_rectifiers(network, "deconvnet")
        relevance = propagate(network, {is_rectifier: _rectify})

        def deconvolved(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return relevance(params, x, target)

        return deconvolved

    noise_map = gaussian_noise


def _rectify(
    node: "Node", params: "Params", inputs: tuple[Array, ...], output: Array, relevance: Array
) -> tuple[Array, ...]:
    from keras import ops

    return (ops.maximum(relevance, 0.0),)
