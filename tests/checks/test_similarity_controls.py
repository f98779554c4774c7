"""The controls under every similarity, measured on a network: what each must get, and the map that agrees exactly."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.cascading_randomization import CascadingRandomization
from audit.checks.repeatability import Repeatability
from audit.record import Architecture, Intact, Null, StageFacts
from audit.registry import places
from tests.checks.real import bench_of, evidence, facts_of
from tests.networks import cnn

SIZED = {"hog": {"hog": {"pixels_per_cell": 4, "shuffles": 5}}, "ssim": {"ssim": {"shuffles": 5}}}


@pytest.fixture(scope="module")
def bench():
    """Inputs mostly blank: edges of dense noise have a cosine of 0.9 in any order, which leaves no head-room."""
    values = np.random.default_rng(1).random((2, 24, 16, 16, 1), np.float32)
    return bench_of(cnn(size=16, seed=1), {}, np.where(values[0] < 0.15, values[1], 0))


@pytest.fixture(scope="module")
def facts(bench):
    stages = tuple(StageFacts(name=each.name, variables=each.variables, parameters=1) for each in bench.network.stages)
    plain = facts_of(bench)
    return replace(plain, network=replace(plain.network, stages=stages))


@pytest.mark.parametrize("name", sorted(places("similarities")))
def test_controls_behave_and_the_edge_detector_agrees_exactly_with_itself(bench, facts, name):
    similarity = SIZED.get(name, name)
    for check in (
        CascadingRandomization(similarity=similarity, seeds=3),
        Repeatability(similarity=similarity, seeds=3),
    ):
        found = {method: evidence(check, method, bench, facts) for method in check.controls}
        outcomes = {method: check.judge(each, facts).outcome for method, each in found.items()}
        assert outcomes == dict(check.controls)
        for each in found["edge_detector"]:
            if not isinstance(each.unit.condition, Null | Intact | Architecture):
                assert (each.scores["similarity_absolute"] == 1).all() and (each.scores["similarity_signed"] == 1).all()
