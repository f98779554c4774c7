"""Guided Grad-CAM: guided backprop, masked by Grad-CAM."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.declare import declared
from audit.methods.grad_cam import GradCam
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class GuidedGradCam(MethodDefaults):
    """Guided backprop multiplied, pixel by pixel, by Grad-CAM.

    Formula: A(x) = guided_backprop(x) * grad_cam(x), the one channel of Grad-CAM for every channel of the input. Where
    Grad-CAM is zero everywhere the map is zero; it stays so, and is reported as constant.
    Unit: relevance. Sign: guided backprop's. Needs: recorded operations with a convolution and a rectifier among them,
    and image inputs.
    Known criticisms: its fine structure is guided backprop's, which recovers the input rather than the decision (Nie,
    Zhang and Patel 2018, arXiv:1805.07039), and survives randomisation of upper layers as that does (Adebayo et al.
    2018, arXiv:1810.03292); only the coarse mask knows the class.
    Source: Selvaraju et al. 2016, arXiv:1610.02391, section 3.2.
    """

    unit: ClassVar[str] = "relevance"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "convolution"
    evaluations: ClassVar[int] = 2
    claims: ClassVar[frozenset[Claim]] = frozenset({"sensitivity_b"})
    source: ClassVar[str] = "Selvaraju et al. 2016, arXiv:1610.02391"

    layer: str = "auto"
    """The layer of Grad-CAM, as in ``grad_cam``."""

    def attribute(self, network: "Network") -> Attribute:
        """Return guided Grad-CAM as a pure function of the parameters.

        Raises:
            InputError: Grad-CAM or guided backprop does not apply to the network.
        """
        from keras import ops

        mask, guided = GradCam(layer=self.layer).attribute(network), GuidedBackprop().attribute(network)

        def guided_grad_cam(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return guided(params, x, target, key) * ops.cast(mask(params, x, target, key), x.dtype)

        return guided_grad_cam

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return guided backprop's noise times Grad-CAM's."""
        mask = GradCam(layer=self.layer).noise_map(network, x, generator)
        return GuidedBackprop().noise_map(network, x, generator) * mask
