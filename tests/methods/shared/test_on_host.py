"""Methods that run in Python: one trace of the network, and of an input nothing but what it and its key say."""

from dataclasses import replace

import numpy as np
import pytest

from audit.engine.bench import BenchSettings, Explained, NetworkBench
from audit.engine.compiled import compiled
from audit.errors import InputError, UnitError
from audit.methods.anchors import Anchors
from audit.methods.kernel_shap import KernelShap
from audit.methods.lime import Lime
from audit.methods.shared.on_host import over_units
from audit.methods.xrai import Xrai
from audit.record import Original, Randomized
from tests import networks
from tests.methods.explain import explain, keys

ON_HOST = {
    "lime": Lime(samples=150),
    "kernel_shap": KernelShap(),
    "anchors": Anchors(samples=400),
    "xrai": Xrai(steps=2),
}
COUNT = 3
INPUTS = np.random.default_rng(0).random((COUNT, 8, 8, 1), np.float32)
TARGETS = np.array([0, 2, 1], np.int32)


@pytest.mark.parametrize("name", ON_HOST)
def test_the_network_is_traced_once_whatever_the_parameters_and_the_inputs(name: str) -> None:
    network, traces = networks.cnn(), []

    def counted(params, x):
        traces.append(x.shape)
        return network.apply(params, x)

    explained = Explained(inputs=INPUTS, ids=["a", "b", "c"], targets=TARGETS)
    bench = NetworkBench(
        replace(network, apply=counted), {name: ON_HOST[name]}, explained, BenchSettings(seed=0, batch=2)
    )
    original = bench.maps(name, Original())
    first = len(traces)
    for stage in (1, 3):
        redrawn = bench.maps(name, Randomized(mode="cascading", stage=stage, seed=0))
        assert name == "anchors" or not np.allclose(redrawn, original)  # a rule may stay, and does on this network
    assert len(traces) == first
    assert name == "xrai" or first == 1  # a backend may look into a loop more than once


@pytest.mark.parametrize("name", ON_HOST)
def test_maps_are_the_same_bytes_in_any_batch_and_have_no_derivative(name: str) -> None:
    network = networks.cnn()
    function, drawn = compiled(ON_HOST[name], network), keys(COUNT)
    maps = function(network.params, INPUTS, TARGETS, drawn)
    assert maps.shape == (COUNT, 8, 8, 1) and maps.dtype == np.float32
    order = np.array([2, 0, 1, 1])
    again = function(network.params, INPUTS[order], TARGETS[order], drawn[order])
    assert name == "xrai" or again.tobytes() == maps[order].tobytes()  # its gradients are computed for a whole batch
    np.testing.assert_allclose(again, maps[order], rtol=1e-4, atol=1e-6)
    explained = Explained(inputs=INPUTS, ids=["a", "b", "c"], targets=TARGETS)
    bench = NetworkBench(network, {name: ON_HOST[name]}, explained, BenchSettings(seed=0, batch=2))
    with pytest.raises(UnitError, match="not compiled"):
        bench.pullback(name, explained, maps)


class Recorded(KernelShap):
    """A method that keeps what its game says of one coalition after another."""

    def worth(self, game, labels, target, generator):
        found = game(np.eye(labels.max() + 1, dtype=bool)[np.arange(300) % (labels.max() + 1)])
        assert np.array_equal(found[:6], found[6:12])  # over the edge of a chunk, too
        return found[: labels.max() + 1, target]


def test_a_game_keeps_units_and_replaces_the_others_by_the_baseline_counted_from_the_origin() -> None:
    weight = np.arange(1.0, 13.0).reshape(6, 2)
    network = replace(networks.linear(weight, [0.5, 0.0]), origin=np.full((1, 6), 0.25, np.float32))
    x = np.random.default_rng(0).random((1, 6), np.float32)
    for baseline, start in (("zeros", 0.25), (2.0, 2.25), ("mean", x.mean())):
        found = over_units(Recorded(baseline=baseline), network, "recorded")(network.params, x, np.array([1]), keys(1))
        expected = [np.where(np.arange(6) == unit, x[0], start) @ weight[:, 1] for unit in range(6)]
        np.testing.assert_allclose(found[0], expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["lime", "kernel_shap", "anchors"])
def test_units_that_the_inputs_do_not_have_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="more segments than pixels") as caught:
        replace(ON_HOST[name], segments=65).attribute(networks.cnn())
    assert caught.value.code == "T170" and "64" in (caught.value.expected or "")
    for units in ("slic", "quickshift", "grid"):
        with pytest.raises(InputError, match="needs images"):
            replace(ON_HOST[name], units=units).attribute(networks.mlp())
    assert replace(ON_HOST[name], segments=65, units="features").attribute(networks.cnn())


@pytest.mark.parametrize("name", ["lime", "kernel_shap", "anchors"])
def test_a_null_is_noise_on_the_units_that_differ_from_the_baseline(name: str) -> None:
    method = replace(ON_HOST[name], units="grid", segments=4)
    x = INPUTS[0].copy()
    x[:4, :4] = 0.0  # worth nothing to any network
    noise = np.stack([method.noise_map(networks.cnn(), x, np.random.default_rng(seed)) for seed in range(20)])
    assert noise.shape == (20, 8, 8, 1)
    blocks = noise.reshape(20, 2, 4, 2, 4).swapaxes(2, 3).reshape(20, 4, 16)
    assert (blocks == blocks[..., :1]).all()
    assert not blocks[:, 0].any() and (blocks[:, 1:].std(axis=0) > 0).all()


@pytest.mark.parametrize(
    "method", [KernelShap(samples=64), KernelShap(samples=40), Lime(samples=50), Anchors(samples=100)]
)
def test_a_unit_that_shows_the_baseline_already_is_worth_exactly_nothing(method):
    network, x = networks.mlp(), np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    x[:2, [0, 3, 4]] = 0.0
    x[2] = 0.0
    for key in (0, 1):
        found = explain(network, method, x, [0, 1, 0, 1], key=key)
        assert (found[:2, [0, 3, 4]] == 0).all() and (found[2] == 0).all()
        assert isinstance(method, Anchors) or (found[3] != 0).any()  # an empty rule may do
