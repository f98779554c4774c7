"""Grad-CAM: where the last convolution's features speak for the explained class."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.declare import declared
from audit.errors import InputError
from audit.methods.method import Array, Attribute, Need

if TYPE_CHECKING:
    from audit.network.network import Network, Node, Params

_NO_FEATURES = ("pool", "padding", "pad", "cropping", "dropout", "upsampling", "resiz", "identity")


@declared
class GradCam:
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

        from audit.backend import active
        from audit.network.network import tap

        backend = active()
        trunk, head = tap(network, self._node(network).layer)
        size = network.input_shape[:2]

        def grad_cam(params: "Params", x: Array, target: Array, key: Array) -> Array:
            explained = ops.one_hot(target, network.classes, dtype="float32")
            activation = trunk(params, x)
            _, pullback = backend.vjp(lambda features: head(params, x, features), activation)
            weights = ops.mean(pullback(explained)[0], axis=(1, 2), keepdims=True)
            return _resize(ops.relu(ops.sum(weights * activation, axis=-1, keepdims=True)), size)

        return grad_cam

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return rectified noise of the layer's height and width, resized in the same way: (H, W, 1)."""
        from audit.backend import active

        height, width = self._node(network).shape[1:3]
        noise = generator.standard_normal((1, height or 1, width or 1, 1), dtype=np.float32)
        return active().to_numpy(_resize(np.maximum(noise, 0), network.input_shape[:2]))[0]

    def _node(self, network: "Network") -> "Node":
        """Return the operation whose output is explained."""
        from audit.network.network import find_layer, graph_of

        nodes = graph_of(network)
        _check_images(network, nodes)
        if self.layer == "auto":
            return [node for node in nodes if _has_features(node)][-1]
        node = nodes[find_layer(network, self.layer)]
        if len(node.shape) != 4:
            raise InputError(
                "T011",
                f"Grad-CAM cannot explain layer `{self.layer}`: its output has no height and width",
                where=network.name,
                expected="one of " + ", ".join(dict.fromkeys(each.layer for each in nodes if _has_features(each))),
                received=f"output shape {node.shape}",
                fix="use `layer: auto`, or name one of these layers",
            )
        return node


def _check_images(network: "Network", nodes: "tuple[Node, ...]") -> None:
    convolutions = [node for node in nodes if "conv" in node.kind.lower() and _has_features(node)]
    if convolutions and len(network.input_shape) == 3:
        return
    raise InputError(
        "T010",
        "Grad-CAM does not apply: the network is not convolutional",
        where=network.name,
        expected="image inputs (H, W, C) and a convolution larger than one pixel",
        received=f"inputs {network.input_shape} and {len(convolutions)} such convolutions",
        fix="remove `grad_cam` from `methods`, or use a method that needs no convolution, such as `gradient`",
    )


def _has_features(node: "Node") -> bool:
    larger = len(node.shape) == 4 and node.shape[1:3] != (1, 1)
    return larger and not any(word in node.kind.lower() for word in _NO_FEATURES)


def _resize(maps: Array, size: tuple[int, ...]) -> Array:
    from keras import ops

    return ops.image.resize(maps, tuple(size), interpolation="bilinear", antialias=False, data_format="channels_last")
