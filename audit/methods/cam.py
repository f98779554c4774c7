"""CAM: the last convolution's channels, weighted by the class's own weights above the global average."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.declare import declared
from audit.errors import InputError
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.shared.activation import layer_noise, resize
from audit.methods.shared.images import check_images
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Node, Params

_PASSES = ("Dropout", "SpatialDropout2D", "Identity", "Flatten")


@declared
class Cam(MethodDefaults):
    """The contribution of each position of the last convolutional output to the explained logit.

    Formula: A(x) = resize(sum over k of w_kc a_k), with a (h, w, K) the images that are averaged over (h, w), and w_kc
    the weight of their mean k for class c in the dense layer above. The logit is the mean of A over (h, w), before
    resizing, plus the bias. Grad-CAM at the same layer is its positive part divided by h w. Resized as in Grad-CAM.
    Unit: logit. Sign: kept (the paper shows it as it is). One channel: (B, H, W, 1).
    Hyper-parameters: none. Needs: a network that ends in global average pooling and one dense layer, nothing but
    dropout and flattening between; any other is refused.
    Known criticisms: as coarse as the layer; the features' receptive fields are larger than their pixels, so a position
    is not a place in the input; randomising below changes it only through the activations.
    Source: Zhou, Khosla, Lapedriza, Oliva and Torralba 2015, arXiv:1512.04150, equations 1 and 2 (there with the sum
    over positions for the mean).
    """

    unit: ClassVar[str] = "logit"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "convolution"
    evaluations: ClassVar[int] = 1
    claims: ClassVar[frozenset[Claim]] = frozenset()
    source: ClassVar[str] = "Zhou, Khosla, Lapedriza, Oliva and Torralba 2015, arXiv:1512.04150"

    def attribute(self, network: "Network") -> Attribute:
        """Return the class activation map as a pure function of the parameters.

        Raises:
            InputError: the network does not end in global average pooling and a dense layer.
        """
        from keras import ops

        from audit.network.network import replay

        position, dense = _averaged(network)

        def cam(params: "Params", x: Array, target: Array, key: Array) -> Array:
            weights = ops.take(params[dense.variables[0]], target, axis=1)  # (K, B)
            activation = replay(network, params, x, until=position)
            combined = ops.einsum("bhwk,kb->bhw", activation, weights)[..., None]
            return resize(combined, network.input_shape[:2])

        return cam

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return noise of the averaged images' height and width, resized in the same way: (H, W, 1)."""
        from audit.network.network import graph_of

        return layer_noise(network, graph_of(network)[_averaged(network)[0]], generator, rectified=False)


def _averaged(network: "Network") -> "tuple[int, Node]":
    """Return the position of the images that are averaged, and the dense layer above their means."""
    from audit.network.network import graph_of, sources

    check_images(network, "cam")
    graph = graph_of(network)
    dense = below = graph[-1]
    while below.kind in _PASSES or below is dense:
        place = sources(below)[0].node
        if place < 0:
            break
        below = graph[place]
    if dense.kind == "Dense" and below.kind == "GlobalAveragePooling2D" and sources(below)[0].node >= 0:
        return sources(below)[0].node, dense
    raise InputError(
        "T121",
        "`cam` does not apply: the network does not end in global average pooling and one dense layer",
        where=network.name,
        expected="..., GlobalAveragePooling2D, Dense",
        received=", ".join(["...", *(node.kind for node in graph[-3:])]),
        fix="use `grad_cam`, which equals `cam` on such networks and also applies to others",
    )
