"""The same function of a shifted input: the first layer's bias takes the shift back.

With z = W x + b the first layer, b' = b - W m gives W (x + m) + b' = z: all that follows sees the same numbers, and
all other weights are the same. Source: Kindermans et al. 2017, The (Un)reliability of Saliency Methods
(arXiv:1711.00867), section 2.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from audit.backend import active
from audit.errors import InputError
from audit.network.network import Network, Node, Params, Ref, call, graph_of, sources
from audit.network.node import activation_name
from audit.network.variants.dtype import in_precision
from audit.network.variants.edit import Piece, held, piece, substitute
from audit.record import Explained, Variant

_WEIGHTED = frozenset(
    {"Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D"}
    | {"Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "SeparableConv1D", "SeparableConv2D"}
)
"""First layers: linear in their input, with weights."""

_AFFINE = frozenset(
    {"Rescaling", "Normalization", "BatchNormalization", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"}
    | {"Cropping1D", "Cropping2D", "Cropping3D", "UpSampling1D", "UpSampling2D", "UpSampling3D", "Flatten", "Reshape"}
    | {
        "Resizing",
        "CenterCrop",
        "Permute",
        "RepeatVector",
        "AveragePooling1D",
        "AveragePooling2D",
        "AveragePooling3D",
        "GlobalAveragePooling1D",
    }
    | {"GlobalAveragePooling2D", "GlobalAveragePooling3D", "Dropout", "SpatialDropout1D", "SpatialDropout2D"}
    | {"GaussianNoise", "GaussianDropout", "Identity", "ActivityRegularization", "Add", "Subtract", "Average"}
    | {"Concatenate", "GetItem", "Transpose", "Pad", "Negative", "Squeeze", "ExpandDims", "Mean"}
)
"""Operations through which a shift is carried on to the first layer with weights: affine in all inputs together."""

_SCALES = ("Multiply", "Divide", "TrueDivide")
"""Affine where the input meets a constant and, in a division, stands above it."""


def constant(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Shift every input by one number, ``level`` times the range of the explained inputs; baselines stay."""
    return _shifted(network, explained, level, np.ones(network.input_shape))


