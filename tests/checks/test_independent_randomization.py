"""Independent randomisation differs from the cascade in its conditions and in its one criterion."""

import numpy as np
import pytest

from audit.checks.independent_randomization import IndependentRandomization
from tests.audits import evidence_of, make_facts

CHECK = IndependentRandomization(seeds=2)
FACTS = make_facts()


def judgement(by_stage):
    return CHECK.judge(evidence_of(CHECK, FACTS, lambda c: np.full(30, by_stage[c.stage - 1])), FACTS)


def test_every_condition_is_independent():
    null, architecture, *others = CHECK.conditions(FACTS)
    assert (null.kind, architecture.kind) == ("null", "architecture")
    assert {condition.mode for condition in others} == {"independent"}


def test_only_the_mean_over_stages_is_limited():
    found = judgement((0.1, 0.1, 0.9))
    assert found.outcome == "pass" and [c.name for c in found.criteria] == ["mean"]
    assert found.criteria[0].statistic == pytest.approx(np.mean([0.1, 0.1, 0.9]))


def test_it_fails_above_the_limit():
    assert judgement((0.6, 0.5, 0.5)).outcome == "fail"
