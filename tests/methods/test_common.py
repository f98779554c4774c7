"""What every registered method must be, alone and as the base of SmoothGrad: a new method inherits these tests."""

import subprocess
import sys
from functools import cache
from typing import Any

import keras
import numpy as np
import pytest

from audit.backend import active
from audit.methods.method import Method, as_named, method_value
from audit.methods.smoothgrad import SmoothGrad
from audit.network.load import from_model
from audit.network.network import Network
from audit.registry import find, places
from tests import networks
from tests.methods.explain import keys

NAMES = tuple(places("methods"))
CASES: dict[str, Method] = {
    **{name: find("methods", name)() for name in NAMES},
    **{f"smoothgrad({name})": SmoothGrad(base=name, samples=3) for name in NAMES},
}
INPUT_ONLY = {"edge_detector", "input", "smoothgrad(edge_detector)", "smoothgrad(input)"}
NO_CLASS = {*INPUT_ONLY, "random_map", "smoothgrad(random_map)"}

every_case = pytest.mark.parametrize("case", CASES)

_X = np.random.default_rng(1).normal(size=(32, 8, 8, 2)).astype(np.float32)
_TARGET = np.arange(32, dtype=np.int32) % 3


@cache
def _model() -> keras.Model:
    return networks.cnn_model(channels=2)


@cache
def _network() -> Network:
    return from_model(_model())


@cache
def _compiled(case: str) -> Any:
    return active().compile(CASES[case].attribute(_network()))


def _maps(case: str, rows: Any = slice(None), *, target: Any = _TARGET, seed: int = 0, changed: str = "") -> np.ndarray:
    params = {name: value * 1.1 + 0.1 if name == changed else value for name, value in _network().params.items()}
    result = _compiled(case)(params, _X[rows], target[rows], keys(32, seed)[rows])
    return active().to_numpy(result)


@cache
def _reference(case: str) -> np.ndarray:
    return _maps(case)


def _same(left: np.ndarray, right: np.ndarray) -> bool:
    return bool(np.allclose(left, right, rtol=0, atol=1e-5 * max(1.0, float(abs(right).max()))))


@every_case
def test_maps_are_finite_float32_in_the_shape_of_the_input(case: str) -> None:
    maps = _reference(case)
    assert maps.dtype == np.float32
    assert maps.shape in ((32, 8, 8, 2), (32, 8, 8, 1))
    assert np.isfinite(maps).all()
    assert maps.std() > 0
    assert CASES[case].signed == (maps.min() < 0)


@every_case
def test_the_same_key_gives_the_same_bytes_and_another_key_another_map_if_stochastic(case: str) -> None:
    assert _maps(case).tobytes() == _reference(case).tobytes()
    another = _maps(case, seed=1)
    if CASES[case].stochastic:
        assert not any(_same(a, b) for a, b in zip(another, _reference(case), strict=True) if b.any())
    else:
        assert another.tobytes() == _reference(case).tobytes()


@every_case
def test_maps_depend_on_neither_batch_size_nor_order(case: str) -> None:
    for row in (0, 17):
        assert _same(_maps(case, slice(row, row + 1))[0], _reference(case)[row])
    order = np.random.default_rng(2).permutation(32)
    assert _same(_maps(case, order), _reference(case)[order])


@every_case
def test_one_trace_serves_every_call_of_one_shape(case: str) -> None:
    _reference(case)
    before = _compiled(case).traces
    for stage in _network().stages:
        _maps(case, changed=stage.variables[0], target=(_TARGET + 2) % 3, seed=3)
    assert _compiled(case).traces == before <= 2  # two shapes: 32 inputs, and 1


@every_case
def test_the_model_is_left_untouched(case: str) -> None:
    before = [weight.copy() for weight in _model().get_weights()]
    _maps(case, changed=_network().stages[0].variables[0])
    assert all(np.array_equal(a, b) for a, b in zip(before, _model().get_weights(), strict=True))


@every_case
@pytest.mark.parametrize("stage", [0, -1])
def test_a_changed_parameter_changes_the_map_unless_the_method_knows_the_input_alone(case: str, stage: int) -> None:
    changed = _maps(case, changed=_network().stages[stage].variables[0])
    if case in INPUT_ONLY:
        assert changed.tobytes() == _reference(case).tobytes()
    else:
        assert not _same(changed, _reference(case))


@every_case
def test_another_target_changes_the_map_of_a_class_specific_method(case: str) -> None:
    another = _maps(case, target=(_TARGET + 1) % 3)
    if case in NO_CLASS:
        assert another.tobytes() == _reference(case).tobytes()
    else:  # guided backprop hardly does in deep networks, but this one has a single dense layer above
        assert not _same(another, _reference(case))


@every_case
def test_the_noise_map_has_the_shape_of_the_attribution_and_new_draws_differ(case: str) -> None:
    method, shape = CASES[case], _reference(case).shape[1:]
    draws = [method.noise_map(_network(), _X[0], np.random.default_rng(seed)) for seed in (0, 1, 0)]
    assert all(draw.shape == shape and draw.dtype == np.float32 and np.isfinite(draw).all() for draw in draws)
    assert draws[0].tobytes() == draws[2].tobytes()
    assert not np.array_equal(draws[0], draws[1])


@every_case
def test_a_method_states_its_facts(case: str) -> None:
    method = CASES[case]
    assert method.unit in ("logit / input", "logit", "relevance", "none")
    assert method.needs in ("apply", "graph", "convolution")
    assert method.evaluations >= 0
    assert all(
        part in (type(method).__doc__ or "") for part in ("Formula:", "Unit", "Needs:", "criticisms:", "Source:")
    )
    assert method.source.split(",")[0].split(" ")[0] in (type(method).__doc__ or "")


@every_case
def test_a_method_is_a_value_that_a_spec_can_write_down(case: str) -> None:
    method = CASES[case]
    again = method_value(as_named(method))
    assert again == method and hash(again) == hash(method) and again is not method
    with pytest.raises(AttributeError):
        method.samples = 1  # type: ignore[attr-defined]


def test_no_framework_is_imported_by_building_every_method_and_data_source() -> None:
    code = (
        "import sys; from audit.registry import places, find\n"
        "for name in places('methods'): find('methods', name)()\n"
        "for name in places('datasets'): find('datasets', name)\n"
        "import audit.datasets.preprocess\n"
        "print(sorted({'keras', 'tensorflow', 'jax', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
