"""Smooth MPRT: maps are means over noisy copies, and so is their null."""

import numpy as np
import pytest

from audit.checks.cascading_randomization import CascadingRandomization
from audit.checks.smooth_mprt import SmoothMprt
from audit.methods.gradient import Gradient
from audit.record import Null, Original
from tests import networks
from tests.audits import Everywhere, evidence_of, make_facts
from tests.checks.real import bench_of

FACTS = make_facts(4, stages=("logits", "second", "first"))


@pytest.fixture(scope="module")
def bench():
    inputs = np.random.default_rng(0).standard_normal((4, 8, 8, 1)).astype(np.float32)
    return bench_of(networks.cnn(), {"gradient": Gradient()}, inputs)


def test_smooth_maps_are_means_over_noisy_copies(bench):
    check = SmoothMprt(samples=3, noise=0.2, seeds=2, null_draws=1)
    seen = []

    class Recording:
        explained = bench.explained

        def maps(self, method, condition, inputs):
            seen.append(inputs)
            return inputs * (1 if isinstance(condition, Original) else 2)

        def kept(self, name, compute):
            return compute()

        def noise_maps(self, method, draw):
            return np.ones_like(self.explained.inputs)

        nulls = Everywhere((8, 8, 1))
        gallery, changed = (), staticmethod(lambda condition: 1.0)
        params, outputs = bench.params, bench.outputs

    condition = check.conditions(FACTS)[-1]
    scores = check.measure("gradient", condition, Recording()).scores
    assert scores["similarity_signed"] == pytest.approx(1.0)  # the same copies for every model
    originals, redrawn = seen[3:], seen[:3]
    for a, b in zip(originals, redrawn, strict=True):
        np.testing.assert_array_equal(a, b)
    deviations = np.stack(seen[:3]) - bench.explained.inputs
    spread = bench.explained.inputs.max(axis=(1, 2, 3)) - bench.explained.inputs.min(axis=(1, 2, 3))
    assert deviations.std(axis=(0, 2, 3, 4)) == pytest.approx(0.2 * spread, rel=0.25)
    assert not np.array_equal(seen[0], seen[1])


def test_the_null_of_smooth_maps_is_that_of_the_same_copies(bench):
    check = SmoothMprt(samples=2, noise=1e-6, seeds=2, null_draws=3)
    single = CascadingRandomization(seeds=2, null_draws=3)
    null = Null(draws=3)
    smooth, plain = (each.measure("gradient", null, bench).scores["null_signed"] for each in (check, single))
    assert smooth == pytest.approx(plain, abs=1e-6)


def test_smooth_maps_go_from_the_input_up_and_cost_their_copies():
    check = SmoothMprt(seeds=2, samples=7)
    found = check.judge(evidence_of(check, make_facts(20), 0.1), make_facts(20))
    assert [point.label for point in found.curve] == ["trained", "conv", "dense", "logits"]
    assert check.settings()["maps"] == 7
