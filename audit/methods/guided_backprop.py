"""Guided backprop: the gradient, with every negative signal stopped at each rectifier."""

from typing import TYPE_CHECKING, ClassVar

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need, gaussian_noise
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Node, Params


@declared
class GuidedBackprop(MethodDefaults):
    """Backpropagation that passes only positive signals through each active ReLU.

    Formula: R(input) = f'(input) * max(R(output), 0) at each rectifier f; the gradient's rule everywhere else. For ReLU
    f' is 1 where the input is positive, else 0; for ReLU6 it is 0 above 6 too; a leaky rectifier keeps its slope.
    Unit: relevance (scaled like logit per unit of input, without being a derivative). Sign: kept.
    Hyper-parameters: none. Needs: recorded operations with a rectifier among them.
    Known criticisms: recovers the input rather than the decision (Nie, Zhang and Patel 2018, arXiv:1805.07039); not
    class-specific in deep networks; violates sensitivity and implementation invariance (Sundararajan et al. 2017,
    arXiv:1703.01365); keeps its look when upper layers are randomised (Adebayo et al. 2018, arXiv:1810.03292).
    Source: Springenberg, Dosovitskiy, Brox and Riedmiller 2014, arXiv:1412.6806, section 3.4.
    """

    unit: ClassVar[str] = "relevance"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "graph"
    evaluations: ClassVar[int] = 1
    claims: ClassVar[frozenset[Claim]] = frozenset({"sensitivity_b"})
    source: ClassVar[str] = "Springenberg, Dosovitskiy, Brox and Riedmiller 2014, arXiv:1412.6806"

    def attribute(self, network: "Network") -> Attribute:
        """Return guided backprop as a pure function of the parameters.

        Raises:
            InputError: the model is subclassed, has no rectifier, or hides operations that may be rectifiers.
        """
        from audit.methods.backward.propagate import check_rectifiers, is_rectifier, propagate

        check_rectifiers(network, "guided_backprop")
        relevance = propagate(network, {is_rectifier: _guide})

        def guided(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return relevance(params, x, target)

        return guided

    noise_map = gaussian_noise


def _guide(
    node: "Node", params: "Params", inputs: tuple[Array, ...], output: Array, relevance: Array
) -> tuple[Array, ...]:
    from keras import ops

    from audit.backend import active
    from audit.network.network import call

    _, pullback = active().vjp(lambda *values: call(node, params, values), *inputs)
    return pullback(ops.maximum(relevance, 0.0))
