"""The rise of entropy: exact at nothing, judged only where noise shows that there is room to rise."""

import numpy as np
import pytest

from audit.checks.efficient_mprt import EfficientMprt
from audit.checks.shared.complexity import histogram_entropy
from audit.record import Evidence, Null, Original, Unit
from tests.audits import MadeUpBench, make_facts

CHECK, FACTS = EfficientMprt(seeds=2, null_draws=2), make_facts(20)
GENERATOR = np.random.default_rng(0)
SPARSE = GENERATOR.standard_normal((20, 12, 12, 1)).astype(np.float32) ** 3
DENSE = GENERATOR.uniform(-1, 1, (20, 12, 12, 1)).astype(np.float32)


def judged(trained, redrawn, noise=DENSE, check=CHECK, changed=0.5):
    bench = MadeUpBench(lambda condition: trained if isinstance(condition, Original) else redrawn, lambda draw: noise)
    bench.changed = lambda condition: changed
    evidence = []
    for condition in check.conditions(FACTS):
        unit = Unit(check="efficient_mprt", settings=check.settings(), method={}, condition=condition, world="w")
        scores = check.measure("gradient", condition, bench).scores
        evidence.append(Evidence(unit=unit, status="done", scores=scores))
    return check.judge(evidence, FACTS)


def test_it_is_measured_at_full_randomisation_only():
    null, *drawn = CHECK.conditions(FACTS)
    assert null == Null(draws=2) and {c.stage for c in drawn} == {len(FACTS.network.stages)} and len(drawn) == 2


def test_the_rise_is_relative_to_the_trained_map_and_keeps_the_sign():
    found = judged(SPARSE, DENSE)
    before, after = (histogram_entropy(maps[..., 0], 100) for maps in (SPARSE, DENSE))
    assert found.outcome == "pass" and found.criteria[0].statistic == pytest.approx(((after - before) / before).mean())
    rise = judged(np.abs(SPARSE), SPARSE, check=EfficientMprt(seeds=2, null_draws=2, at_least=0)).criteria[0].statistic
    folded = histogram_entropy(np.abs(SPARSE[..., 0]), 100)
    assert rise == pytest.approx(((before - folded) / folded).mean())


def test_a_map_compared_with_itself_rises_by_exactly_nothing_and_fails():
    found = judged(SPARSE, SPARSE)
    assert found.outcome == "fail" and found.criteria[0].interval == (0, 0)


def test_a_rescaled_map_does_not_rise():
    assert judged(SPARSE, SPARSE * 4 + 0).criteria[0].statistic == 0


def test_noise_cannot_become_noisier_and_is_not_judged():
    found = judged(DENSE, DENSE[::-1])
    assert found.outcome == "inconclusive" and "No head-room" in found.reason


def test_an_entropy_that_falls_decides_nothing():
    found = judged(
        DENSE,
        SPARSE,
        noise=np.linspace(-1, 1, 20 * 144, dtype=np.float32).reshape(20, 12, 12, 1),
        check=EfficientMprt(seeds=2, null_draws=2, head_room_at_least=0.001),
    )
    assert found.outcome == "inconclusive" and "falls" in found.reason
    assert [each.outcome for each in found.criteria] == ["inconclusive"]


def test_constant_maps_are_counted_not_judged():
    found = judged(np.zeros_like(SPARSE), DENSE)
    assert found.outcome == "inconclusive" and found.undefined == 40


def test_parameters_that_did_not_change_test_nothing():
    assert "changed none" in judged(SPARSE, DENSE, changed=0.0).reason
