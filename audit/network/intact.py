"""What re-drawn parameters leave intact: noise pulled back through the part of a network that depends on none of them.

A gradient reaches the input through the operations before the first re-drawn ones, which are as trained. So even noise
in place of all that stands above agrees with a trained map as far as that part decides where a map is large.
"""

from collections.abc import Callable, Collection
from math import prod
from typing import Any

from audit.backend import active
from audit.backend.random import fold, normal
from audit.network.network import Network, Params, replay_all, sources
from audit.network.params import live

Array = Any


def frontier(network: Network, redrawn: Collection[str]) -> tuple[int, ...]:
    """Return the positions of the tensors (-1: the input) that pass from intact operations to the others.

    Args:
        network: one without a graph is taken to have nothing intact.
        redrawn: names of the variables that are re-drawn; without any, the logits are the frontier.
    """
    if network.graph is None:
        return (-1,)
    graph, changed, crossed = network.graph, set[int](), set[int]()
    for position in sorted(live(graph)):
        node = graph[position]
        refs = [ref.node for ref in sources(node)]
        if set(redrawn) & set(node.variables) or changed & set(refs):
            changed.add(position)
            crossed |= {each for each in refs if each not in changed}
    return tuple(sorted(crossed)) if changed else (len(graph) - 1,)


def noise_behind(network: Network, positions: tuple[int, ...]) -> Callable[[Params, Array, Array, Array], Array]:
    """Return ``(params, x, target, key) -> (B, ...)``: standard Gaussian noise at some tensors, pulled back to x.

    Each input draws its own noise from its key. The target is not used; the arguments are those of an attribution.
    """
    from keras import ops

    def pulled(params: Params, x: Array, target: Array, key: Array) -> Array:
        def weighted(inputs: Array) -> Array:
            tensors = (inputs,) if positions == (-1,) else replay_all(network, params, inputs, positions)
            parts = [_against_noise(tensor, fold(key, place)) for place, tensor in enumerate(tensors)]
            return sum(parts[1:], parts[0])

        total, pullback = active().vjp(weighted, x)
        return pullback(ops.ones_like(total))[0]

    return pulled


def _against_noise(tensor: Array, key: Array) -> Array:
    """Return the sum (B,) of each input's tensor times noise; 0 for whole numbers, which have no derivative."""
    from keras import ops

    size = prod(int(length) for length in tensor.shape[1:])
    flat = ops.reshape(ops.cast(tensor, "float32"), (-1, size))
    return ops.sum(flat * normal(key, (size,)), axis=-1)
