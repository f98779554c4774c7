"""Re-draws the parameters of stages, each variable from a seed of its own: nothing else changes, to the bit."""

import hashlib
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from audit.errors import InputError
from audit.network.network import Network, Params, Stage, call, graph_of, sources
from audit.network.params import places, statistics_of
from audit.record import Distribution, Randomized

Array = Any


def randomize(
    network: Network, params: Params, condition: Randomized, *, seed: int = 0, data: np.ndarray | None = None
) -> Params:
    """Return parameters of which some stages are re-drawn; all others are the very same arrays.

    The draw of a variable depends on the two seeds and its place in the network (``places``) alone: cascading and
    independent randomisation agree where they touch the same variable, and names decide nothing.

    Args:
        network: gives the stages, and the initializers for ``redraw: initializer``.
        params: the trained parameters (NumPy).
        condition: which stages, by which of the seeds that are compared, how, and what becomes of batch
            normalisation's moving statistics: ``keep`` (the published code), ``reset`` to 0 and 1, or ``recalibrate``:
            the moments of ``data``'s activations, for each normalisation that is re-drawn or lies behind a re-drawn
            stage.
        seed: the audit's own, from which all its random numbers derive.
        data: inputs (n, ...) for ``recalibrate``.

    Raises:
        InputError: no such stage, an unknown initializer, or ``recalibrate`` without data or without a graph.

    Source: Adebayo et al. 2018, arXiv:1810.03292, section 3; the permutation of whole tensors is ours.
    """
    chosen, place = touched(network, condition), places(network)
    drawn = {
        name: _draw(network, params, name, condition, _seed(seed, condition.seed, place[name]))
        for stage in chosen
        for name in stage.variables
    }
    if condition.batch_norm == "reset":
        for mean, variance in (pair for stage in chosen for pair in stage.statistics):
            drawn |= {mean: np.zeros_like(params[mean]), variance: np.ones_like(params[variance])}
    new = _replaced(params, drawn)
    return recalibrate(network, new, chosen, data) if condition.batch_norm == "recalibrate" and chosen else new


def touched(network: Network, condition: Randomized) -> tuple[Stage, ...]:
    """Return the stages that a condition re-draws.

    Raises:
        InputError: the network has fewer stages.
    """
    stages = network.stages if condition.order == "top_down" else network.stages[::-1]
    if not 0 <= condition.stage <= len(stages):
        raise InputError("M017", "no such stage", expected=f"0 to {len(stages)}", received=str(condition.stage))
    first = 0 if condition.mode == "cascading" else max(condition.stage - 1, 0)
    return stages[first : condition.stage]


def changed_fraction(before: Params, after: Params, stage: Stage) -> float:
    """Return the fraction of a stage's trainable numbers that differ; a constant tensor cannot change by permuting."""
    pairs = [(np.asarray(before[name]), np.asarray(after[name])) for name in stage.variables]
    return sum(int(np.sum(old != new)) for old, new in pairs) / max(sum(old.size for old, _ in pairs), 1)


def _draw(network: Network, params: Params, name: str, condition: Randomized, seed: int) -> np.ndarray:
    array = np.asarray(params[name])
    generator = np.random.default_rng(seed)
    if condition.redraw == "permute":  # the whole tensor: permuting one axis leaves 1x1 kernels as they were
        return np.asarray(generator.permutation(array.ravel())).reshape(array.shape)
    if condition.redraw == "normal":
        values = array.astype(np.float64)
        return (values.mean() + values.std() * generator.standard_normal(array.shape)).astype(array.dtype)
    if isinstance(condition.redraw, Distribution):
        return _declared(condition.redraw, name, array, generator).astype(array.dtype)
    return _initialize(network, name, array, seed)


def _declared(how: Distribution, name: str, array: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw weights from a declared distribution; what has one axis is a bias, or belongs to a normalisation."""
    of_normalisation = {"gamma": 1.0, "scale": 1.0, "beta": 0.0}.get(name.rpartition("/")[2].partition("#")[0])
    if array.ndim < 2 and (of_normalisation is not None or how.biases != "drawn"):
        return np.full(array.shape, how.biases if of_normalisation is None else of_normalisation)
    fan_in = math.prod(array.shape[:-1])  # of dense and convolution kernels: all axes but the units
    deviation = how.deviation / math.sqrt(fan_in) if how.over_root_fan_in else how.deviation
    if how.distribution == "uniform":
        return how.mean + deviation * math.sqrt(3) * generator.uniform(-1, 1, array.shape)
    if how.distribution == "normal":
        return how.mean + deviation * generator.standard_normal(array.shape)
    from scipy.stats import truncnorm

    return how.mean + deviation * truncnorm.rvs(-2, 2, size=array.shape, random_state=generator)


def _seed(*parts: int | str) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:16], "little")


def _initialize(network: Network, name: str, array: np.ndarray, seed: int) -> np.ndarray:
    """Draw from the variable's own initializer, rebuilt: one with a fixed seed gives the same values at each call."""
    import keras

    own = network.initializers.get(name)
    if own is None:
        raise InputError(
            "M016",
            f"unknown initializer of `{name}`",
            where=network.name,
            fix="use `redraw: permute` or `redraw: normal`",
        )
    if isinstance(own, keras.Initializer):
        config = own.get_config()
        own = type(own).from_config({**config, "seed": seed % 2**31} if "seed" in config else config)
    return keras.ops.convert_to_numpy(own(array.shape, dtype="float32")).astype(array.dtype)


def recalibrate(network: Network, params: Params, chosen: tuple[Stage, ...], data: np.ndarray | None) -> Params:
    """Return parameters in which batch normalisations have the moments of ``data``'s activations as statistics.

    Only those of re-drawn stages and those behind them: the input of the others has not changed. One pass over the
    operations, each computed once with the statistics set before it.

    Raises:
        InputError: there is no data, or no graph.
    """
    if data is None:
        raise InputError("M018", "`batch_norm: recalibrate` needs data", expected="inputs (n, ...)")
    graph, new, moments = graph_of(network), dict(params), {}
    redrawn = {name for stage in chosen for name in (*stage.variables, *(n for pair in stage.statistics for n in pair))}
    values: dict[int, Array] = {-1: np.asarray(data, np.float32)}
    changed, last = set(), _last_uses(network)
    for position, node in enumerate(graph):
        refs = sources(node)
        if redrawn & set(node.variables) or any(ref.node in changed for ref in refs):
            changed.add(position)
            for mean, variance in statistics_of(node):
                new[mean], new[variance] = _moments(values[refs[0].node], node.operation.axis)
                moments |= {mean: new[mean], variance: new[variance]}
        values[position] = call(node, new, tuple(values[ref.node] for ref in refs))
        for ref in refs:
            if last[ref.node] == position:
                values.pop(ref.node, None)
    return _replaced(params, moments)


def _last_uses(network: Network) -> Mapping[int, int]:
    return {ref.node: position for position, node in enumerate(graph_of(network)) for ref in sources(node)}


def _moments(value: Array, axis: int) -> tuple[np.ndarray, np.ndarray]:
    import keras

    array = keras.ops.convert_to_numpy(value).astype(np.float64)
    others = tuple(place for place in range(array.ndim) if place != axis % array.ndim)
    return array.mean(axis=others).astype(np.float32), array.var(axis=others).astype(np.float32)


def _replaced(params: Params, by: Mapping[str, np.ndarray]) -> Params:
    """Return parameters with some arrays in place of others; what is new cannot be written to."""
    for array in by.values():
        array.flags.writeable = False
    return MappingProxyType({name: by.get(name, array) for name, array in params.items()})
