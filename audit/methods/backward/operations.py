"""What each recorded operation is to a backward rule; one that has no part to play is refused by name."""

from typing import Literal, cast

from audit.errors import InputError
from audit.methods.backward.propagate import is_foreign, is_rectifier
from audit.network.network import Network, Node, graph_of, sources

Role = Literal["kernel", "average", "affine", "route", "identity", "winner", "activation", "product", "normalisation"]
"""kernel: a linear layer with weights; average: fixed positive weights over one input; affine: entry by entry, linear
in each input; route: entries are moved, copied, dropped or kept in another precision; identity: nothing happens, or
units are changed entry by entry; winner: one entry is chosen; activation: a function of each entry; product: of inputs,
entry by entry; normalisation: by the mean and deviation of the layer's own output."""

CONVOLUTIONS = (
    *("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
    *("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
)
DENSE = ("Dense", "EinsumDense")


def _each(name: str, *dimensions: int) -> tuple[str, ...]:
    return tuple(f"{name}{number}D" for number in dimensions)


_KINDS: dict[Role, tuple[str, ...]] = {
    "kernel": (*CONVOLUTIONS, *DENSE),
    "average": (
        *_each("AveragePooling", 1, 2, 3),
        *_each("GlobalAveragePooling", 1, 2, 3),
        *_each("AdaptiveAveragePooling", 1, 2, 3),
        *("AveragePool", "AdaptiveAveragePool", "Mean", "Sum"),
    ),
    "affine": ("Add", "Subtract", "Average", "Negative", "BatchNormalization", "Offset"),
    "route": (
        *("Flatten", "Reshape", "Permute", "RepeatVector", "Concatenate", "Transpose", "Squeeze", "ExpandDims"),
        *("GetItem", "Slice", "Stack", "Split", "Unstack", "Pad", "Moveaxis", "Ravel", "BroadcastTo", "Flip", "Roll"),
        *("Repeat", "Tile", "DepthToSpace", "SpaceToDepth"),
        *_each("ZeroPadding", 1, 2, 3),
        *_each("Cropping", 1, 2, 3),
        *_each("UpSampling", 1, 3),
    ),
    "identity": (
        *("Identity", "Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization"),
        *("Rescaling", "Normalization"),
        *_each("SpatialDropout", 1, 2, 3),
    ),
    "winner": (
        *_each("MaxPooling", 1, 2, 3),
        *_each("GlobalMaxPooling", 1, 2, 3),
        *_each("AdaptiveMaxPooling", 1, 2, 3),
        *("MaxPool", "AdaptiveMaxPool", "Max", "Maximum"),
    ),
    "activation": (
        *("ReLU", "Relu", "Relu6", "LeakyReLU", "LeakyRelu", "PReLU", "ELU", "Elu", "Selu", "Celu", "Gelu", "Silu"),
        *("Sigmoid", "SparseSigmoid", "HardSigmoid", "HardSilu", "LogSigmoid", "Tanh", "HardTanh", "TanhShrink"),
        *("Softplus", "Softsign", "Squareplus", "SparsePlus", "SoftShrink", "HardShrink", "Threshold", "Exp"),
    ),
    "normalisation": ("LayerNormalization",),
}
_ROLES: dict[str, Role] = {kind: role for role, kinds in _KINDS.items() for kind in kinds}

_ACTIVATIONS = frozenset(
    (
        *("relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "celu", "gelu", "silu", "mish", "exponential", "tanh"),
        *("sigmoid", "sparse_sigmoid", "hard_sigmoid", "hard_silu", "log_sigmoid", "hard_tanh", "tanh_shrink"),
        *("softplus", "softsign", "squareplus", "sparse_plus", "soft_shrink", "hard_shrink", "threshold"),
    )
)
"""Keras's activations that act on each entry alone; softmax, log-softmax, sparsemax and glu join several."""


def role_of(node: Node) -> Role | None:
    """Return what an operation is to a backward rule; None if it has no part that is known."""
    if is_foreign(node.operation):
        return None
    if node.kind == "Activation":
        return _activation(node)
    if is_rectifier(node):
        return "activation"
    if node.kind in ("Multiply", "Divide", "TrueDivide"):
        return _scaled(node)
    if node.kind == "Cast":
        return "route" if "float" in node.operation.dtype else None  # to whole numbers: steps, no way back
    if node.kind == "UpSampling2D":
        return _upsampling(node.operation.interpolation)
    if node.kind == "Maximum" and len(sources(node)) == 1:
        return None  # against a constant: neither a rectifier nor a choice among entries
    if node.kind == "Max" and node.operation.initial is not None:
        return None  # likewise
    if node.kind == "LayerNormalization" and node.operation.rms_scaling:
        return None
    return _ROLES.get(node.kind)


def _upsampling(interpolation: str) -> Role | None:
    if interpolation == "bilinear":
        return "average"
    return "route" if interpolation == "nearest" else None  # the others have negative weights


def _activation(node: Node) -> Role | None:
    from audit.network.node import activation_name

    name = activation_name(node)
    if name == "linear":
        return "identity"
    return "activation" if name in _ACTIVATIONS else None


def _scaled(node: Node) -> Role | None:
    """A product of several inputs, or one input times (over) a constant; a constant over an input is not linear."""
    from keras import tree

    from audit.network.network import Ref

    if len(sources(node)) > 1:
        return "product" if node.kind == "Multiply" else None
    return "affine" if node.kind == "Multiply" or isinstance(tree.flatten(node.arguments)[0], Ref) else None


def roles_of(network: Network, method: str) -> tuple[Role, ...]:
    """Return the role of every recorded operation.

    Raises:
        InputError: the model is subclassed, or some operations have no rule; the message names them all.
    """
    nodes = graph_of(network)
    roles = tuple(role_of(node) for node in nodes)
    without = [f"{node.layer} ({node.kind})" for node, role in zip(nodes, roles, strict=True) if role is None]
    if without:
        raise InputError(
            "T100",
            f"`{method}` has no rules for some operations of the network",
            where=", ".join(dict.fromkeys(without)),
            expected="linear layers, pooling, sums, products, elementwise activations, batch and layer normalisation",
            fix=f"remove `{method}`, or use `gradient` or `integrated_gradients`, which need no rules",
        )
    return cast("tuple[Role, ...]", roles)
