"""Layer-CAM: each position of one layer's activation, weighted by its own positive gradient."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.shared.activation import activation_and_gradient, chosen_layer, layer_noise, resize
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class LayerCam(MethodDefaults):
    """One layer's activation times its positive gradients, position by position, summed over channels.

    Formula: A(x) = resize(ReLU(sum over k of ReLU(d S_c / d a_k) a_k)), with a (h, w, K) the layer's activation.
    Resized as in Grad-CAM. Not normalised; a map that is zero everywhere stays so, and is reported as constant.
    Unit: logit. Sign: never negative. One channel: (B, H, W, 1).
    Needs: recorded operations with a convolution among them, and image inputs.
    Known criticisms: gradients of lower layers are noisy, and so is the map; the ReLUs hide evidence against; as input
    times gradient of a layer, it is dominated by the activation, which does not know the class.
    Source: Jiang, Zhang, Hou, Cheng and Wei 2021, "LayerCAM: Exploring hierarchical class activation maps for
    localization", IEEE Transactions on Image Processing 30, equations 6 to 8.
    """

    unit: ClassVar[str] = "logit"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "convolution"
    evaluations: ClassVar[int] = 1
    claims: ClassVar[frozenset[Claim]] = frozenset()
    source: ClassVar[str] = "Jiang, Zhang, Hou, Cheng and Wei 2021, IEEE Transactions on Image Processing 30"

    layer: str = "auto"
    """The layer, as in ``grad_cam``. The paper: the last layer of any stage; lower ones give finer maps."""

    def attribute(self, network: "Network") -> Attribute:
        """Return Layer-CAM as a pure function of the parameters.

        Raises:
            InputError: the network has no convolution, no image inputs or no such layer.
        """
        from keras import ops

        both = activation_and_gradient(network, chosen_layer(network, self.layer, "layer_cam"))

        def layer_cam(params: "Params", x: Array, target: Array, key: Array) -> Array:
            activation, slope = both(params, x, target)
            combined = ops.sum(ops.relu(slope) * activation, axis=-1, keepdims=True)
            return resize(ops.relu(combined), network.input_shape[:2])

        return layer_cam

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return rectified noise of the layer's height and width, resized in the same way: (H, W, 1)."""
        return layer_noise(network, chosen_layer(network, self.layer, "layer_cam"), generator, rectified=True)
