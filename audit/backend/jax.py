"""The seam on JAX: the only module that imports it."""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

# Read when JAX first touches a device: memory as needed, and the same sums in the same order at each run.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
if "--xla_gpu_deterministic_ops" not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = (os.environ.get("XLA_FLAGS", "") + " --xla_gpu_deterministic_ops=true").strip()

import jax
import jax.numpy as jnp
import numpy as np

from audit.errors import EnvironmentStop

Array = Any


def configure(device: str) -> Mapping[str, str]:
    """Choose the device and the numerics; see ``Backend.configure``."""
    chosen = _choose(device)
    jax.config.update("jax_default_device", chosen)
    jax.config.update("jax_default_matmul_precision", "highest")
    jax.config.update("jax_enable_x64", False)
    return {
        "device": "cpu" if chosen.platform == "cpu" else f"gpu:{chosen.id} ({chosen.device_kind})",
        "compiler": "XLA",
        "matrix products": "float32, highest precision",
        "determinism": "deterministic operations on",
    }


def _choose(device: str) -> Any:
    gpus = jax.devices() if jax.default_backend() == "gpu" else []
    if device == "cpu" or (device == "auto" and not gpus):
        return jax.devices("cpu")[0]
    number = "0" if device == "auto" else device.removeprefix("gpu:")
    if number.isdecimal() and int(number) < len(gpus):
        return gpus[int(number)]
    raise EnvironmentStop(
        "E010",
        f"no such device: `{device}`",
        expected="auto, cpu" + "".join(f", gpu:{n}" for n in range(len(gpus))),
        received=device,
        fix="set `runtime.device` to one of these",
    )


class _CompiledByJax:
    """A jitted function; ``traces`` counts how often Python was run to build one."""

    def __init__(self, function: Callable[..., Array], precision: str) -> None:
        self.traces, self._precision = 0, precision

        def counted(*arguments: Any) -> Array:
            self.traces += 1
            return function(*arguments)

        self._function = jax.jit(counted)

    def __call__(self, *arguments: Any) -> Array:
        with computing(self._precision):
            return self._function(*(to_device(each, self._precision) for each in arguments))


def compile(function: Callable[..., Array], precision: str = "float32") -> _CompiledByJax:
    """Compile a pure function of arrays and mappings of arrays: one trace per shape of its arguments."""
    return _CompiledByJax(function, precision)


def computing(precision: str) -> AbstractContextManager[Any]:
    """Let JAX compute in a precision, in this thread until left: without it, float64 becomes float32 in silence."""
    return jax.enable_x64(True) if precision == "float64" else nullcontext()


def to_device(value: Any, precision: str = "float32") -> Any:
    """Return device arrays in place of arrays, mappings as dictionaries; device arrays stay as they are."""
    if isinstance(value, Mapping):
        return {name: to_device(item, precision) for name, item in value.items()}
    with computing(precision):
        return jnp.asarray(value)


def any_batch(value: Any) -> Any:
    """Return the array: JAX takes no axis for another."""
    return value


def same_batch(value: Any, like: Any) -> Any:
    """Return the array: its shape is known."""
    return value


def vjp(function: Callable[..., Array], *inputs: Array) -> tuple[Array, Callable[[Array], tuple[Array, ...]]]:
    """Return the function's output and its pullback; see ``Backend.vjp``."""
    return jax.vjp(function, *map(jnp.asarray, inputs))


def to_numpy(array: Array) -> Any:
    """Return a NumPy copy."""
    return np.array(array)
