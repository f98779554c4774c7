"""The walk back along patterns: the gradient with something else in place of each layer's weights."""

from collections.abc import Callable
from typing import Any

from audit.methods.backward.lrp_rules import transposed
from audit.methods.backward.patterns import as_linear, pattern_name, patterned
from audit.methods.backward.propagate import propagate
from audit.methods.fitted import learned
from audit.network.network import Network, Node, Params, score

Array = Any


def project(
    network: Network, method: str, direction: Callable[[Array, Array], Array]
) -> Callable[[Params, Array, Array], Array]:
    """Build the walk back from the explained logit, ``(params, x, target) -> map``, with other weights.

    Args:
        network: the network.
        method: the name of the method, for messages.
        direction: ``(kernel, pattern) -> what stands in for the kernel``, batch normalisation folded in.

    Raises:
        InputError: as ``patterned``.
    """
    from keras import ops

    layers = patterned(network, method)
    folded = {node.name for each in layers.values() for node in each.folded}

    def back(node: Node, params: Params, inputs: tuple[Array, ...], output: Array, relevance: Array) -> Any:
        layer = as_linear(layers[node.name], params, inputs[0], output)
        pattern = ops.cast(learned(params, pattern_name(node.name)), layer.kernel.dtype)
        return (transposed(layer, direction(layer.kernel, pattern), relevance),)

    def unchanged(node: Node, params: Params, inputs: Any, output: Array, relevance: Array) -> Any:
        return (relevance,)

    walk = propagate(network, {lambda node: node.name in layers: back, lambda node: node.name in folded: unchanged})

    def projected(params: Params, x: Array, target: Array) -> Array:
        logits = score(network, params, x, target)
        return walk(params, x, target) * ops.reshape(logits, (-1, *(1,) * (len(x.shape) - 1)))

    return projected
