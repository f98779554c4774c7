"""PatternNet and PatternAttribution: when patterns are fitted, what a shift does to them, and their special cases."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest

from audit.backend import active
from audit.engine.bench import BenchSettings, NetworkBench
from audit.methods.pattern_attribution import PatternAttribution
from audit.methods.pattern_net import PatternNet
from audit.methods.smoothgrad import SmoothGrad
from audit.record import Explained, Original, Randomized
from tests.methods.explain import keys
from tests.methods.patterned import DATA, fit, function, mlp

REDRAWN = Randomized(mode="cascading", stage=1, seed=3)
METHODS = {
    "net": PatternNet(),
    "linear": PatternNet(estimator="linear"),
    "attribution": PatternAttribution(),
    "linear attribution": PatternAttribution(estimator="linear"),
    "kept": PatternNet(patterns="trained"),
    "smooth": SmoothGrad(base=PatternNet(), samples=2, noise=1e-6),
}


@cache
def bench() -> NetworkBench:
    given = Explained(inputs=DATA[:5], ids=[str(row) for row in range(5)], targets=np.int32([0, 1, 2, 0, 1]))
    return NetworkBench(mlp(), METHODS, given, BenchSettings(seed=0, batch=5, fitted_on=DATA))


def by_hand(params: Mapping[str, np.ndarray], fitted_for: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return PatternNet's maps under parameters, with the patterns of others."""
    given = bench().explained
    every = {**params, **fit()(fitted_for, DATA)}
    return active().to_numpy(function()(every, given.inputs, given.targets, keys(5)))


def test_patterns_are_fitted_anew_for_each_condition_unless_they_stay() -> None:
    trained, redrawn = (bench().params(each) for each in (Original(), REDRAWN))
    anew, stayed = (by_hand(redrawn, each) for each in (redrawn, trained))
    size = abs(anew).max()
    assert abs(anew - stayed).max() > 1e-2 * size
    assert np.allclose(bench().maps("net", REDRAWN), anew, atol=1e-5 * size)
    assert np.allclose(bench().explain("net", bench().explained, params=redrawn), anew, atol=1e-5 * size)
    assert np.allclose(bench().maps("smooth", REDRAWN), anew, atol=1e-3 * size)
    assert np.allclose(bench().maps("kept", REDRAWN), stayed, atol=1e-5 * size)
    before = bench().maps("net", Original())
    assert np.allclose(before, by_hand(trained, trained), atol=1e-5 * abs(before).max())
    assert abs(before - anew).max() > 1e-2 * size
    assert set(bench().traces.values()) == {1}


@pytest.mark.parametrize(
    ("name", "shift"), [("linear", "constant_shift"), ("linear attribution", "checkerboard_shift")]
)
def test_linear_patterns_do_not_see_a_shift_that_the_first_layer_takes_back(name: str, shift: str) -> None:
    variant, own = bench().variant(shift, level=-1.0), bench().maps(name, Original())
    moved = bench().explain(name, variant.explained, network=variant.network)
    assert np.allclose(moved, own, atol=1e-4 * abs(own).max())


def test_patterns_of_two_components_move_with_a_shift_only_if_fitted_anew() -> None:
    variant, own = bench().variant("constant_shift", level=-1.0), bench().maps("attribution", Original())
    anew = bench().explain("attribution", variant.explained, network=variant.network)
    assert abs(anew - own).max() > 1e-2 * abs(own).max()
    given, stay = variant.explained, {**variant.network.params, **fit()(mlp().params, DATA)}
    attribute = active().compile(PatternAttribution().attribute(variant.network))
    moved = active().to_numpy(attribute(stay, given.inputs, given.targets, keys(5)))
    assert np.allclose(moved, own, atol=1e-4 * abs(own).max())


def test_outputs_that_never_open_or_never_vary_have_no_pattern() -> None:
    network = mlp()
    dead = {**network.params, "hidden/bias": np.float32([-1e3, 0, 0, 0, 0])}
    dead["logits/kernel"] = network.params["logits/kernel"] * np.float32([0, 1, 1])
    found = fit()(dead, DATA)
    hidden, last = found["pattern of hidden"], found["pattern of logits"]
    assert not hidden[:, 0].any() and hidden[:, 1:].any(axis=0).all()
    assert not last[:, 0].any() and not last[0].any() and last[1:, 1:].all()
    assert np.isfinite(active().to_numpy(function()({**dead, **found}, DATA, np.ones(40, np.int32), keys(40)))).all()
