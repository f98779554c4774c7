"""Grad-CAM: where the last convolution's features speak for the explained class."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.shared.activation import activation_and_gradient, chosen_layer, layer_noise, resize
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class GradCam(MethodDefaults):
    """The channels of one layer's activation, weighted by how much each raises the explained logit.

    Formula: A(x) = resize(ReLU(sum over k of w_k a_k)), with a (h, w, K) the layer's activation and w_k the mean over
    (h, w) of d S_c / d a_k. Resized to the input's height and width: bilinear, half-pixel centres, borders repeated,
    no antialiasing. Not normalised; a map that is zero everywhere stays so, and is reported as constant.
    Unit: logit, averaged over the layer's positions. Sign: never negative. One channel: (B, H, W, 1).
    Needs: recorded operations with a convolution among them, and image inputs.
    Known criticisms: as coarse as the layer (few degrees of freedom, so similarities scatter); randomising below the
    layer changes it only through the activations; the ReLU hides evidence against and can leave nothing.
    Source: Selvaraju et al. 2016, arXiv:1610.02391, equations 1 and 2; resizing as in the code of Adebayo et al. 2018.
    """

    unit: ClassVar[str] = "logit"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "convolution"
    evaluations: ClassVar[int] = 1
    claims: ClassVar[frozenset[Claim]] = frozenset()
    source: ClassVar[str] = "Selvaraju et al. 2016, arXiv:1610.02391"

    layer: str = "auto"
    """The layer, by name, its activation included; ``auto``: the last that gives images larger than one pixel and
    does more than pool, pad, crop, drop or resize. The paper: the last convolution's rectified output."""

    def attribute(self, network: "Network") -> Attribute:
        """Return Grad-CAM as a pure function of the parameters.

        Raises:
            InputError: the network has no convolution, no image inputs or no such layer.
        """
        from keras import ops

        both = activation_and_gradient(network, chosen_layer(network, self.layer, "grad_cam"))

        def grad_cam(params: "Params", x: Array, target: Array, key: Array) -> Array:
            activation, slope = both(params, x, target)
            weights = ops.mean(slope, axis=(1, 2), keepdims=True)
            return resize(ops.relu(ops.sum(weights * activation, axis=-1, keepdims=True)), network.input_shape[:2])

        return grad_cam

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return rectified noise of the layer's height and width, resized in the same way: (H, W, 1)."""
        return layer_noise(network, chosen_layer(network, self.layer, "grad_cam"), generator, rectified=True)
