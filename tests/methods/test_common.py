"""What every registered method must be, alone and as the base of another: a new method inherits these tests.

Each case compiles one function and asks everything of it, since compiling is what costs.
"""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from keras import ops

from audit.backend import Compiled, active
from audit.engine.compiled import compiled
from audit.methods.fitted import learner
from audit.methods.method import Method, as_named, method_value
from audit.methods.shared.noisy_copies import accumulate
from audit.methods.smoothgrad import SmoothGrad
from audit.methods.smoothgrad_squared import SmoothGradSquared
from audit.methods.vargrad import VarGrad, _welford
from tests.methods.cases import BASES, COUNT, INPUTS, KEYS, METHODS, TARGETS, model, network
from tests.methods.explain import keys

INPUT_ONLY = {"edge_detector", "input", "constant", "laplacian", "canny"}
NO_CLASS = {*INPUT_ONLY, "random_map", "blurred_random"}
UNITS = ("logit / input", "logit", "relevance", "probability", "bit", "none")


class Subject:
    """One compiled method on the common inputs, with ways to ask it of others."""

    def __init__(self, function: Compiled, method: Method) -> None:
        self.function, learn = function, learner(method, network())
        self.learned = learn or (lambda params, inputs: {})
        self.network = replace(network(), params={**network().params, **self.learned(network().params, INPUTS)})
        self.reference = self.maps()

    def maps(
        self, rows: Any = slice(None), *, inputs: Any = INPUTS, targets: Any = TARGETS, seed: int = 0, changed: str = ""
    ) -> np.ndarray:
        params = {name: value * 1.1 + 0.1 if name == changed else value for name, value in network().params.items()}
        params |= self.learned(params, INPUTS) if changed else self.network.params
        drawn = KEYS if seed == 0 else keys(COUNT, seed)
        return active().to_numpy(self.function(params, inputs[rows], targets[rows], drawn[rows]))


def _same(left: np.ndarray, right: np.ndarray) -> bool:
    """Whether two maps are one to within rounding: float32 sums in another order."""
    return bool(np.allclose(left, right, rtol=0, atol=1e-5 * float(abs(right).max())))


@pytest.mark.parametrize("name", METHODS)
def test_every_method(name: str) -> None:
    method = METHODS[name]
    before = [weight.copy() for weight in model().get_weights()]
    subject = Subject(compiled(method, network()), method)
    _maps_are_finite_float32_in_the_shape_of_the_input(name, method, subject.reference)
    _the_same_key_gives_the_same_bytes_and_another_key_another_map_if_stochastic(method, subject)
    _a_map_depends_on_neither_its_place_nor_its_neighbours(subject)
    _a_map_does_not_depend_on_the_size_of_the_batch(subject)
    _a_changed_parameter_changes_the_map_unless_the_method_knows_the_input_alone(name, subject)
    _another_target_changes_the_map_of_a_class_specific_method(name, subject)
    assert subject.function.traces <= 2  # two shapes: all inputs, and one
    assert all(np.array_equal(a, b) for a, b in zip(before, model().get_weights(), strict=True))
    _noise_maps_have_the_shape_of_the_attribution_and_new_draws_differ(name, method, subject)


def _maps_are_finite_float32_in_the_shape_of_the_input(name: str, method: Method, maps: np.ndarray) -> None:
    assert maps.dtype == np.float32
    assert maps.shape in ((COUNT, 8, 8, 2), (COUNT, 8, 8, 1))
    assert np.isfinite(maps).all()
    assert (maps.std() > 0) == (name != "constant")
    assert method.signed or maps.min() >= 0


def _the_same_key_gives_the_same_bytes_and_another_key_another_map_if_stochastic(
    method: Method, subject: Subject
) -> None:
    assert subject.maps().tobytes() == subject.reference.tobytes()
    another = subject.maps(seed=1)
    if method.stochastic:
        assert not any(_same(a, b) for a, b in zip(another, subject.reference, strict=True) if b.any())
    else:
        assert another.tobytes() == subject.reference.tobytes()


def _a_map_depends_on_neither_its_place_nor_its_neighbours(subject: Subject) -> None:
    order = np.array([2, 0, 3, 1])
    assert _same(subject.maps(order), subject.reference[order])
    among_others = INPUTS.copy()
    among_others[1:] = 5 * INPUTS[:-1]
    assert _same(subject.maps(inputs=among_others)[0], subject.reference[0])


def _a_map_does_not_depend_on_the_size_of_the_batch(subject: Subject) -> None:
    for row in (0, COUNT - 1):
        assert _same(subject.maps(slice(row, row + 1))[0], subject.reference[row])


def _a_changed_parameter_changes_the_map_unless_the_method_knows_the_input_alone(name: str, subject: Subject) -> None:
    for stage in (network().stages[0], network().stages[-1]):
        changed = subject.maps(changed=stage.variables[0])
        if name in INPUT_ONLY:
            assert changed.tobytes() == subject.reference.tobytes()
        else:
            assert not _same(changed, subject.reference), stage.name


