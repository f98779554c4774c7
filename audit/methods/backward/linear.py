"""Linear operations by their weights: z = W x + b, whichever Keras layer or operation computes it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from audit.methods.backward.operations import Role
from audit.network.network import Node, Params, call, sources, weights
from audit.record import record

Array = Any


@record
class Linear:
    """One linear operation at one input: z = W x + b."""

    x: Array
    z: Array
    bias: Array  # b, of z's shape up to broadcasting
    kernel: Array  # W as the operation holds it; 1 where the weights are fixed, positive and the operation's own
    apply: Callable[[Array, Array], Array]  # (kernel, input) -> kernel times input, without b
    support: Array = 1.0  # 1 where the input is real, 0 where it is padding by a layer of its own
    bounds: tuple[Array, Array] | None = None  # the smallest and the largest values that x may have, where known


def foldable(graph: tuple[Node, ...], roles: tuple[Role, ...]) -> Mapping[int, tuple[int, ...]]:
    """Return what belongs to each linear layer, from below: its position -> those of biases and batch normalisations.

    Each is all that the one below it feeds, and a normalisation scales the layer's output channels. A batch
    normalisation elsewhere (before the activation and the layer, say) is the affine operation that it is.
    """
    users, found = only_users(graph), {}
    for layer_place in (place for place, role in enumerate(roles) if role == "kernel"):
        chain = [layer_place]
        while chain[-1] in users and _belongs(graph[users[chain[-1]]], graph[layer_place]):
            chain.append(users[chain[-1]])
        found[layer_place] = tuple(chain[1:])
    return found


def only_users(graph: tuple[Node, ...]) -> Mapping[int, int]:
    """Return the operation that an operation feeds, where it feeds one alone: by their positions."""
    users: dict[int, list[int]] = {}
    for position, node in enumerate(graph):
        for ref in sources(node):
            users.setdefault(ref.node, []).append(position)
    return {place: above[0] for place, above in users.items() if len(above) == 1}


def _belongs(node: Node, layer: Node) -> bool:
    if node.kind == "Offset":
        return True
    if node.kind != "BatchNormalization" or layer.kind == "EinsumDense":
        return False
    rank = len(layer.shape)
    first = getattr(layer.operation, "data_format", "channels_last") == "channels_first"
    return node.operation.axis % rank == (1 if first else rank - 1)


def layer(node: Node, params: Params, x: Array, z: Array, folded: tuple[Node, ...]) -> Linear:
    """Return a layer with weights, biases and batch normalisations above it folded in: ``z`` is the layer's own output.

    The folded output is computed by these operations themselves, so that it is the very number that the next layer saw,
    not one that differs by rounding: a rectifier's output over its input is then exactly 1 or 0.
    """
    from keras import ops

    kernel, bias = _kernel(node, held(node, params)), call(node, params, (ops.zeros_like(x[:1]),))
    for above in folded:
        if above.kind == "BatchNormalization":
            kernel = kernel * _per_channel(node, kernel, batch_scale(above, params))
        bias, z = call(above, params, (bias,)), call(above, params, (z,))
    return Linear(x=x, z=z, bias=bias, kernel=kernel, apply=_apply(node, params))


def batch_scale(node: Node, params: Params) -> Array:
    """Return gamma / sqrt(variance + epsilon), the factor of each channel in a batch normalisation."""
    from keras import ops

    own = held(node, params)
    return own.get("gamma", 1.0) / ops.sqrt(own["moving_variance"] + node.operation.epsilon)


def held(node: Node, params: Params) -> dict[str, Array]:
    """Return an operation's parameters by their names within it, in the precision in which it computes."""
    from keras import ops

    dtype = getattr(getattr(node.operation, "operation", node.operation), "compute_dtype", "float32")
    names = zip(weights(node.operation), node.variables, strict=True)
    return {weight.name: ops.cast(params[name], dtype) for weight, name in names}


