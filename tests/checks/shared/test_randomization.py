"""What randomises parameters, on a real network: identities, the explained class, treatments side by side."""

from itertools import product

import numpy as np
import pytest

from audit.backend import active
from audit.checks.cascading_randomization import CascadingRandomization
from audit.checks.independent_randomization import IndependentRandomization
from audit.checks.smooth_mprt import SmoothMprt
from audit.engine.bench import BenchSettings, Explained, NetworkBench
from audit.methods.gradient import Gradient
from audit.network.randomize import randomize
from audit.record import Distribution, Randomized
from tests import networks
from tests.audits import evidence_of, make_facts
from tests.methods.explain import keys, logits

NORMAL = Distribution(distribution="truncated_normal", deviation=0.5, biases=0.1)
REDRAWS = ("permute", "initializer", "normal", NORMAL)
FACTS = make_facts(4, stages=("logits", "second", "first"))
TREATMENTS = ("keep", "reset", "recalibrate")


@pytest.fixture(scope="module")
def network():
    return networks.cnn()


@pytest.fixture(scope="module")
def bench(network):
    inputs = np.random.default_rng(0).standard_normal((4, 8, 8, 1)).astype(np.float32)
    targets = logits(network, inputs).argmax(axis=1).astype(np.int32)
    explained = Explained(inputs=inputs, ids=list("abcd"), targets=targets)
    return NetworkBench(network, {"gradient": Gradient()}, explained, BenchSettings(seed=0, batch=4))


def options():
    for redraw, batch_norm, target in product(REDRAWS, (*TREATMENTS, TREATMENTS), ("fixed", "rechosen")):
        fields = {"redraw": redraw, "batch_norm": batch_norm, "target": target, "seeds": 2, "null_draws": 1}
        yield IndependentRandomization(**fields)
        for order in ("top_down", "bottom_up"):
            yield CascadingRandomization(**fields, order=order)
            yield SmoothMprt(**fields, order=order, samples=2)


def test_with_nothing_redrawn_the_similarity_is_exactly_one_under_every_option(bench):
    for check in options():
        stage_0 = [c for c in check.conditions(FACTS) if isinstance(c, Randomized) and c.stage == 0]
        assert len(stage_0) == 1
        scores = check.measure("gradient", stage_0[0], bench).scores
        assert (scores["similarity_absolute"] == 1).all() and (scores["similarity_signed"] == 1).all(), check


@pytest.mark.parametrize("redraw", REDRAWS, ids=lambda redraw: getattr(redraw, "distribution", redraw))
@pytest.mark.parametrize("target", ["fixed", "rechosen"])
def test_cascading_and_independent_agree_at_the_first_stage(bench, redraw, target):
    maps = [
        bench.maps("gradient", Randomized(mode=mode, stage=1, seed=3, redraw=redraw, target=target))
        for mode in ("cascading", "independent")
    ]
    np.testing.assert_array_equal(*maps)
    last = [Randomized(mode="cascading", stage=3, seed=3, redraw=redraw, order=o) for o in ("top_down", "bottom_up")]
    np.testing.assert_array_equal(*(bench.maps("gradient", each) for each in last))


def test_the_rechosen_class_is_the_one_that_the_redrawn_network_predicts(network, bench):
    function, differed = active().compile(Gradient().attribute(network)), 0
    own, inputs = bench.explained.targets, bench.explained.inputs
    for stage, seed in product((1, 3), range(5)):
        fixed = Randomized(mode="cascading", stage=stage, seed=seed, redraw="normal")
        rechosen = Randomized(**{**vars(fixed), "target": "rechosen"})
        params = randomize(network, network.params, fixed)
        new = logits(Redrawn(network, params), inputs).argmax(axis=1).astype(np.int32)
        for condition, targets in ((fixed, own), (rechosen, new)):
            slow = active().to_numpy(function(params, inputs, targets, keys(4)))
            np.testing.assert_allclose(bench.maps("gradient", condition), slow, rtol=1e-5, atol=1e-6)
        differed += int((new != own).sum())
    assert differed > 0


class Redrawn:
    """A network with other parameters, as ``logits`` reads one."""

    def __init__(self, network, params):
        self.apply, self.params = network.apply, params


def test_other_inputs_keep_keys_and_classes(bench):
    condition = Randomized(mode="cascading", stage=2, seed=0, target="rechosen")
    same = bench.maps("gradient", condition, bench.explained.inputs)
    np.testing.assert_array_equal(same, bench.maps("gradient", condition))
    assert not np.array_equal(bench.maps("gradient", condition, bench.explained.inputs + 1), same)


def by_treatment(condition):
    return {"keep": 0.1, "reset": 0.9, "recalibrate": 0.5}[condition.batch_norm]


@pytest.mark.parametrize("kind", [CascadingRandomization, IndependentRandomization, SmoothMprt])
@pytest.mark.parametrize("first, outcome", [("keep", "pass"), ("reset", "fail")])
def test_the_first_treatment_is_judged_and_the_others_stand_beside_it(kind, first, outcome):
    facts, order = make_facts(20), (first, *(each for each in TREATMENTS if each != first))
    check = kind(batch_norm=order, seeds=2)
    found = check.judge(evidence_of(check, facts, by_treatment), facts)
    alone = kind(batch_norm=first, seeds=2)
    assert found.outcome == outcome
    assert found.criteria == alone.judge(evidence_of(alone, facts, by_treatment), facts).criteria
    assert [each.name for each in found.references] == [f"batch_norm: {each}" for each in order[1:]]
    for each, treatment in zip(found.references, order[1:], strict=True):
        value = {"keep": 0.1, "reset": 0.9, "recalibrate": 0.5}[treatment]
        assert [point.label for point in each.curve] == [point.label for point in found.curve]
        assert [point.similarity for point in each.curve] == pytest.approx([1, *[value] * (len(each.curve) - 1)])
