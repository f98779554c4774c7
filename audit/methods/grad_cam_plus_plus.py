"""Grad-CAM++: Grad-CAM with positive gradients alone, each position of each channel weighted by its own."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.shared.activation import activation_and_gradient, chosen_layer, layer_noise, resize
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class GradCamPlusPlus(MethodDefaults):
    """The channels of one layer's activation, weighted by a weighted sum of their positive gradients.

    Formula: A(x) = resize(ReLU(sum over k of w_k a_k)), with w_k the sum over (i, j) of alpha_kij ReLU(g_kij),
    g = d S_c / d a and alpha_kij = g_kij^2 / (2 g_kij^2 + g_kij^3 sum over (h, w) of a_k), that is
    1 / (2 + g_kij sum of a_k): the paper's closed form for the score exp(S_c), less its factor exp(S_c), which is the
    same at all positions. The paper's activations are rectified; of a layer that is not, only the positive part enters
    the sum in alpha, so that alpha is at most 1/2 wherever it is used. Resized as in Grad-CAM. Not normalised; a map
    that is zero everywhere stays so, and is reported as constant.
    Unit: relevance (alpha mixes the logit's first and third derivatives). Sign: never negative. One channel.
    Needs: recorded operations with a convolution among them, and image inputs.
    Known criticisms: hardly differs from the mean of positive gradients (Lerma and Lucas 2022, arXiv:2205.10838);
    depends on the logit's scale; all of Grad-CAM's.
    Source: Chattopadhay, Sarkar, Howlader and Balasubramanian 2017, arXiv:1710.11063, equations 5, 6, 11 and 19.
    """

    unit: ClassVar[str] = "relevance"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "convolution"
    evaluations: ClassVar[int] = 1
    claims: ClassVar[frozenset[Claim]] = frozenset()
    source: ClassVar[str] = "Chattopadhay, Sarkar, Howlader and Balasubramanian 2017, arXiv:1710.11063"

    layer: str = "auto"
    """The layer, as in ``grad_cam``. The paper: the last convolution's rectified output."""

    def attribute(self, network: "Network") -> Attribute:
        """Return Grad-CAM++ as a pure function of the parameters.

        Raises:
            InputError: the network has no convolution, no image inputs or no such layer.
        """
        from keras import ops

        both = activation_and_gradient(network, chosen_layer(network, self.layer, "grad_cam_plus_plus"))

        def grad_cam_plus_plus(params: "Params", x: Array, target: Array, key: Array) -> Array:
            activation, slope = both(params, x, target)
            rising = ops.relu(slope)
            alpha = 1.0 / (2.0 + rising * ops.sum(ops.relu(activation), axis=(1, 2), keepdims=True))
            weights = ops.sum(alpha * rising, axis=(1, 2), keepdims=True)
            return resize(ops.relu(ops.sum(weights * activation, axis=-1, keepdims=True)), network.input_shape[:2])

        return grad_cam_plus_plus

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return rectified noise of the layer's height and width, resized in the same way: (H, W, 1)."""
        return layer_noise(network, chosen_layer(network, self.layer, "grad_cam_plus_plus"), generator, rectified=True)
