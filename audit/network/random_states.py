"""The random generators of a model's layers, as a function of a key that stands among the parameters.

Keras draws random numbers from the state of a generator, which moves with each call. Here the state follows from the
key, so that an answer is a pure function again, and each input meets the same numbers whatever else is in its batch.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from audit.backend.random import fold
from audit.record import digest, record

Array = Any
Key = tuple[int, int]
"""Two 32-bit words, from which the state of every generator of a model follows: one draw of the model."""

KEY = "random key"
"""The name of the key (1, 2) uint32 among the parameters; no variable has it, since their names contain a slash."""


@record
class Given:
    """The values that an operation's variables have, and the parameters, which may hold the key of a draw."""

    values: Sequence[tuple[Any, Array]]
    params: Mapping[str, Any]


def draw_keys(seed: int, count: int) -> tuple[Key, ...]:
    """Return the keys of ``count`` draws, from a seed and the number of each draw."""
    return tuple(_key(digest([seed, "draw of the model", number])) for number in range(count))


def other_keys(keys: Sequence[Key], seed: int) -> tuple[Key, ...]:
    """Return other keys, as many, for another seed."""
    return tuple(_key(digest([*key, seed])) for key in keys)


def _key(hexadecimal: str) -> Key:
    return int(hexadecimal[:8], 16), int(hexadecimal[8:16], 16)


def keyed(params: Mapping[str, Any], key: Key) -> dict[str, Any]:
    """Return parameters with the key of a draw among them."""
    return {**params, KEY: np.asarray([key], np.uint32)}


def generators(operation: Any) -> tuple[Any, ...]:
    """Return the random generators of a layer and of those inside it, each once."""
    found = {id(each): each for layer in layers_of(operation) for each in layer._seed_generators}
    return tuple(found.values())


def layers_of(operation: Any) -> tuple[Any, ...]:
    """Return a layer and those inside it; nothing for an operation that is no layer."""
    import keras

    layer = getattr(operation, "operation", operation)  # one output of an operation that has several
    return tuple(layer._flatten_layers()) if isinstance(layer, keras.Layer) else ()


def stateless(
    operation: Any, compute: Callable[..., Array], inputs: Sequence[Array], given: Given, stream: int = 0
) -> Array:
    """Compute an operation as if it had never been called: a pure function of its inputs and parameters.

    Args:
        operation: whose generators and states are set.
        compute: from the inputs to the output, batch first.
        inputs: tensors (B, ...).
        given: the values of its variables, and the parameters that may hold a key.
        stream: a number of its own for each operation of a model, so that two of them draw other numbers.
    """
    import keras

    states = [(each.state, value) for each, value in _states(operation, given.params, stream)]
    with as_declared(operation):
        scope = keras.StatelessScope(state_mapping=[*given.values, *states])
        before = [scope.get_current_value(state) for state, _ in states]
        with scope:
            output = compute(*inputs)
        moved = any(scope.get_current_value(state) is not old for (state, _), old in zip(states, before, strict=True))
        return _one_by_one(compute, inputs, [*given.values, *states]) if moved else output


def _one_by_one(compute: Callable[..., Array], inputs: Sequence[Array], values: Sequence[tuple[Any, Array]]) -> Array:
    """Compute each input as if it were alone, so that no random number belongs to its neighbours."""
    import keras

    def one(rows: Sequence[Array]) -> Array:
        with keras.StatelessScope(state_mapping=values):
            return compute(*(row[None] for row in rows))[0]

    return keras.ops.vectorized_map(one, list(inputs))


def _states(operation: Any, params: Mapping[str, Any], stream: int) -> list[tuple[Any, Array]]:
    from keras import ops

    found = generators(operation)
    if not found:
        return []
    key = fold(ops.convert_to_tensor(params.get(KEY, np.zeros((1, 2), np.uint32)), dtype="uint32"), stream)
    half = ops.convert_to_tensor(np.uint32(1), dtype="uint32")  # below 2^31, so that every seed type holds it
    words = [ops.bitwise_right_shift(fold(key, number)[0], half) for number in range(len(found))]
    return [(each, ops.cast(word, each.state.dtype)) for each, word in zip(found, words, strict=True)]


@contextmanager
def as_declared(operation: Any, *, stateful: bool = False) -> Generator[None]:
    """Let a layer do what the model says: ``training=True`` in a graph inside it holds whatever the mode of the call.

    A Functional model called with ``training=False`` overrules its own graph; a layer without that argument among those
    that a call hands down keeps its own. Unless ``stateful``, layers that carry state start from none.
    """
    layers = layers_of(operation)
    changed = [
        (each, {"_call_context_args": each._call_context_args - {"training"}}) for each in layers if _forced(each)
    ]
    changed += [(each, {"stateful": False}) for each in layers if not stateful and is_stateful(each)]
    kept = [(layer, {name: vars(layer)[name] for name in fields}) for layer, fields in changed]
    _set(changed)
    try:
        yield
    finally:
        _set(kept)


def _set(fields: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    for layer, values in fields:
        vars(layer).update(values)


def is_stateful(layer: Any) -> bool:
    """Whether a layer says that it carries state from call to call."""
    return vars(layer).get("stateful") is True


def _forced(layer: Any) -> bool:
    return any(mode_of(layer, node.arguments.kwargs) for node in layer._inbound_nodes)


def mode_of(layer: Any, kwargs: Mapping[str, Any]) -> bool | None:
    """Return whether a graph calls a layer in training mode (True), in inference mode (False), or leaves it open.

    Keras notes the default of a layer's ``call`` as if the graph had said it. Where that is ``training=True``, as in
    augmentation, the graph says nothing: Keras itself augments in ``fit`` and not in ``predict``.
    """
    said, default = kwargs.get("training"), layer._call_signature.parameters.get("training")
    return None if said is None or (said and default is not None and default.default is True) else bool(said)
