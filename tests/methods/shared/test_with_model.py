"""Other people's code on the bench: it sees the parameters under test, and is held to its shape and its trust."""

import sys
import types

import numpy as np
import pytest

from audit.errors import InputError, UnitError
from audit.methods.python import Python
from audit.record import Original
from tests import networks
from tests.methods.their_code import STAGE, bench_of


def norm(model, x, target):
    """What a user might write: the size of each weight of the last layer of the model that was handed over."""
    last = np.asarray(model.weights[-2])
    return np.full(x.shape, float(np.abs(last[:, target]).sum()))


def first_pixel(model, x, target):
    return np.zeros((1, 2, 2))


def complex_numbers(model, x, target):
    return x * 1j


class Refilled:
    """A function that hands out the same array at each call, filled anew."""

    def __init__(self):
        self.array = np.empty((8, 8, 1), np.float32)

    def __call__(self, model, x, target):
        self.array[:] = x[0]
        return self.array


@pytest.fixture(scope="module")
def module():
    """The user's functions as an importable module."""
    made = types.ModuleType("their_module")
    made.norm, made.first_pixel, made.complex_numbers, made.refilled = norm, first_pixel, complex_numbers, Refilled()
    sys.modules["their_module"] = made
    yield "their_module"
    del sys.modules["their_module"]


def test_a_users_function_sees_the_parameters_under_test(module):
    bench = bench_of({"theirs": Python(function=f"{module}:norm")})
    for condition in (Original(), STAGE, Original()):
        kernel = bench.params(condition)["logits/kernel"]
        expected = np.abs(kernel).sum(axis=0)[bench.explained.targets]
        found = bench.explain("theirs", bench.explained, params=bench.params(condition))
        np.testing.assert_allclose(found[:, 0, 0, 0], expected, rtol=1e-5)
        np.testing.assert_array_equal(bench.maps("theirs", condition), found)


def test_an_attribution_of_another_shape_is_refused(module):
    with pytest.raises(UnitError, match="shape of the attribution"):
        bench_of({"theirs": Python(function=f"{module}:first_pixel")}).maps("theirs", Original())


def test_complex_numbers_are_refused(module):
    with pytest.raises(UnitError, match="real numbers"):
        bench_of({"theirs": Python(function=f"{module}:complex_numbers")}).maps("theirs", Original())


def test_an_array_that_is_filled_anew_at_each_call_is_a_map_for_each_input(module):
    bench = bench_of({"theirs": Python(function=f"{module}:refilled")})
    np.testing.assert_array_equal(bench.maps("theirs", Original()), bench.explained.inputs)


def test_what_cannot_be_imported_is_named(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "a_script.py").write_text("raise SystemExit(0)")
    for module in ("no_such_module", "a_script"):
        with pytest.raises(InputError, match=f"cannot import `python: {module}:f`"):
            Python(function=f"{module}:f").attribute(networks.mlp())
