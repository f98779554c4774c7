"""The backend that runs, ``audit.backend.tensorflow`` or ``audit.backend.jax``: the suite is run on each."""

import keras
import numpy as np
import pytest

from audit.backend import active
from audit.errors import EnvironmentStop


@pytest.fixture
def backend():
    return active()


def test_configuring_says_what_was_chosen(backend):
    words = backend.configure("cpu")
    assert words["device"] == "cpu"
    assert {"compiler", "matrix products", "determinism"} <= words.keys()
    assert all(isinstance(word, str) and word for word in words.values())
    assert backend.configure("auto")["device"]


@pytest.mark.parametrize("device", ["gpu:99", "gpu:x", "tpu", "gpu:-1"])
def test_a_device_that_does_not_exist_is_one_clear_error(backend, device):
    with pytest.raises(EnvironmentStop) as caught:
        backend.configure(device)
    assert caught.value.code == "E010" and device in str(caught.value) and "cpu" in str(caught.value.expected)


def test_one_trace_per_shape_whatever_the_values(backend):
    def function(params, x):
        return x @ params["w"] + params["b"]

    compiled, generator = backend.compile(function), np.random.default_rng(0)
    for _ in range(20):
        params = {"w": generator.normal(size=(3, 2)).astype("float32"), "b": np.zeros(2, "float32")}
        x = generator.normal(size=(4, 3)).astype("float32")
        for given in (params, backend.to_device(params)):
            np.testing.assert_allclose(backend.to_numpy(compiled(given, x)), x @ params["w"], atol=1e-5)
    assert compiled.traces == 1
    compiled(params, x[:2])
    assert compiled.traces == 2


def test_arrays_are_converted_once_and_doubles_become_singles(backend):
    device = backend.to_device({"a": np.ones(3, np.float64), "k": np.ones(2, np.uint32)})
    assert {name: str(keras.backend.standardize_dtype(value.dtype)) for name, value in device.items()} == {
        "a": "float32",
        "k": "uint32",
    }
    again = backend.to_device(device)
    assert again["a"] is device["a"]


def test_to_numpy_copies(backend):
    array = np.ones(3, np.float32)
    copied = backend.to_numpy(array)
    copied[0] = 5
    assert array[0] == 1


def test_the_pullback_is_the_transposed_jacobian(backend):
    x, y = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32), np.array([[0.5], [2.0]], np.float32)
    output, pullback = backend.vjp(lambda x, y: keras.ops.sum(x * x, axis=1, keepdims=True) * y, x, y)
    np.testing.assert_allclose(backend.to_numpy(output), [[2.5], [50.0]])
    for scale in (1.0, 3.0):  # it can be called again
        toward_x, toward_y = map(backend.to_numpy, pullback(keras.ops.convert_to_tensor([[scale], [2 * scale]])))
        np.testing.assert_allclose(toward_x, 2 * x * y * [[scale], [2 * scale]])
        np.testing.assert_allclose(toward_y, [[5 * scale], [50 * scale]])


def test_an_unused_input_gets_zeros_and_one_used_twice_is_not_counted_twice(backend):
    x = keras.ops.convert_to_tensor(np.array([3.0], np.float32))
    _, pullback = backend.vjp(lambda a, b: a * a, x, x)
    first, second = pullback(keras.ops.ones((1,)))
    assert (float(first[0]), float(second[0])) == (6.0, 0.0)
    _, pullback = backend.vjp(lambda a, b: a * b, x, x)
    assert [float(each[0]) for each in pullback(keras.ops.ones((1,)))] == [3.0, 3.0]


def test_matrix_products_are_not_rounded_to_fewer_bits(backend):
    backend.configure("auto")
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(64, 256)).astype("float32"), generator.normal(size=(256, 64)).astype("float32")
    product = backend.to_numpy(backend.compile(lambda a, b: a @ b)(a, b))
    assert np.abs(product - a.astype(float) @ b.astype(float)).max() < 5e-5


def test_another_backend_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(EnvironmentStop, match="torch") as caught:
        active.__wrapped__()
    assert caught.value.code == "E013"