def _another_target_changes_the_map_of_a_class_specific_method(name: str, subject: Subject) -> None:
    another = subject.maps(targets=(TARGETS + 1) % 3)
    if name in NO_CLASS:
        assert another.tobytes() == subject.reference.tobytes()
    else:  # guided backprop and deconvnet hardly do in deep networks, but this one has a single dense layer above
        assert not _same(another, subject.reference)


def _noise_maps_have_the_shape_of_the_attribution_and_new_draws_differ(
    name: str, method: Method, subject: Subject
) -> None:
    draws = [method.noise_map(subject.network, INPUTS[0], np.random.default_rng(seed)) for seed in (0, 1, 0)]
    shape = subject.reference.shape[1:]
    assert all(draw.shape == shape and draw.dtype == np.float32 and np.isfinite(draw).all() for draw in draws)
    assert all((draw >= 0).all() for draw in draws) or method.signed
    assert draws[0].tobytes() == draws[2].tobytes()
    assert np.array_equal(draws[0], draws[1]) == (name == "constant")


@pytest.mark.parametrize("base", BASES)
def test_every_wrapper_over_every_base(base: str) -> None:
    """Wrappers differ only in what they add up over one and the same pass, so one pass adds it all up."""
    before = [weight.copy() for weight in model().get_weights()]
    wrappers = [kind(base=METHODS[base], samples=3) for kind in (SmoothGrad, SmoothGradSquared, VarGrad)]
    total = accumulate(wrappers[0], network(), _all_sums, 4)
    subject = Subject(active().compile(lambda *arguments: ops.stack(total(*arguments), axis=1) / 3), METHODS[base])
    mean, squared, mean_again, variance = np.moveaxis(subject.reference, 1, 0).astype(np.float64)
    assert np.isfinite(subject.reference).all() and (variance >= 0).all()
    assert np.allclose(mean_again * 3, mean, rtol=0, atol=1e-5 * abs(mean).max())
    assert np.allclose(squared, mean**2 + variance, rtol=0, atol=1e-5 * squared.max())
    assert subject.maps().tobytes() == subject.reference.tobytes()
    assert base == "constant" or not _same(subject.maps(seed=1), subject.reference)
    _a_map_depends_on_neither_its_place_nor_its_neighbours(subject)
    _a_changed_parameter_changes_the_map_unless_the_method_knows_the_input_alone(base, subject)
    _another_target_changes_the_map_of_a_class_specific_method(base, subject)
    assert subject.function.traces == 1
    assert all(np.array_equal(a, b) for a, b in zip(before, model().get_weights(), strict=True))
    for wrapper in wrappers:
        assert wrapper.attribute(network())
        noise = wrapper.noise_map(subject.network, INPUTS[0], np.random.default_rng(0))
        assert noise.shape == mean.shape[1:] and noise.dtype == np.float32 and np.isfinite(noise).all()


def _all_sums(number: Any, value: Any, sums: tuple[Any, ...]) -> tuple[Any, ...]:
    return sums[0] + value, sums[1] + value * value, *_welford(number, value, sums[2:])


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_a_value_that_a_spec_can_write_down_and_states_its_facts(name: str) -> None:
    kinds = (SmoothGrad, SmoothGradSquared, VarGrad) if name in BASES else ()
    for method in (METHODS[name], *(kind(base=METHODS[name]) for kind in kinds)):
        doc = type(method).__doc__ or ""
        assert method.unit.replace("(", "").replace(")^2", "") in UNITS
        assert method.needs in ("apply", "graph", "convolution")
        assert method.evaluations >= 0
        assert all(part in doc for part in ("Formula:", "Unit", "Needs:", "criticisms:", "Source:"))
        assert "Sign:" in doc or "Unit and sign:" in doc
        assert method.source.split(",")[0].split(" ")[0] in doc
        again = method_value(as_named(method))
        assert again == method and hash(again) == hash(method) and again is not method
        with pytest.raises(AttributeError):
            method.samples = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [*(name for name in METHODS if name not in BASES), "python"])
@pytest.mark.parametrize("wrapper", ["smoothgrad", "smoothgrad_squared", "vargrad"])
def test_a_method_that_is_not_compiled_is_refused_as_a_base_when_the_spec_is_read(wrapper: str, name: str) -> None:
    fields = {"function": "module:function"} if name == "python" else {}
    with pytest.raises(ValueError, match=f"`{name}` runs in Python and is not compiled, so it cannot be the base"):
        method_value({wrapper: {"base": {name: fields}}})
    with pytest.raises(ValueError, match="cannot be the base"):
        method_value({wrapper: {"base": method_value({name: fields})}})


def test_no_framework_is_imported_by_building_every_method_and_data_source() -> None:
    code = (
        "import sys; from audit.registry import places, find\n"
        "for name in places('methods'): find('methods', name)\n"
        "for name in places('datasets'): find('datasets', name)\n"
        "import audit.datasets.preprocess\n"
        "print(sorted({'keras', 'tensorflow', 'jax', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