def _kernel(node: Node, own: Mapping[str, Array]) -> Array:
    """Return a layer's kernel; that of the equal plain convolution for a separable one."""
    from keras import ops

    if not node.kind.startswith("SeparableConv"):
        return own["kernel"]
    depthwise, pointwise = own["depthwise_kernel"], own["pointwise_kernel"]
    one_by_one = ops.reshape(pointwise, (*depthwise.shape[-2:], pointwise.shape[-1]))
    return ops.einsum("...cm,cmk->...ck", depthwise, one_by_one)


def _per_channel(node: Node, kernel: Array, scale: Array) -> Array:
    """Shape a factor per output channel so that it multiplies the kernel."""
    from keras import ops

    if node.kind.endswith("Transpose"):  # (..., outputs, inputs)
        return ops.reshape(scale, (-1, 1))
    if node.kind.startswith("Depthwise"):  # (..., inputs, multiplier): their product counts the outputs
        return ops.reshape(scale, tuple(kernel.shape[-2:]))
    return scale


def _apply(node: Node, params: Params) -> Callable[[Array, Array], Array]:
    """Return the layer as a function of kernel and input, its bias left out."""
    from keras import ops

    operation = node.operation
    if node.kind.startswith("SeparableConv"):
        return lambda kernel, x: ops.conv(
            x,
            kernel,
            strides=operation.strides,
            padding=operation.padding,
            data_format=operation.data_format,
            dilation_rate=operation.dilation_rate,
        )
    names = {weight.name: name for weight, name in zip(weights(operation), node.variables, strict=True)}
    unbiased = {**params, names["bias"]: ops.zeros_like(params[names["bias"]])} if "bias" in names else params
    return lambda kernel, x: call(node, {**unbiased, names["kernel"]: kernel}, (x,))


def average(node: Node, params: Params, x: Array, z: Array) -> Linear:
    """Return an operation with fixed positive weights over one input: pooling by the mean, a sum, interpolation."""
    from keras import ops

    one = ops.ones((), dtype=x.dtype)
    return Linear(
        x=x,
        z=z,
        bias=ops.zeros_like(one),
        kernel=one,
        apply=lambda kernel, value: kernel * call(node, params, (value,)),
        support=ops.ones_like(x[:1]),
    )


def summands(node: Node, params: Params, inputs: tuple[Array, ...], z: Array) -> Linear:
    """Return an operation that is linear in each input, entry by entry, as the sum of what each contributes.

    ``x`` has the contributions on a new first axis, of z's shape each; the operation then only adds them up.
    """
    from keras import ops

    one = ops.ones((), dtype=z.dtype)
    bias = call(node, params, tuple(ops.zeros_like(value) for value in inputs))
    parts = ops.stack(
        [_contribution(node, params, inputs, place, bias) + ops.zeros_like(z) for place in range(len(inputs))]
    )
    return Linear(
        x=parts,
        z=z,
        bias=bias,
        kernel=one,
        apply=lambda kernel, value: kernel * ops.sum(value, axis=0),
        support=ops.ones_like(parts),
    )


def unbiased(operation: Linear) -> Linear:
    """Return an operation without its bias: the contributions alone make up its output."""
    from keras import ops

    z = operation.apply(operation.kernel, operation.x)
    return replace(operation, z=z, bias=ops.zeros_like(operation.bias))


def _contribution(node: Node, params: Params, inputs: tuple[Array, ...], place: int, bias: Array) -> Array:
    """Return what one input adds to the output."""
    from keras import ops

    if node.kind == "BatchNormalization":  # by its factor: a difference would round where the mean is large
        shape = [1] * len(inputs[0].shape)
        shape[node.operation.axis] = -1
        return inputs[0] * ops.reshape(batch_scale(node, params), shape)
    alone = tuple(value if other == place else ops.zeros_like(value) for other, value in enumerate(inputs))
    return call(node, params, alone) - bias


def unbroadcast(part: Array, like: Array) -> Array:
    """Sum a share (of an operation's output shape) over the axes along which the input was repeated."""
    from keras import ops

    from audit.backend import active

    _, pullback = active().vjp(lambda value: value + ops.zeros_like(part), like)
    return pullback(part)[0]
