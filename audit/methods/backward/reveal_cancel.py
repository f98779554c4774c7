"""DeepLIFT's reveal-cancel rule: increases and decreases of an activation's input have multipliers of their own.

It is a rule for a linear operation together with the activation that it alone feeds, since it asks what the operation's
inputs contribute. Batches hold inputs and references, as in ``deep_lift_rules``.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from audit.backend import active
from audit.methods.backward import linear
from audit.methods.backward.deep_lift_rules import both, derivative, halves, slope
from audit.methods.backward.linear import Linear
from audit.methods.backward.lrp_rules import of_sign, part_of, sums, transposed
from audit.methods.backward.operations import Role
from audit.methods.backward.propagate import Rule
from audit.network.network import Node, Params, call

Array = Any


def revealing(graph: tuple[Node, ...], roles: tuple[Role, ...]) -> Mapping[str, Rule]:
    """Return the rules of linear operations and sums, and of what they feed, by name.

    An activation elsewhere has a single contribution, for which rescale and reveal-cancel are the same.
    """
    folded, users = linear.foldable(graph, roles), linear.only_users(graph)
    inside = set(chain.from_iterable(folded.values()))
    rules: dict[str, Rule] = {}
    for place, role in enumerate(roles):
        parts = folded.get(place, ())
        above = users.get((place, *parts)[-1], -1)
        if role in ("kernel", "affine") and place not in inside and above >= 0 and roles[above] == "activation":
            rules |= dict.fromkeys((graph[each].name for each in (*parts, above)), _unchanged)
            rules[graph[place].name] = _rule(role, tuple(graph[part] for part in parts), graph[above])
    return rules


def _unchanged(node: Node, params: Params, inputs: Any, output: Array, relevance: Array) -> tuple[Array, ...]:
    return (relevance,)


def _rule(role: Role, folded: tuple[Node, ...], activation: Node) -> Rule:
    def rule(node: Node, params: Params, inputs: tuple[Array, ...], output: Array, relevance: Array) -> Any:
        if role == "affine":
            operation = linear.summands(node, params, inputs, output)
        else:
            operation = linear.layer(node, params, inputs[0], output, folded)
        one, other = halves(operation.x, axis=1 if role == "affine" else 0)
        moved = replace(operation, x=one - other)
        increase, decrease = _two_multipliers(activation, params, moved)
        received = halves(relevance)[0]
        multiplier = _to_contributions(moved, received * increase, received * decrease)
        return _to_inputs(node, params, inputs, multiplier) if role == "affine" else (both(multiplier),)

    return rule


def _two_multipliers(activation: Node, params: Params, moved: Linear) -> tuple[Array, Array]:
    """Return what the activation makes of each unit of increase, and of decrease: the mean of both orders."""
    from keras import ops

    def function(value: Array) -> Array:
        return call(activation, params, (value,))

    z, z0 = halves(moved.z)
    parts = [sums(of_sign(moved, sign), moved) for sign in (1.0, -1.0)]
    alone = [function(z0 + part) for part in parts]
    start, end = function(z0), function(z)
    at = (derivative(activation, params, z0) + derivative(activation, params, z)) / 2
    size = ops.minimum(ops.abs(z0), ops.abs(z))
    rises = (alone[0] - start + end - alone[1]) / 2, (alone[1] - start + end - alone[0]) / 2
    up, down = (slope(rise, part, size, at) for rise, part in zip(rises, parts, strict=True))
    return up, down


def _to_contributions(moved: Linear, increase: Array, decrease: Array) -> Array:
    """Give each input the multiplier of the outputs that it raised, or lowered; one that did not move, the mean."""
    from keras import ops

    positive, negative = part_of(moved.kernel, 1.0), part_of(moved.kernel, -1.0)
    risen = transposed(moved, positive, increase) + transposed(moved, negative, decrease)
    fallen = transposed(moved, positive, decrease) + transposed(moved, negative, increase)
    return ops.where(moved.x > 0, risen, ops.where(moved.x < 0, fallen, (risen + fallen) / 2))


def _to_inputs(node: Node, params: Params, inputs: tuple[Array, ...], multiplier: Array) -> tuple[Array, ...]:
    """Return the multipliers of the inputs from those of what each adds to a sum."""
    _, pullback = active().vjp(lambda *values: call(node, params, values), *inputs)
    return tuple(pullback(both(multiplier[place]))[place] for place in range(len(inputs)))
