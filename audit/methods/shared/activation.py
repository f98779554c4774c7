"""What the methods that map a layer's activations share: the choice of the layer, its gradient, and the resizing."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.errors import InputError

if TYPE_CHECKING:
    from audit.network.network import Network, Node, Params

Array = Any

_NO_FEATURES = ("pool", "padding", "pad", "cropping", "dropout", "upsampling", "resiz", "identity")


def chosen_layer(network: "Network", layer: str, method: str) -> "Node":
    """Return the operation whose output is mapped.

    Args:
        network: the network.
        layer: a layer's name, its activation included; or ``auto``: the last that gives images larger than one pixel
            and does more than pool, pad, crop, drop or resize.
        method: the method's name in the spec, for messages.

    Raises:
        InputError: the network has no convolution, no image inputs, or no such layer.
    """
    from audit.network.network import find_layer, graph_of

    nodes = graph_of(network)
    _check_convolution(network, nodes, method)
    if layer == "auto":
        return [node for node in nodes if _has_features(node)][-1]
    node = nodes[find_layer(network, layer)]
    if len(node.shape) != 4:
        raise InputError(
            "T011",
            f"`{method}` cannot explain layer `{layer}`: its output is not an image",
            where=network.name,
            expected="one of " + ", ".join(dict.fromkeys(each.layer for each in nodes if _has_features(each))),
            received=f"output shape {node.shape}",
            fix="use `layer: auto`, or one of these layers",
        )
    return node


def _check_convolution(network: "Network", nodes: "tuple[Node, ...]", method: str) -> None:
    convolutions = [node for node in nodes if "conv" in node.kind.lower() and _has_features(node)]
    if convolutions and len(network.input_shape) == 3:
        return
    raise InputError(
        "T010",
        f"`{method}` does not apply: the network is not convolutional",
        where=network.name,
        expected="image inputs (H, W, C) and a convolution larger than one pixel",
        received=f"inputs {network.input_shape} and {len(convolutions)} such convolutions",
        fix=f"remove `{method}` from `methods`, or use a method without convolutions, such as `gradient`",
    )


def _has_features(node: "Node") -> bool:
    larger = len(node.shape) == 4 and node.shape[1:3] != (1, 1)
    return larger and not any(word in node.kind.lower() for word in _NO_FEATURES)


def activation_and_gradient(
    network: "Network", node: "Node"
) -> "Callable[[Params, Array, Array], tuple[Array, Array]]":
    """Build ``(params, x, target) -> the layer's activation and dS_c / d activation``, each (B, h, w, K)."""
    from keras import ops

    from audit.backend import active
    from audit.network.network import tap

    backend = active()
    trunk, head = tap(network, node.layer)

    def both(params: "Params", x: Array, target: Array) -> tuple[Array, Array]:
        explained = ops.one_hot(target, network.classes, dtype="float32")
        activation = trunk(params, x)
        _, pullback = backend.vjp(lambda features: head(params, x, features), activation)
        return activation, pullback(explained)[0]

    return both


def layer_noise(network: "Network", node: "Node", generator: np.random.Generator, *, rectified: bool) -> np.ndarray:
    """Return Gaussian noise of a layer's height and width, resized to the input's: (H, W, 1)."""
    height, width = node.shape[1:3]
    return coarse_noise((height or 1, width or 1), network.input_shape[:2], generator, rectified=rectified)


def coarse_noise(
    cells: tuple[int, int], size: tuple[int, ...], generator: np.random.Generator, *, rectified: bool
) -> np.ndarray:
    """Return Gaussian noise of some height and width, resized to another: (H, W, 1)."""
    from audit.backend import active

    noise = generator.standard_normal((1, *cells, 1), dtype=np.float32)
    return active().to_numpy(resize(np.maximum(noise, 0) if rectified else noise, size))[0]


def resize(maps: Array, size: tuple[int, ...]) -> Array:
    """Return maps (B, h, w, K) as (B, *size, K): bilinear, half-pixel centres, borders repeated, no antialiasing."""
    from keras import ops

    return ops.image.resize(maps, tuple(size), interpolation="bilinear", antialias=False, data_format="channels_last")
