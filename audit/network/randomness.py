"""What a model's answer depends on beside its parameters and the one input, measured on a few inputs."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from audit.backend import active
from audit.errors import InputError
from audit.network.network import Network
from audit.network.params import layers_in, value_of
from audit.network.random_states import draw_keys, is_stateful, keyed
from audit.network.steps import (
    Pair,
    Step,
    Steps,
    difference,
    live_logits,
    live_steps,
    parting,
    pure_steps,
    row,
    to_array,
)
from audit.record import NOTICED, ROUNDING, Randomness

_INPUTS, _CALLS = 4, 3
_FEWEST, _MOST = 8, 64  # draws: a unit that is dropped once in a thousand times shows late


def measure(network: Network, data: np.ndarray, *, draws: int = 0) -> Randomness:
    """Measure it on a few of the inputs ``data`` (n, ...) float32; nothing for a network that is no Keras model's.

    ``draws`` are those over which its answers are averaged if it draws random numbers.

    Raises:
        InputError: the answer changes with something that the backend cannot compile.
    """
    if network.model is None:
        return Randomness()
    x = _fitting(network, data[np.linspace(0, len(data) - 1, _INPUTS).astype(int)])
    calls, changing, drawing = _between_calls(network, x)
    if calls > NOTICED:
        _check_compiles(network, x, changing)
    found = _between_batches(replace(network, draws=draw_keys(0, 1) if drawing else ()), x, pure=calls <= NOTICED)
    found = replace(found, draws=_between_draws(network, x) if drawing else 0.0, calls=calls, changing=changing)
    return replace(found, drawing=drawing, averaged=draws) if found.random else found


def _fitting(network: Network, x: np.ndarray) -> np.ndarray:
    """Return as many inputs as the model takes at a time, where it takes no other number."""
    batch = network.model.inputs[0].shape[0] if network.graph is not None else None
    sizes = [state.shape[0] for state in _carried(network.model)]
    return np.resize(x, (batch or (sizes or [len(x)])[0], *x.shape[1:]))


def _between_calls(network: Network, x: np.ndarray) -> tuple[float, tuple[str, ...], tuple[str, ...]]:
    """Call the model as it stands; its generators are put back before each call.

    Returns:
        the difference, the layers that answer differently, and the layers that draw random numbers.
    """
    with _restored(network.model):
        generators = _generators(network.model)
        first = live_logits(network, x)
        drawing = [path for path, state, value in generators if not np.array_equal(value_of(state), value)]
        others = [_again(generators, lambda: live_logits(network, x)) for _ in range(_CALLS - 1)]
        found = max(difference(first, other) for other in others)
        pair = [_again(generators, lambda: live_steps(network, x)) for _ in range(2 if found > NOTICED else 0)]
    names = [*parting((pair[0], pair[1]), NOTICED), *_stateful(network.model)] if pair else []
    return found, _named(network, names), tuple(dict.fromkeys(drawing))


def _again(generators: Sequence[tuple[str, Any, np.ndarray]], compute: Callable[[], Any]) -> Any:
    for _, state, value in generators:
        state.assign(value)
    return compute()


def _stateful(model: Any) -> list[str]:
    return [path for layer, path in layers_in(model) if is_stateful(layer)]


def _named(network: Network, names: Sequence[str]) -> tuple[str, ...]:
    """Return each name once; the model's own code has the model's name."""
    return tuple(dict.fromkeys(name or network.name for name in names))


def _generators(model: Any) -> list[tuple[str, Any, np.ndarray]]:
    """Return the path of the layer, the state and the value of every random generator."""
    return [
        (path or model.name, each.state, value_of(each.state))
        for layer, path in layers_in(model)
        for each in layer._seed_generators
    ]


@contextmanager
def _restored(model: Any) -> Generator[None]:
    """Put back what calls change: all that is not trained."""
    held = [(variable, value_of(variable)) for variable in (*model.non_trainable_variables, *_carried(model))]
    try:
        yield
    finally:
        for variable, value in held:
            variable.assign(value)


def _carried(model: Any) -> list[Any]:
    """Return the states that recurrent layers carry from call to call, which are no weights of theirs."""
    layers = [each for each in model._flatten_layers() if isinstance(each, keras.layers.RNN) and each.stateful]
    return [state for each in layers for state in keras.tree.flatten(each.states) if state is not None]


def _check_compiles(network: Network, x: np.ndarray, changing: Sequence[str]) -> None:
    try:
        active().compile(network.apply)(network.params, x)
    except Exception as error:  # code of the user's can fail anywhere
        raise InputError(
            "M037",
            "the model's answer changes from call to call, and it cannot be compiled",
            where=", ".join(changing) or network.name,
            received=f"{type(error).__name__}: {error}"[:300],
            fix="draw random numbers from a `keras.random.SeedGenerator` that the layer holds, or not at all",
        ) from error


def _between_draws(network: Network, x: np.ndarray) -> float:
    """Return the largest difference between draws: of a few, of more only until one is found."""
    apply, found = active().compile(network.apply), 0.0
    keys = draw_keys(0, _MOST)
    first = active().to_numpy(apply(keyed(network.params, keys[0]), x))
    for number, key in enumerate(keys[1:], start=2):
        found = max(found, difference(first, active().to_numpy(apply(keyed(network.params, key), x))))
        if number >= _FEWEST and found > NOTICED:
            break
    return found


def _between_batches(network: Network, x: np.ndarray, *, pure: bool) -> Randomness:
    """Compare inputs among others, among copies of themselves, in another order, and alone.

    Unless it is known to be ``pure``, not where the same batch is answered in two ways.
    """
    params = keyed(network.params, network.draws[0]) if network.draws else network.params

    def logits(x: np.ndarray) -> Steps:
        return (Step(name="", inputs=(), output=network.apply(params, x)),)

    if not pure and _apart((logits(x), logits(x))) > NOTICED:
        return Randomness()
    company, alone = _pairs(logits, x)
    found = Randomness(company=max(map(_apart, company)), alone=max(map(_apart, alone)))
    if not found.mixes:
        return found
    company, alone = _pairs(lambda x: pure_steps(network, params, x), x)
    names = [name for pair in company for name in parting(pair, NOTICED)]
    names += [name for pair in alone for name in parting(pair, ROUNDING)]
    return replace(found, mixing=_named(network, names))


def _apart(pair: Pair) -> float:
    return difference(*(to_array(steps[-1].output) for steps in pair))


def _pairs(compute: Callable[[np.ndarray], Steps], x: np.ndarray) -> tuple[list[Pair], list[Pair]]:
    """Return computations of the same input that must agree: in batches of one size, and in a batch of its own."""
    count, base, backwards = len(x), compute(x), compute(x[::-1])
    company, alone = list[Pair](), list[Pair]()
    for place in sorted({0, count - 1}):
        own, copies = row(base, place, count), compute(np.repeat(x[place : place + 1], count, axis=0))
        company += [(own, row(copies, place, count)), (own, row(backwards, count - 1 - place, count))]
        alone.append((own, row(compute(x[place : place + 1]), 0, 1)))
    return company, alone
