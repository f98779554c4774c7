"""Whether a model looks as if it was never trained, and whether copies with re-drawn parameters do as well."""

from dataclasses import replace
from typing import Any

import numpy as np

from audit.backend import active
from audit.datasets.dataset import Dataset, choose
from audit.engine.functions import mean_in_batches
from audit.network.network import Network
from audit.network.randomize import randomize
from audit.performance import balanced, performance_of, right
from audit.record import Performance, Randomized

COPIES = 39  # of which one as good is chance of 1 in 20
_INPUTS = 250


def initial_constants(network: Network) -> int:
    """Return how many parameters start at a constant (biases, say), if every one still has it; otherwise 0.

    Training moves all of them. Where an initializer is not known its variable counts for nothing.
    """
    names = [name for stage in network.stages for name in stage.variables]
    known = [(network.params[name], start) for name in names if (start := _constant(network, name)) is not None]
    untouched = all(np.array_equal(np.asarray(array), start) for array, start in known)
    return sum(int(np.size(array)) for array, _ in known) if untouched else 0


def _constant(network: Network, name: str) -> np.ndarray | None:
    import keras

    own: Any = network.initializers.get(name)
    shape = np.shape(network.params[name])
    if isinstance(own, keras.initializers.Constant):
        return np.full(shape, own.value, np.float32)
    if isinstance(own, keras.initializers.Zeros | keras.initializers.Ones):
        return np.full(shape, float(isinstance(own, keras.initializers.Ones)), np.float32)
    return None


def performance(network: Network, data: Dataset, logits: np.ndarray, seed: int) -> Performance | None:
    """Return how well logits (N, K) answer the labelled data; None without labels.

    A model whose constants are all initial is held against copies of it.
    """
    if data.y is None:
        return None
    found = performance_of(logits, data.y)
    if not initial_constants(network):
        return found
    rows = choose(data, min(len(data.x), _INPUTS), seed)
    own = balanced(right(logits[rows], data.y[rows]), data.y[rows])
    return replace(found, own=own, copies=_copies(network, data.x[rows], data.y[rows], seed))


def _copies(network: Network, x: np.ndarray, labels: np.ndarray, seed: int) -> tuple[float, ...]:
    """Return the balanced accuracies of copies with all parameters re-drawn, by their initializers where known."""
    drawn = {name for stage in network.stages for name in stage.variables}
    redraw = "initializer" if drawn <= set(network.initializers) else "normal"
    backend, batch = active(), min(64, len(x))
    apply = backend.compile(network.apply)

    def accuracy(number: int) -> float:
        condition = Randomized(mode="cascading", stage=len(network.stages), seed=number, redraw=redraw)
        params = backend.to_device(randomize(network, network.params, condition, seed=seed))
        return balanced(right(mean_in_batches(apply, params, x, batch=batch, draws=network.draws), labels), labels)

    return tuple(accuracy(number) for number in range(COPIES))
