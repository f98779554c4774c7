"""A model computed step by step, so that two computations can be compared and the layers found where they part."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from audit.network.network import Array, Network, Node, Params, call, filled, graph_of, sources
from audit.network.params import layers_in
from audit.network.random_states import as_declared
from audit.record import record


@record
class Step:
    """One operation or layer as it was computed: what went in and what came out, (B, ...) each."""

    name: str
    inputs: tuple[Array, ...]
    output: Array


Steps = tuple[Step, ...]
"""In the order in which they ended; the output of the last one holds the logits."""

Pair = tuple[Steps, Steps]
"""Two computations of the same model."""


def pure_steps(network: Network, params: Params, x: np.ndarray) -> Steps:
    """Compute a network from parameters and inputs (B, ...) alone; of code that draws, the logits are the only step."""
    if network.graph is not None:
        return tuple(_walked(network, x, lambda node, inputs: call(node, params, inputs)))
    if network.draws:  # its layers see tensors without a value
        return (_last(network.apply(params, x)),)
    return _probed(network, lambda: network.apply(params, x))


def live_steps(network: Network, x: np.ndarray) -> Steps:
    """Compute the model on inputs (B, ...) as it stands, in its own state, which may change."""
    with as_declared(network.model, stateful=True):
        if network.graph is None:
            return _probed(network, lambda: network.model(x, training=False))
        return tuple(_walked(network, x, _as_it_stands))


def live_logits(network: Network, x: np.ndarray) -> np.ndarray:
    """Return the logits (B, K) of the model as it stands, in its own state, which may change."""
    with as_declared(network.model, stateful=True):
        if network.graph is None:
            return to_array(network.model(x, training=False))
        return to_array(deque(_walked(network, x, _as_it_stands), maxlen=1)[0].output)


def _as_it_stands(node: Node, inputs: tuple[Array, ...]) -> Array:
    return filled(node)(*inputs)


def _walked(network: Network, x: np.ndarray, compute: Callable[[Node, tuple[Array, ...]], Array]) -> Iterator[Step]:
    values = {-1: keras.ops.convert_to_tensor(x, dtype="float32")}
    for position, node in enumerate(graph_of(network)):
        inputs = tuple(values[ref.node] for ref in sources(node))
        values[position] = compute(node, inputs)
        yield Step(name=node.layer, inputs=inputs, output=values[position])


def _probed(network: Network, compute: Callable[[], Array]) -> Steps:
    """Compute a model that is code, and note what each of its layers is given and gives."""
    steps: list[Step] = []
    with _noted(network.model, steps):
        logits = compute()
    return (*steps, _last(logits))


def _last(logits: Array) -> Step:
    return Step(name="", inputs=(), output=logits)


@contextmanager
def _noted(model: Any, steps: list[Step]) -> Generator[None]:
    layers = [(layer, path) for layer, path in layers_in(model) if path]
    for layer, path in layers:
        vars(layer)["call"] = _noting(layer.call, path, steps)
    try:
        yield
    finally:
        for layer, _ in layers:
            vars(layer).pop("call", None)


def _noting(compute: Callable[..., Any], name: str, steps: list[Step]) -> Callable[..., Any]:
    def noted(*args: Any, **kwargs: Any) -> Any:
        output = compute(*args, **kwargs)
        steps.append(Step(name=name, inputs=_tensors((args, kwargs)), output=keras.tree.flatten(output)[0]))
        return output

    return noted


def _tensors(structure: Any) -> tuple[Array, ...]:
    return tuple(each for each in keras.tree.flatten(structure) if keras.ops.is_tensor(each))


def to_array(tensor: Array) -> np.ndarray:
    """Return a tensor's values."""
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def parting(pair: Pair, noticed: float) -> tuple[str, ...]:
    """Return the names of the layers that were given the same and gave something else: where two computations part.

    A layer around another one that parts is not named. ``noticed`` is the share of the largest value that counts in
    what comes out; what goes in is alike within a tenth of it.
    """
    pairs = list(zip(*pair, strict=False))
    apart = [
        one.name for one, other in pairs if _given_alike(one, other, noticed / 10) and _differ(one, other, noticed)
    ]
    return tuple(dict.fromkeys(each for each in apart if not any(_around(each, other) for other in apart)))


def _around(name: str, other: str) -> bool:
    return name != other and (not name or other.startswith(f"{name}/"))


def _given_alike(one: Step, other: Step, within: float) -> bool:
    pairs = zip(one.inputs, other.inputs, strict=False)
    return all(difference(to_array(a), to_array(b)) <= within for a, b in pairs)


def _differ(one: Step, other: Step, noticed: float) -> bool:
    return difference(to_array(one.output), to_array(other.output)) > noticed


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference, as a share of the largest value; infinite where shapes or kinds differ."""
    if one.shape != other.shape or one.dtype.kind not in "fiub":
        return 0.0 if one.shape == other.shape and np.array_equal(one, other) else np.inf
    if not one.size or np.array_equal(one, other, equal_nan=one.dtype.kind == "f"):
        return 0.0
    gap = np.abs(one.astype(np.float64) - other.astype(np.float64)).max()
    return float(gap / max(np.abs(one).max(), np.abs(other).max()))


def row(steps: Steps, place: int, batch: int) -> Steps:
    """Return the steps of one input of a batch; what has no batch axis stays whole."""

    def picked(tensor: Array) -> np.ndarray:
        array = to_array(tensor)
        return array[place] if array.ndim and len(array) == batch else array

    return tuple(
        Step(name=each.name, inputs=tuple(map(picked, each.inputs)), output=picked(each.output)) for each in steps
    )
