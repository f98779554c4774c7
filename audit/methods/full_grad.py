"""FullGrad: the logit taken apart into what the input and every bias contribute."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.shared.activation import chosen_layer, resize
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Node, Params

_AFFINE = re.compile(
    r"Dense|EinsumDense|BatchNormalization|(Depthwise|Separable)?Conv(\dD)?(Transpose)?|\w*Pool(ing\dD)?|"
    r"(ZeroPadding|Cropping|UpSampling)\dD|\w*Dropout(\dD)?|"
    r"Add|Subtract|Concatenate|Reshape|Flatten|Permute|Transpose|Identity"
)
"""Kinds that are affine, and pooling, which scales with its input: what they add is their value at zero."""


@declared
class FullGrad(MethodDefaults):
    """The sum of the magnitudes of the input's contributions and those of every bias with a position in the image.

    Formula: A(x) = p(x * dS_c/dx) + sum over l of p(b_l * dS_c/dz_l), with b_l the bias of each operation l whose
    output z_l (B, h, w, K) is images: p takes the magnitude, brings it from 0 to 1 by the tensor's own least and
    greatest value, resizes to the input (bilinear, as in Grad-CAM; the authors' code aligns corners) and sums over
    channels. A bias is what an operation adds to its linear part at x: the bias of a dense or convolutional layer, beta
    - mean gamma / deviation of a batch normalisation, z(v) - z'(v) v of a smooth activation or any other operation;
    none of a rectifier. Before p, and with the biases of the operations without images, the sum over everything is
    S_c(x) (completeness, for any network; the decomposition is what ``full_gradients`` gives). A tensor that is the
    same everywhere adds nothing.
    Unit: relevance (each part is scaled by itself). Sign: never negative. One channel: (B, H, W, 1).
    Hyper-parameters: none. Needs: recorded operations with a convolution among them, and image inputs.
    Known criticisms: p gives every layer the same weight, so the map is not complete; dense layers' biases have no
    place in it; magnitudes hide evidence against; fewer biases, as without batch normalisation, leave little but the
    input times the gradient.
    Source: Srinivas and Fleuret 2019, arXiv:1905.00780, propositions 2 and 3 and equation 5; p as in the authors' code.
    """

    unit: ClassVar[str] = "relevance"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "convolution"
    evaluations: ClassVar[int] = 1
    claims: ClassVar[frozenset[Claim]] = frozenset()
    source: ClassVar[str] = "Srinivas and Fleuret 2019, arXiv:1905.00780"

    def attribute(self, network: "Network") -> Attribute:
        """Return FullGrad as a pure function of the parameters.

        Raises:
            InputError: the network has no convolution or no image inputs.
        """
        from keras import ops

        chosen_layer(network, "auto", "full_grad")  # refuses networks without images
        decompose = full_gradients(network)
        size = network.input_shape[:2]

        def full_grad(params: "Params", x: Array, target: Array, key: Array) -> Array:
            own, biases = decompose(params, x, target)
            images = [ops.cast(each, own.dtype) for each in biases.values() if len(each.shape) == 4]
            return sum((_shown(each, size) for each in images), start=_shown(own, size))

        return full_grad

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return noise times the input, and noise of each bias's own height and width, put together in the same way."""
        from audit.backend import active

        size = network.input_shape[:2]
        total = _shown(x[None] * generator.standard_normal(x.shape, dtype=np.float32), size)
        for node in _biased(network).values():
            if len(node.shape) == 4:
                shape = (1, *(each or 1 for each in node.shape[1:]))
                total = total + _shown(generator.standard_normal(shape, dtype=np.float32), size)
        return active().to_numpy(total)[0]


def full_gradients(network: "Network") -> Any:
    """Build ``(params, x, target) -> (x * dS_c/dx (B, ...), {operation: bias * dS_c/dz (B, ...)})``.

    The sum of all of it, over everything but the batch, is S_c(x).
    """
    from keras import ops

    from audit.backend import active
    from audit.network.network import graph_of

    graph, biased = graph_of(network), _biased(network)

    def decompose(params: "Params", x: Array, target: Array) -> tuple[Array, Mapping[str, Array]]:
        explained = ops.one_hot(target, network.classes, dtype="float32")
        values = _values(graph, params, x, {})
        # What is added to an output, here nothing, has that output's derivative.
        nothing = [ops.zeros_like(values[place]) for place in biased]

        def logits(inputs: Array, *added: Array) -> Array:
            return _values(graph, params, inputs, dict(zip(biased, added, strict=True)))[len(graph) - 1]

        _, pullback = active().vjp(logits, x, *nothing)
        slope, *slopes = pullback(explained)
        biases = {
            node.name: slope_here * _bias(node, params, values, place)
            for (place, node), slope_here in zip(biased.items(), slopes, strict=True)
        }
        return x * slope, biases

    return decompose


def _values(graph: "tuple[Node, ...]", params: "Params", x: Array, added: Mapping[int, Array]) -> dict[int, Array]:
    """Return every operation's output, by position, with ``added`` to some."""
    from audit.network.network import call, sources

    values = {-1: x}
    for place, node in enumerate(graph):
        output = call(node, params, tuple(values[ref.node] for ref in sources(node)))
        values[place] = output + added[place] if place in added else output
    return values


def _biased(network: "Network") -> "dict[int, Node]":
    """Return the operations that can have a bias, by position: all but those that scale as their input does."""
    from audit.network.network import graph_of

    return {place: node for place, node in enumerate(graph_of(network)) if not _scales(node)}


def _scales(node: "Node") -> bool:
    """Whether twice the input surely gives twice the output: nothing is added, and rounding must not look like it."""
    import keras

    from audit.network.network import Ref
    from audit.network.rectifier import is_rectifier, limit

    if is_rectifier(node):
        return limit(node) is None and not getattr(node.operation, "threshold", 0.0)
    inputs = keras.tree.flatten(node.arguments[0])
    return _is_affine(node) and not node.variables and all(isinstance(leaf, Ref) for leaf in inputs)


def _is_affine(node: "Node") -> bool:
    return _AFFINE.fullmatch(node.kind) is not None


def _bias(node: "Node", params: "Params", values: Mapping[int, Array], place: int) -> Array:
    """Return what an operation adds to its linear part at its inputs (B, ...)."""
    from keras import ops

    from audit.backend import active
    from audit.network.network import call, sources

    inputs = tuple(values[ref.node] for ref in sources(node))
    if _is_affine(node):
        return call(node, params, tuple(ops.zeros_like(each) for each in inputs))
    back = active().vjp(lambda *varied: call(node, params, varied), *inputs)[1]
    # The pullback is linear in its cotangent: its own pullback carries the inputs forward, z'(v) v.
    forward = active().vjp(lambda cotangent: back(cotangent), ops.zeros_like(values[place]))[1]
    return values[place] - forward(inputs)[0]


def _shown(parts: Array, size: tuple[int, ...]) -> Array:
    """Return contributions (B, h, w, K) as one map (B, *size, 1) of magnitudes, scaled by their own range."""
    from keras import ops

    magnitude = ops.abs(parts)
    least, greatest = (each(magnitude, axis=(1, 2, 3), keepdims=True) for each in (ops.min, ops.max))
    spread = greatest - least
    scaled = (magnitude - least) / ops.where(spread > 0, spread, 1.0)
    return ops.sum(resize(scaled, size), axis=-1, keepdims=True)
