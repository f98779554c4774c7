"""The seam: the only place that knows TensorFlow or JAX. Everything else is ``keras.ops`` or NumPy."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Protocol

from audit.errors import EnvironmentStop

Array = Any


class Compiled(Protocol):
    """A compiled function. ``traces`` counts how often it was traced: once per shape of its arguments."""

    traces: int

    def __call__(self, *arguments: Any) -> Array:
        """Compute the function; arrays are converted, tensors are not."""
        ...


class Backend(Protocol):
    """What each of ``backend/tensorflow.py`` and ``backend/jax.py`` offers, as module functions."""

    def configure(self, device: str) -> Mapping[str, str]:
        """Choose the device (``auto``, ``cpu``, ``gpu:N``) and the numerics before anything is computed.

        Float32 everywhere, reduced-precision matrix products off, deterministic operations, memory as needed, XLA on a
        GPU and plain graphs on a TensorFlow CPU. Returns the choices made, in words, for the report ("device" and one
        entry per numeric choice).

        Raises:
            EnvironmentStop: the device does not exist; the message lists those that do.
        """
        ...

    def compile(self, function: Callable[..., Array], precision: str = "float32") -> Compiled:
        """Compile a pure function of arrays and mappings of arrays, part of which may compute in another precision."""
        ...

    def computing(self, precision: str) -> AbstractContextManager[Any]:
        """Let the backend compute in a precision ("float64") that it may not be set to, until the context is left."""
        ...

    def any_batch(self, value: Array) -> Array:
        """Return a tensor (B, ...) as one whose batch size, within a compiled function, is not known.

        On TensorFlow ``keras.ops.add`` takes a second operand of one axis for a bias: where the batch is as long as
        the first operand's channels, (B, C) + (B, 1) adds along the wrong axis. Not where B is unknown.
        """
        ...

    def same_batch(self, value: Array, like: Array) -> Array:
        """Return a tensor (B, ...) whose batch size is known again: that of another one."""
        ...

    def vjp(self, function: Callable[..., Array], *inputs: Array) -> tuple[Array, Callable[[Array], tuple[Array, ...]]]:
        """Return the function's output and its pullback: output cotangent -> input cotangents (zeros if unused)."""
        ...

    def to_device(self, value: Any, precision: str = "float32") -> Any:
        """Return tensors in place of arrays (a mapping gives a dictionary), so that they are converted only once.

        Arrays of float64 keep it under the precision "float64" alone.
        """
        ...

    def to_numpy(self, array: Array) -> Any:
        """Return a NumPy copy."""
        ...


@cache
def active() -> Backend:
    """Return the backend that Keras runs on in this process.

    Raises:
        EnvironmentStop: Keras runs on another one.
    """
    import keras

    name = keras.backend.backend()
    if name == "tensorflow":
        from audit.backend import tensorflow

        return tensorflow
    if name == "jax":
        from audit.backend import jax

        return jax
    raise EnvironmentStop(
        "E013",
        "Keras runs on a backend that is not supported",
        expected="tensorflow or jax",
        received=name,
        fix="set KERAS_BACKEND to one of them before Keras is imported",
    )
