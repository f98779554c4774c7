"""Methods that are other people's code: they take a Keras model, so they are handed one with the asked parameters.

Such a method cannot be compiled with the parameters as an argument, nor be the base of another method; everything else
holds for it as for any. Inputs are explained one by one: most of that code knows one class for a whole batch.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.errors import InputError, UnitError
from audit.methods.method import Array, Attribute
from audit.methods.shared.on_host import generator_of

if TYPE_CHECKING:
    from audit.network.network import Network, Node, Params

Explain = Callable[[Any, np.ndarray, int, np.random.Generator], Any]
"""``(model, x (1, ...) float32, class, generator) -> attribution``, like x with or without batch and channels."""


def with_model(network: "Network", explain: Explain, *, head: bool) -> Attribute:
    """Return other people's code as an attribution function; it runs as it is, never inside a compiled graph.

    Args:
        network: the audited network.
        explain: the code, for one input.
        head: whether the model that it gets ends as the audited model does, or in logits.

    Raises:
        InputError: no Keras model can be handed on.
    """
    from audit.network.keras_model import LoadableModel

    held = LoadableModel(network, head=head)

    def attribute(params: "Params", x: Array, target: Array, key: Array) -> np.ndarray:
        held.load(params)
        rows = zip(np.asarray(x), np.asarray(target), np.asarray(key), strict=True)
        maps = [
            _fitted(explain(held.model, row[None], int(label), generator_of(k)), row.shape) for row, label, k in rows
        ]
        return np.stack(maps).astype(np.float32)

    return attribute


def _fitted(attribution: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return an attribution (H, W, C) or (F,), with one channel where the code gives none.

    Raises:
        UnitError: it has another shape than the input, or does not hold real numbers.
    """
    found = np.array(attribution)  # a copy: the code may fill the same array at each call
    if found.dtype.kind not in "biuf":  # of complex numbers a cast would keep the real part alone
        raise UnitError("T146", "the attribution does not contain real numbers", received=str(found.dtype))
    allowed = [shape, (*shape[:-1], 1), shape[:-1]] if len(shape) > 1 else [shape]
    for fits in allowed:
        if found.shape in (fits, (1, *fits)):
            return found.reshape(fits if len(fits) == len(shape) else (*fits, 1))
    raise UnitError(
        "T140",
        "the shape of the attribution does not match the input",
        expected=f"one of {allowed}",
        received=str(found.shape),
        fix="return one number per entry or pixel of the input",
    )


@contextmanager
def global_numpy_seed(generator: np.random.Generator) -> Generator[None]:
    """Seed NumPy's global generator, which other people's code draws from, and put it back afterwards."""
    before = np.random.get_state()  # noqa: NPY002 - theirs, not ours
    np.random.seed(int(generator.integers(2**32)))  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def need_tensorflow(what: str) -> None:
    """Refuse a library that computes with TensorFlow where Keras runs on another backend.

    Raises:
        InputError: on another backend.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        raise InputError(
            "T141",
            f"{what} needs the TensorFlow backend",
            expected="runtime.backend: tensorflow",
            received=keras.backend.backend(),
            fix="use that backend, or remove this method",
        )


def spatial_layer(model: Any, layer: str) -> Any:
    """Return a layer of a model by name, or with ``auto`` the last whose output is images larger than a pixel.

    Raises:
        InputError: there is no such layer, or the model is not a graph of layers.
    """
    layers = [each for each in model.layers if _is_spatial(each)]
    chosen = [each for each in layers if layer in ("auto", each.name)]
    if not chosen:
        known = ", ".join(each.name for each in layers) or "none: the network is not convolutional"
        raise InputError(
            "T142",
            "no layer with images as output",
            expected=f"one of {known}",
            received=layer,
            fix="use a layer of the model itself, not of a nested model",
        )
    return chosen[-1]


def spatial_node(network: "Network", layer: str) -> "Node":
    """Return the operation whose output is that of the layer which ``spatial_layer`` chooses, without a Keras model.

    Raises:
        InputError: there is no such layer, or the network's operations were not recorded.
    """
    from audit.network.network import graph_of

    outputs = {node.layer.partition("/")[0]: node for node in graph_of(network)}  # the last of each layer
    chosen = [node for name, node in outputs.items() if layer in ("auto", name) and _of_images(node.shape)]
    if not chosen:
        raise InputError("T142", "no layer with images as output", where=network.name, received=layer)
    return chosen[-1]


def _is_spatial(layer: Any) -> bool:
    shape = getattr(getattr(layer, "output", None), "shape", ())
    return _of_images(shape) and type(layer).__name__ != "InputLayer"


def _of_images(shape: tuple[int | None, ...]) -> bool:
    return len(shape) == 4 and tuple(shape[1:3]) != (1, 1)
