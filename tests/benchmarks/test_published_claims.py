"""Published claims: every spec is one that can be run and is, and a row holds within its band alone."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.cascading_randomization import CascadingRandomization
from audit.spec.spec import load_spec
from benchmarks import published_claims as claims
from tests.audits import SOUND, judged


def test_every_published_spec_is_valid_and_run(specs, repository):
    program = (repository / "benchmarks" / "reproduce.py").read_text("utf-8")
    found = {path.stem: load_spec(path) for path in (specs / "published").glob("*.yaml")}
    assert {spec.audit.id for spec in found.values()} == {f"published-{name.replace('_', '-')}" for name in found}
    assert all(f'"{name}"' in program for name in found)


def audit_of_noise(null):
    """An audit in which the input's null, of shuffled copies, is a number at every stage."""
    audit = judged(CascadingRandomization(seeds=2), {"gradient": 0.1, **SOUND})
    controls = [
        replace(each, verdict=replace(each.verdict, curve=tuple(replace(p, shuffled=null) for p in each.verdict.curve)))
        for each in audit.controls
    ]
    return replace(audit, controls=tuple(controls))


@pytest.mark.parametrize("null, holds", [(0.078, True), (0.0875, True), (0.0895, False), (0.0665, False)])
def test_histograms_of_noise_are_the_null_of_the_input(null, holds):
    (row,) = claims.gradients_of_noise([audit_of_noise(null), audit_of_noise(null)])
    assert row.holds is holds and row.measured == f"{null:.4f}"


@pytest.mark.parametrize("deviation, holds", [(1.0, True), (1.08, True), (1.15, False), (0.85, False)])
def test_a_spread_is_that_of_independent_maps(deviation, holds):
    pixels = 28 * 28
    similarity = deviation / np.sqrt(pixels - 1) * np.array([-1.0, 1.0] * 20)
    (row,) = claims.spread(28, 0.034, similarity)
    assert bool(row.holds) is holds


@pytest.mark.parametrize("guided, gradient, holds", [(0.88, 0.02, (True, True)), (0.8, 0.2, (False, False))])
def test_every_seed_must_recover_the_input_and_none_by_the_gradient(guided, gradient, holds):
    correlations = {"guided_backprop": np.full((3, 10), 0.9), "gradient": np.zeros((3, 10))}
    correlations["guided_backprop"][1], correlations["gradient"][1] = guided, -gradient
    assert tuple(row.holds for row in claims.recovery(correlations)) == holds
