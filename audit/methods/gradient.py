"""Gradient: how fast the explained logit changes with each input."""

from typing import TYPE_CHECKING, ClassVar

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need, gaussian_noise
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class Gradient(MethodDefaults):
    """The derivative of the explained logit with respect to the input.

    Formula: A(x) = d S_c(x) / d x, with S_c the logit of the explained class c. Where it has no derivative: equal
    entries of a maximum share it equally, and at 0 a rectifier has its lower slope, on every backend (in subclassed
    models, whose operations are not recorded, the framework chooses).
    Unit: logit per unit of input. Sign: kept; positive where more input raises the logit.
    Hyper-parameters: none. Needs: the network's function alone, so any model.
    Known criticisms: says what a small change would do, not what the input contributed; saturates (zero where the logit
    no longer rises, although the input made it rise); noisy on deep rectifier networks.
    Source: Simonyan, Vedaldi and Zisserman 2013, arXiv:1312.6034, section 3; there the absolute maximum over channels,
    which is left to ``maps.py``.
    """

    unit: ClassVar[str] = "logit / input"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    evaluations: ClassVar[int] = 1
    claims: ClassVar[frozenset[Claim]] = frozenset({"sensitivity_b", "linearity", "symmetry"})
    source: ClassVar[str] = "Simonyan, Vedaldi and Zisserman 2013, arXiv:1312.6034"

    def attribute(self, network: "Network") -> Attribute:
        """Return the gradient of the explained logit as a pure function of the parameters."""
        from keras import ops

        from audit.backend import active
        from audit.network.network import score

        backend = active()

        def gradient(params: "Params", x: Array, target: Array, key: Array) -> Array:
            logit, pullback = backend.vjp(lambda inputs: score(network, params, inputs, target), x)
            return pullback(ops.ones_like(logit))[0]

        return gradient

    noise_map = gaussian_noise
