"""Whether a model uses what it is said to use, and when a pass may be chance."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.check import Judgement
from audit.checks.shared.diagnosis import UseLimits, held_back, named, placed, unused, uses
from audit.record import Evidence, Original, Unit
from tests.checks.diagnostic import DiagnosticBench, explained, nothing, sees_only_what_matters

UNIT = Unit(check="c", settings={}, method={}, condition=Original(), world="w")
PASSED = Judgement(outcome="pass", reason="It passes.")


def shares(*values: float) -> list[Evidence]:
    return [Evidence(unit=UNIT, status="done", scores={"share_of_both": np.full(5, value)}) for value in values]


def test_a_map_of_the_relevant_region_lies_there_wholly_and_an_empty_map_nowhere() -> None:
    inputs = explained()
    found = placed(sees_only_what_matters(inputs, "relevant"), inputs, channels="sum")
    assert all((found[name] == 1).all() for name in ("share", "excess", "share_of_both", "hit"))
    assert np.isnan(placed(nothing(inputs, "relevant"), inputs, channels="sum")["share"]).all()


@pytest.mark.parametrize(("weights", "reliance"), [((1.0, 0.0), 1.0), ((0.0, 1.0), 0.0)])
def test_a_models_own_reaction_is_to_what_it_uses(weights: tuple[float, float], reliance: float) -> None:
    found = uses(DiagnosticBench(sees_only_what_matters, audited=weights))
    assert (found["relevant_matters"] == reliance).all() and (found["distractor_matters"] == 1 - reliance).all()
    assert found["reliance"] == pytest.approx(reliance)


def test_one_logit_names_the_class_by_its_sign_and_several_by_their_greatest() -> None:
    assert named(np.array([[-1.0], [2.0]])).tolist() == [0, 1]
    assert named(np.array([[1.0, 0.0, 3.0]])).tolist() == [2]


@pytest.mark.parametrize(
    ("used", "ignored", "silent"), [(1.0, 0.0, True), (0.8, 0.2, True), (0.7, 0.0, False), (1.0, 0.3, False)]
)
def test_a_model_must_use_the_one_thing_and_not_the_other(used: float, ignored: float, silent: bool) -> None:
    scores = [{"relevant_matters": np.array([used]), "distractor_matters": np.array([ignored])}]
    limits = UseLimits(used_at_least=0.8, misled_at_most=0.2)
    said = unused(scores, limits, used="relevant", ignored="distractor", who="It")
    assert (said is None) == silent


def test_a_pass_is_held_back_where_networks_that_cannot_know_differ_as_much() -> None:
    own = shares(0.9)[0]
    assert held_back(PASSED, own, shares(0.49, 0.5, 0.51)) == PASSED
    found = held_back(PASSED, own, shares(0.2, 0.5, 0.8))
    assert found.outcome == "inconclusive" and found.reason.endswith(PASSED.reason)
    failed = replace(PASSED, outcome="fail")
    assert held_back(failed, own, shares(0.2, 0.5, 0.8)) == failed