def constant_with_origin(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Shift every input by one number, and the methods' baselines with them."""
    return _with_origin(constant(network, explained, level, seed))


def checkerboard(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Shift every other pixel (or feature) by ``level`` times the range of the inputs, the others by its negative."""
    spatial = network.input_shape[:-1] if len(network.input_shape) > 1 else network.input_shape
    signs = np.where(np.indices(spatial).sum(axis=0) % 2, -1.0, 1.0)
    pattern = signs.reshape(*spatial, *(1,) * (len(network.input_shape) - len(spatial)))
    return _shifted(network, explained, level, np.broadcast_to(pattern, network.input_shape))


def checkerboard_with_origin(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Shift the inputs by a checkerboard, and the methods' baselines with them."""
    return _with_origin(checkerboard(network, explained, level, seed))


def _with_origin(variant: Variant) -> Variant:
    return replace(variant, network=replace(variant.network, origin=variant.notes["shift"]))


def _shifted(network: Network, explained: Explained, level: float, pattern: np.ndarray) -> Variant:
    spread = float(explained.inputs.max() - explained.inputs.min())
    shift = (level * spread * pattern).astype(np.float32)[None]

    def moved(inputs: np.ndarray) -> np.ndarray:
        return (inputs + shift).astype(np.float32)

    inputs = moved(explained.inputs)
    return Variant(
        network=compensated(network, shift),
        explained=replace(explained, inputs=inputs),
        notes={"shift": shift, "unshifted": (inputs.astype(np.float64) - shift).astype(np.float32)},
        carry=moved,
    )


def compensated(network: Network, shift: np.ndarray) -> Network:
    """Return the network whose value at x + shift is this one's at x.

    A layer's own bias takes the shift where the compensation is one number per channel and the layer is called once.
    Otherwise (no bias; a checkerboard or zero padding under a convolution, where it depends on the position) an
    ``Offset`` follows the layer: the bias of the layer seen as one large matrix.

    Args:
        network: with recorded operations.
        shift: (1, ...) float32, of the input's shape.

    Raises:
        InputError: the operations were not recorded, or the input meets something that is not affine first.
    """
    graph, params, offsets = graph_of(network), {}, {}
    for position, effect in _first_layers(network, shift).items():
        node, own = graph[position], held(graph[position]).get("bias")
        calls = sum(not set(node.variables).isdisjoint(other.variables) for other in graph)
        if own is not None and calls == 1 and effect.shape == network.params[own].shape:
            params[own] = network.params[own] - effect
        else:
            offsets[position] = _offset(node, -effect)
    return substitute(network, after=offsets, params=params)


def _offset(node: Node, value: np.ndarray) -> Piece:
    return piece(Offset(value.shape, name="offset"), node.shape, layer=node.layer, values={"offset/bias": value})


def _first_layers(network: Network, shift: np.ndarray) -> dict[int, np.ndarray]:
    """Return what the shift adds to each first layer's output, (channels,) or (..., channels), by position."""
    graph, found = graph_of(network), {}
    carried: dict[int, np.ndarray] = {-1: shift}  # the shift as it reaches each node
    for position, node in enumerate(graph):
        if not any(ref.node in carried for ref in sources(node)):
            continue
        if node.kind not in _WEIGHTED and not _is_affine(node):
            raise _refusal(network, node)
        effect = _effect(graph, node, network.params, carried)
        if node.kind in _WEIGHTED:
            found[position] = _per_channel(effect)
        else:
            carried[position] = effect
    if len(graph) - 1 in carried:
        raise _refusal(network, graph[-1])
    return found


def _is_affine(node: Node) -> bool:
    scales = node.kind in _SCALES and len(sources(node)) == 1 and isinstance(node.arguments[0][0], Ref)
    return node.kind in _AFFINE or scales or activation_name(node) == "linear"


def _effect(graph: tuple[Node, ...], node: Node, params: Params, carried: Mapping[int, np.ndarray]) -> np.ndarray:
    """Return an affine operation's linear part, applied to the shift; in float64, as one bias holds many roundings."""
    refs = sources(node)
    zeros = [np.zeros(_shape(graph, ref.node, carried)) for ref in refs]
    moved = [carried.get(ref.node, zero) for ref, zero in zip(refs, zeros, strict=True)]
    with active().computing("float64"):
        wide = replace(node, operation=in_precision(node.operation, "float64"))
        given = [tuple(keras.ops.convert_to_tensor(each, "float64") for each in values) for values in (zeros, moved)]
        here, there = (call(wide, params, values) for values in given)
        return np.asarray(keras.ops.convert_to_numpy(there - here), np.float64)


def _shape(graph: tuple[Node, ...], place: int, carried: Mapping[int, np.ndarray]) -> tuple[int, ...]:
    return carried[place].shape if place in carried else (1, *(size or 1 for size in graph[place].shape[1:]))


def _per_channel(effect: np.ndarray) -> np.ndarray:
    """Return an effect (1, ..., channels) as (channels,) where it is the same at every position, but for rounding."""
    rows = effect.reshape(-1, effect.shape[-1])
    spread = (rows.max(axis=0) - rows.min(axis=0)).max()
    same = spread <= 32 * np.finfo(np.float32).eps * np.abs(rows).max()
    return rows.mean(axis=0) if same else effect[0]


class Offset(keras.layers.Layer):
    """Adds a bias of its own to every unit, or to every channel."""

    def __init__(self, size: tuple[int, ...], **fields: Any) -> None:
        """Add the bias, of shape ``size``: the units of one input, or its channels."""
        super().__init__(**fields)
        self.size = tuple(size)
        self.bias = self.add_weight(shape=self.size, initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        """Return the inputs (B, ...) with the bias added."""
        return inputs + self.bias

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "size": self.size}


def _refusal(network: Network, node: Node) -> InputError:
    return InputError(
        "M060",
        f"no bias can undo a shift of the input: it reaches `{node.layer}` ({node.kind}) before any layer with weights",
        where=network.name,
        expected="only affine operations before the first dense or convolutional layers",
    )
