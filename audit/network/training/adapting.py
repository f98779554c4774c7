"""Adapts normalisations again, to the inputs that a network is trained on: mean and variance of what reaches them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import numpy as np

from audit.errors import InputError
from audit.network.loading.normalization import is_adapted
from audit.network.network import Network, Node, Params, graph_of, replay, sources

Chunks = Callable[[], Iterable[np.ndarray]]
"""The training inputs, (n, ...) at a time, as often as asked."""


def check_adaptable(network: Network) -> None:
    """Check that all that was adapted can be adapted again.

    Raises:
        InputError: nothing was, or a table of words or bins was, or a normalisation within a layer of the user's or
            behind weights that are trained.
    """
    graph = graph_of(network)
    if not any(is_adapted(node.operation) for node in graph):
        raise _refused(network, "the model has no adapted normalisation", "layers of the model alone")
    for node in graph:
        kept = [layer.name for layer in _inside(node.operation) if _was_adapted(layer)]
        if kept and not is_adapted(node.operation):
            raise _refused(network, f"`{kept[0]}` cannot be adapted again", "`Normalization` of Keras, in the graph")
    learned = {name for stage in network.stages for name in stage.variables}
    after: set[int] = set()
    for position, node in enumerate(graph):
        behind = any(ref.node in after for ref in sources(node))
        if behind and is_adapted(node.operation):
            raise _refused(network, f"`{node.layer}` stands behind weights that are trained", "inputs to adapt to")
        if behind or learned & set(node.variables):
            after.add(position)


def adapted(network: Network, params: Params, chunks: Chunks) -> Mapping[str, np.ndarray]:
    """Return the means and variances of each adapted normalisation's inputs, by name, the first ones set for the next.

    Variances are those of ``Normalization.adapt``: over all axes but its own, divided by the count.
    """
    found: dict[str, np.ndarray] = {}
    for node in graph_of(network):
        if is_adapted(node.operation):
            known = {**params, **found}
            before = sources(node)[0].node
            parts = [_moments(np.asarray(replay(network, known, x, until=before)), node) for x in chunks()]
            mean, variance = _joined(parts)
            found |= dict(zip(node.variables, (mean, variance), strict=True))
    return found


def _moments(values: np.ndarray, node: Node) -> tuple[int, np.ndarray, np.ndarray]:
    own = [axis % values.ndim for axis in node.operation.axis]
    others = tuple(axis for axis in range(values.ndim) if axis not in own)
    exact = values.astype(np.float64)
    return len(values), exact.mean(axis=others), exact.var(axis=others)


def _joined(parts: list[tuple[int, np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    counts = np.array([count for count, _, _ in parts], np.float64)
    means, variances = (np.stack([part[place] for part in parts]) for place in (1, 2))
    mean = np.average(means, axis=0, weights=counts)
    variance = np.average(variances + (means - mean) ** 2, axis=0, weights=counts)
    return mean.astype(np.float32), variance.astype(np.float32)


def _inside(operation: Any) -> list[keras.Layer]:
    return operation._flatten_layers() if isinstance(operation, keras.Layer) else []


def _was_adapted(layer: keras.Layer) -> bool:
    """Whether a layer learns from data by ``adapt`` and was not given what it holds."""
    config = layer.get_config() if hasattr(layer, "adapt") else {}
    given = any(config.get(name) is not None for name in ("mean", "vocabulary"))
    return bool(config) and not given and not ("num_bins" in config and config["num_bins"] is None)


def _refused(network: Network, what: str, expected: str) -> InputError:
    return InputError(
        "M034",
        f"`adapted: again` does not fit the model: {what}",
        where=f"training.adapted, {network.name}",
        expected=expected,
        fix="use `adapted: keep`, which leaves every adapted layer as it is in the audited model",
    )
