"""Runs one method on one network: what every method test needs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from audit.backend import active
from audit.engine.compiled import compiled
from audit.methods.fitted import learner
from audit.methods.method import Method
from audit.network.network import Network, Params


def explain(
    network: Network, method: Method, x: Any, target: Any, *, key: int = 0, params: Params | None = None
) -> np.ndarray:
    """Return the attribution (B, ...) float32 for x (B, ...); one target for all or one for each."""
    inputs = np.asarray(x, np.float32)
    targets = np.broadcast_to(np.asarray(target, np.int32), (len(inputs),))
    function = compiled(method, network)
    given = fitted(method, network, network.params if params is None else params, inputs)
    return active().to_numpy(function(given, inputs, targets, keys(len(inputs), key)))


def fitted(method: Method, network: Network, params: Params, inputs: np.ndarray) -> Params:
    """Return the params, with what a fitted method learns from inputs (m, ...) among them."""
    learn = learner(method, network)
    return params if learn is None else {**params, **learn(params, inputs)}


def logits(network: Network, x: Any) -> np.ndarray:
    """Return the logits (B, K)."""
    return active().to_numpy(network.apply(dict(network.params), tensor(np.asarray(x, np.float32))))


def keys(count: int, seed: int = 0) -> np.ndarray:
    """Return one random key per input (B, 2) uint32; equal seeds give equal keys, whatever the count."""
    rows = [np.random.default_rng([seed, row]).integers(0, 2**32, 2, dtype=np.uint32) for row in range(count)]
    return np.array(rows, np.uint32).reshape(count, 2)


def tensor(array: np.ndarray) -> Any:
    """Return a tensor of the active backend."""
    from keras import ops

    return ops.convert_to_tensor(array)


def together(network: Network, methods: Sequence[Method], x: np.ndarray, targets: Any) -> list[np.ndarray]:
    """Return the maps of several methods from one compiled function."""
    from keras import ops

    functions = [method.attribute(network) for method in methods]
    stacked = active().compile(lambda *given: ops.stack([function(*given) for function in functions]))
    count = len(x)
    return list(active().to_numpy(stacked(network.params, x, np.asarray(targets, np.int32), keys(count))))
