"""The audited network with every rectifier replaced by a softplus: it has a second derivative, which a ReLU has not."""

from dataclasses import replace
from typing import Any

import keras

from audit.errors import InputError
from audit.network.network import Array, Network, Node, Params, graph_of, replay
from audit.network.rectifier import is_rectifier, limit, slope_below
from audit.record import Explained, Variant


def softplus(network: Network, explained: Explained, level: float, seed: int) -> Variant:
    """Replace every rectifier's kinks: max(x, 0) by log(1 + exp(level x)) / level, with the same parameters.

    It is at most log(2) / ``level`` above the rectifier. Leaky and parametric rectifiers keep their slope below zero,
    capped ones (ReLU6) get a second rounded kink. Operations other than rectifiers stay.

    Raises:
        InputError: the network's operations were not recorded, or a rectifier jumps at a threshold.

    Source: Ghorbani, Abid and Zou 2019 (arXiv:1710.10547), section 3; Dombrowski et al. 2019 (arXiv:1906.07983).
    """
    nodes = tuple(_smoothed(node, level) if is_rectifier(node) else node for node in graph_of(network))
    made = replace(network, graph=nodes)

    def apply(params: Params, x: Array) -> Array:
        return replay(made, params, x)

    return Variant(network=replace(made, apply=apply), explained=explained)


def _smoothed(node: Node, sharpness: float) -> Node:
    if getattr(node.operation, "threshold", 0):
        raise InputError(
            "T030",
            "a ReLU with a threshold is discontinuous, so no smooth function is close to it",
            where=node.layer,
            expected="continuous ReLUs",
        )
    return replace(node, kind="Softplus", operation=_Smoothed(node, sharpness))


class _Smoothed:
    """A rectifier without kinks: slope ``below`` under zero, 1 above it, 0 above ``limit``; its weights stay."""

    def __init__(self, node: Node, sharpness: float) -> None:
        self.weights = getattr(node.operation, "weights", ())
        self._rectifier, self._sharpness = node.operation, sharpness
        self._below, self._limit = slope_below(node), limit(node)

    def __call__(self, *args: Any, **kwargs: Any) -> Array:
        """Compute it for the one tensor among the arguments."""
        x = next(each for each in args if not isinstance(each, int | float))
        below = keras.ops.convert_to_tensor(self._rectifier.alpha) if self._below is None else self._below
        positive = self._softplus(x)
        above = positive if self._limit is None else positive - self._softplus(x - self._limit)
        return below * (x - positive) + above

    def _softplus(self, x: Array) -> Array:
        return keras.ops.softplus(self._sharpness * x) / self._sharpness
