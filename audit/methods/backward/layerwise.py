"""Layer-wise relevance: gives every recorded operation its rule, and walks back from the explained logit."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from audit.methods.backward import linear
from audit.methods.backward.linear import Linear
from audit.methods.backward.lrp_rules import LinearRule, epsilon
from audit.methods.backward.normalisation import with_deviation_held
from audit.methods.backward.operations import CONVOLUTIONS, Role, role_of, roles_of
from audit.methods.backward.propagate import Rule, propagate
from audit.network.network import Network, Node, Params, call, graph_of, replay, sources
from audit.record import record

Array = Any


@record
class Rules:
    """The rules of layers with weights: of those that read the input, and of those above them.

    Pooling by the mean, sums and batch normalisations that stand alone take the rule of the layer they follow.
    """

    input_convolution: LinearRule
    input_dense: LinearRule
    convolution: LinearRule
    dense: LinearRule
    bounds: tuple[float, float] | None = None  # of the network's input, for a rule that asks
    stabiliser: float = 1e-6
    bias: bool = True  # whether biases take their share


@record
class _Walk:
    """A network as the walk sees it; what belongs to an operation is found by its position."""

    network: Network
    graph: tuple[Node, ...]
    roles: tuple[Role, ...]
    folded: Mapping[int, tuple[int, ...]]  # layer -> the biases and batch normalisations that are folded into it
    depths: tuple[tuple[int, bool], ...]  # layers with weights up to here, and if the last of them is a convolution
    rules: Rules


def layerwise(network: Network, method: str, rules: Rules, start: Callable[[Array], Array]) -> Callable[..., Array]:
    """Build the function ``(params, x (B, ...), target (B,)) -> relevance at the input (B, ...)``.

    Args:
        network: the network.
        method: the name of the method, for messages.
        rules: the rules by depth.
        start: the explained logits (0 elsewhere) -> the relevance from which the walk starts.

    Raises:
        InputError: the network's operations were not recorded, or one has no rule.
    """
    graph, roles = graph_of(network), roles_of(network, method)
    walk = _Walk(
        network=network,
        graph=graph,
        roles=roles,
        folded=linear.foldable(graph, roles),
        depths=_depths(graph, roles),
        rules=rules,
    )
    chosen = {node.name: _rule(walk, place) for place, node in enumerate(graph)}
    last = graph[-1].name

    def rule(node: Node, params: Params, inputs: tuple[Array, ...], output: Array, relevance: Array) -> Any:
        # The walk begins with 1 at the explained logit; relevance begins with the logit itself.
        received = start(relevance * output) if node.name == last else relevance
        return chosen[node.name](node, params, inputs, output, received)

    return propagate(network, {_every: rule})


def _every(node: Node) -> bool:
    return True


def _depths(graph: tuple[Node, ...], roles: tuple[Role | None, ...]) -> tuple[tuple[int, bool], ...]:
    depths: list[tuple[int, bool]] = []
    for node, role in zip(graph, roles, strict=True):
        below = max((depths[ref.node] for ref in sources(node) if ref.node >= 0), default=(0, True))
        depths.append((below[0] + 1, node.kind in CONVOLUTIONS) if role == "kernel" else below)
    return tuple(depths)


def _rule(walk: _Walk, place: int) -> Rule:
    """Return the rule of one operation."""
    role, share = walk.roles[place], _linear_rule(walk, place)
    if place in chain.from_iterable(walk.folded.values()) or (role == "affine" and _is_change_of_units(walk, place)):
        return _unchanged
    return {
        "kernel": _of_layer(walk, place, share),
        "average": _single(share, linear.average),
        "affine": _summands(share),
        "normalisation": _single(epsilon(walk.rules.stabiliser), with_deviation_held),
        "route": by_calculus,
        "winner": by_calculus,
        "product": _equally,
        "identity": _unchanged,
        "activation": _unchanged,
    }[role]


def _linear_rule(walk: _Walk, place: int) -> LinearRule:
    """Return the rule that divides the relevance of a linear operation."""
    depth, convolution = walk.depths[place]
    rules = walk.rules
    if depth == (1 if walk.roles[place] == "kernel" else 0):
        share = rules.input_convolution if convolution else rules.input_dense
    else:
        share = rules.convolution if convolution else rules.dense
    return share if rules.bias else lambda operation, relevance: share(linear.unbiased(operation), relevance)


def convolves_input(network: Network) -> bool:
    """Whether a layer that reads the input is a convolution."""
    depths = _depths(graph_of(network), tuple(role_of(node) for node in graph_of(network)))
    return any(depth == (1, True) for depth in depths)


def _is_change_of_units(walk: _Walk, place: int) -> bool:
    """Whether an affine operation only prepares the input, entry by entry, before any layer with weights."""
    return walk.depths[place][0] == 0 and len(sources(walk.graph[place])) == 1


def by_calculus(node: Node, params: Params, inputs: Any, output: Array, relevance: Array) -> tuple[Array, ...]:
    """Move relevance to where the values came from: the source of a copy, or what a maximum picked."""
    from audit.backend import active

    _, pullback = active().vjp(lambda *values: call(node, params, values), *inputs)
    return pullback(relevance)


def _unchanged(node: Node, params: Params, inputs: Any, output: Array, relevance: Array) -> tuple[Array, ...]:
    return (relevance,)


def _equally(node: Node, params: Params, inputs: Any, output: Array, relevance: Array) -> tuple[Array, ...]:
    return tuple(linear.unbroadcast(relevance / len(inputs), value) for value in inputs)


def _single(share: LinearRule, as_linear: Callable[[Node, Params, Array, Array], Linear]) -> Rule:
    def rule(node: Node, params: Params, inputs: tuple[Array, ...], output: Array, relevance: Array) -> Any:
        return (share(as_linear(node, params, inputs[0], output), relevance),)

    return rule


def _summands(share: LinearRule) -> Rule:
    def rule(node: Node, params: Params, inputs: tuple[Array, ...], output: Array, relevance: Array) -> Any:
        parts = share(linear.summands(node, params, inputs, output), relevance)
        return tuple(linear.unbroadcast(parts[place], value) for place, value in enumerate(inputs))

    return rule


def _of_layer(walk: _Walk, place: int, share: LinearRule) -> Rule:
    """Return the rule of a layer with weights."""
    below = sources(walk.graph[place])[0].node
    folded = tuple(walk.graph[above] for above in walk.folded.get(place, ()))

    def rule(node: Node, params: Params, inputs: tuple[Array, ...], output: Array, relevance: Array) -> Any:
        layer = replace(
            linear.layer(node, params, inputs[0], output, folded),
            support=_support(walk, below, params, inputs[0]),
            bounds=_bounds(walk, below, params) if walk.depths[place][0] == 1 else None,
        )
        return (share(layer, relevance),)

    return rule


def _support(walk: _Walk, below: int, params: Params, x: Array) -> Array:
    """Return 1 where a layer's input is real, 0 where an operation below has put zeros around it."""
    from keras import ops

    if below < 0 or not walk.graph[below].kind.startswith("ZeroPadding"):
        return ops.ones_like(x[:1])
    source = sources(walk.graph[below])[0].node
    shape = walk.network.input_shape if source < 0 else walk.graph[source].shape[1:]
    return call(walk.graph[below], params, (ops.ones((1, *shape), dtype="float32"),))


def _bounds(walk: _Walk, below: int, params: Params) -> tuple[Array, Array] | None:
    """Return the bounds of the network's input as they reach a first layer: in its own units."""
    from keras import ops

    if walk.rules.bounds is None:
        return None
    blank = ops.zeros((1, *walk.network.input_shape), dtype="float32") + walk.network.origin
    images = (blank + bound for bound in walk.rules.bounds)
    one, other = (image if below < 0 else replay(walk.network, params, image, until=below) for image in images)
    return ops.minimum(one, other), ops.maximum(one, other)
