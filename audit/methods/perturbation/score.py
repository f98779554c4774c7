"""What a method that only looks at outputs asks of the network: the explained logit, or the probability."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from audit.network.network import Network, Params

Array = Any

Output = Literal["logit", "probability"]
"""``logit``: S_c. ``probability``: the softmax over the logits, or the sigmoid where the model ends in one."""

Score = Callable[["Params", Array, Array], Array]
"""``(params, x (B, ...), target (B,)) -> (B,)``."""


def scorer(network: "Network", output: Output) -> Score:
    """Return the score of the explained class as a pure function."""
    from keras import ops

    from audit.network.training.keras_objects import activation

    sigmoid = network.classes == 1 or activation(network) == "sigmoid"

    def score(params: "Params", x: Array, target: Array) -> Array:
        outputs = network.apply(params, x)
        if output == "probability":
            outputs = ops.sigmoid(outputs) if sigmoid else ops.softmax(outputs, axis=-1)
        return ops.sum(outputs * ops.one_hot(target, network.classes, dtype="float32"), axis=-1)

    return score
