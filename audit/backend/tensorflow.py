"""The seam on TensorFlow: the only module that imports it."""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import tensorflow as tf

from audit.errors import EnvironmentStop

Array = Any


def configure(device: str) -> Mapping[str, str]:
    """Choose the device and the numerics; see ``Backend.configure``."""
    devices = tf.config.list_physical_devices("GPU")
    chosen = _choose(device, len(devices))
    try:
        tf.config.set_visible_devices([] if chosen is None else [devices[chosen]], "GPU")
        for gpu in tf.config.get_visible_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError as error:  # devices are fixed once TensorFlow has computed something
        raise EnvironmentStop("E011", "the device must be set before anything is computed", fix=str(error)) from error
    tf.config.experimental.enable_tensor_float_32_execution(False)
    tf.config.experimental.enable_op_determinism()
    tf.random.set_seed(0)  # once determinism is on, operations with a random state of their own need it
    tf.get_logger().setLevel("ERROR")  # it warns of many traces where there are many functions, each traced once
    one_dnn = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "unset (TensorFlow's default)")
    return {
        "device": "cpu" if chosen is None else f"gpu:{chosen} ({_describe(devices[chosen])})",
        "compiler": "plain TensorFlow graph" if chosen is None else "XLA",
        "matrix products": "float32, TensorFloat-32 off",
        "determinism": "deterministic operations on",
        "oneDNN": one_dnn,
    }


def _choose(device: str, count: int) -> int | None:
    if device == "cpu" or (device == "auto" and count == 0):
        return None
    number = "0" if device == "auto" else device.removeprefix("gpu:")
    if number.isdecimal() and int(number) < count:
        return int(number)
    raise EnvironmentStop(
        "E010",
        f"no such device: `{device}`",
        expected="auto, cpu" + "".join(f", gpu:{n}" for n in range(count)),
        received=device,
        fix="set `runtime.device` to one of these",
    )


def _describe(gpu: Any) -> str:
    return tf.config.experimental.get_device_details(gpu).get("device_name", "unnamed")


class _CompiledByTensorFlow:
    """A TensorFlow graph; ``traces`` counts how often Python was run to build one."""

    def __init__(self, function: Callable[..., Array], precision: str) -> None:
        self.traces, self._precision = 0, precision

        def counted(*arguments: Any) -> Array:
            self.traces += 1
            return function(*arguments)

        self._function = tf.function(counted, jit_compile=bool(tf.config.get_visible_devices("GPU")))

    def __call__(self, *arguments: Any) -> Array:
        return self._function(*(to_device(each, self._precision) for each in arguments))


def compile(function: Callable[..., Array], precision: str = "float32") -> _CompiledByTensorFlow:
    """Compile a pure function of arrays and mappings of arrays: one trace per shape of its arguments."""
    return _CompiledByTensorFlow(function, precision)


def computing(precision: str) -> AbstractContextManager[Any]:
    """Let TensorFlow compute in a precision: it computes in that of its tensors."""
    return nullcontext()


def to_device(value: Any, precision: str = "float32") -> Any:
    """Return tensors in place of arrays, mappings as dictionaries; tensors stay as they are."""
    if isinstance(value, Mapping):
        return {name: to_device(item, precision) for name, item in value.items()}
    tensor = tf.convert_to_tensor(value)
    return tf.cast(tensor, tf.float32) if tensor.dtype == tf.float64 and precision != "float64" else tensor


def any_batch(value: Any) -> Any:
    """Return a tensor (B, ...) whose B, within a compiled function, is not known; see ``Backend.any_batch``."""
    return tf.raw_ops.PlaceholderWithDefault(input=value, shape=[None, *value.shape[1:]]) if value.shape.rank else value


def same_batch(value: Any, like: Any) -> Any:
    """Return a tensor (B, ...) whose B is known to be that of another."""
    return tf.ensure_shape(value, [like.shape[0], *value.shape[1:]]) if value.shape.rank else value


def vjp(function: Callable[..., Array], *inputs: Array) -> tuple[Array, Callable[[Array], tuple[Array, ...]]]:
    """Return the function's output and its pullback; see ``Backend.vjp``."""
    # A tape cannot tell two uses of one tensor apart: each input becomes a tensor of its own.
    own = tuple(tf.identity(value) for value in inputs)
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(own)
        output = function(*own)

    def pullback(cotangent: Array) -> tuple[Array, ...]:
        found = tape.gradient(output, own, cotangent, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tuple(tf.ensure_shape(each, value.shape) for each, value in zip(found, own, strict=True))

    return output, pullback


def to_numpy(array: Array) -> Any:
    """Return a NumPy copy."""
    return tf.convert_to_tensor(array).numpy().copy()
