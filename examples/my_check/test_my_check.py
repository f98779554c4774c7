"""The change of a map has closed forms, and only a map that moves with every stage passes."""

from types import SimpleNamespace

import numpy as np
import pytest
from my_check import StageChange, change

from audit.record import Evidence, StageFacts, Unit

STAGES = [StageFacts(name=name, variables=(), parameters=10) for name in ("last", "middle", "first")]
FACTS = SimpleNamespace(network=SimpleNamespace(stages=STAGES))  # all that this check asks of the facts


def judged(changes):
    """Return the verdict on a method whose map changes by these amounts, stage by stage."""
    check, generator = StageChange(), np.random.default_rng(0)
    found = [
        Evidence(
            unit=Unit(check="stage_change", settings=check.settings(), method={}, condition=each, world="w"),
            status="measured",
            scores={"change": changes[each.stage - 1] + generator.normal(0, 1e-3, 20)},
        )
        for each in check.conditions(FACTS)
    ]
    return check.judge(found, FACTS)


def test_the_change_is_0_for_the_same_map_and_1_for_the_opposite():
    maps = np.random.default_rng(0).normal(size=(3, 8, 8, 1)).astype(np.float32)
    np.testing.assert_array_equal(change(maps, maps), 0)
    np.testing.assert_allclose(change(maps, -maps), 1)
    np.testing.assert_allclose(change(maps, 3 * maps), 0.5, rtol=1e-6)
    assert np.isnan(change(0 * maps, 0 * maps)).all()


@pytest.mark.parametrize(("changes", "outcome"), [((0.5, 0.6, 0.4), "pass"), ((0.0, 0.1, 0.05), "fail")])
def test_the_mean_over_the_stages_decides(changes, outcome):
    verdict = judged(changes)
    assert verdict.outcome == outcome
    assert [point.label for point in verdict.curve] == [stage.name for stage in STAGES]


def test_a_limit_is_no_part_of_what_is_measured():
    assert StageChange(at_least=0.2).settings() == StageChange().settings() == {"seeds": 3}
