"""Only a method that shows the mark passes, and nothing is said where the model does not use it."""

import numpy as np
import pytest

from audit.checks.planted_shortcut import PlantedShortcut
from audit.record import Original, Randomized
from tests.checks.diagnostic import FACTS, DiagnosticBench, blind, found, noise, nothing, sees_only_what_matters

CHECK = PlantedShortcut()


def judgement(maps, *, audited=(1, 0), check=CHECK):
    return check.judge(found(check, DiagnosticBench(maps, audited)), FACTS)


def test_it_asks_for_the_audited_model_and_for_networks_with_every_stage_redrawn():
    redrawn = tuple(Randomized(mode="cascading", stage=3, seed=seed) for seed in range(5))
    assert CHECK.conditions(FACTS) == (Original(), *redrawn) and CHECK.trainings(FACTS) == ()


def test_a_pass_is_held_back_where_redrawn_networks_vary_by_as_much():
    def lucky(inputs, used):
        """A method whose maps favour either thing, by lot for each network but not for each input."""
        favour = {"relevant": 0.3, "neither 0": 0.3, "neither 1": -0.3, "neither 2": 0.2, "neither 3": -0.1}
        weights = 1 + favour.get(used, 0), 1 - favour.get(used, 0)
        regions = inputs.truth["relevant"], inputs.truth["distractor"]
        return sum(w * region for w, region in zip(weights, regions, strict=True))[..., None].astype(np.float32)

    found = judgement(lucky)
    assert found.outcome == "inconclusive" and "may be chance" in found.reason and "0.65" in found.reason
    assert all(each.outcome == "pass" for each in found.criteria)
    assert judgement(lambda inputs, used: lucky(inputs, used if used == "relevant" else "")).outcome == "pass"


@pytest.mark.parametrize("maps, outcome", [(sees_only_what_matters, "pass"), (blind, "fail"), (noise, "fail")])
def test_only_a_map_of_what_the_model_uses_passes(maps, outcome):
    assert judgement(maps).outcome == outcome


def test_a_blind_map_gets_exactly_one_half_and_a_right_one_everything():
    assert judgement(blind).curve[1].excess == 0.5 and judgement(blind).curve[1].interval == (0.5, 0.5)
    assert judgement(sees_only_what_matters).curve[1].excess == 1


def test_a_map_that_shows_the_wrong_thing_fails_both():
    wrong = judgement(lambda inputs, used: sees_only_what_matters(inputs, "distractor"))
    assert [each.outcome for each in wrong.criteria] == ["fail", "fail"] and wrong.curve[1].excess == 0


def test_a_map_that_prefers_the_mark_but_lies_elsewhere_fails_by_chance_alone():
    def elsewhere(inputs, used):
        either = inputs.truth["relevant"] | inputs.truth["distractor"]
        return (~either + 0.01 * inputs.truth["relevant"])[..., None].astype(np.float32)

    found = judgement(elsewhere)
    assert {each.name: each.outcome for each in found.criteria} == {"excess": "fail", "share": "pass"}


@pytest.mark.parametrize("audited, share", [((0, 1), "0%"), ((1, 1.5), "0%"), ((1, 1), "")])
def test_nothing_is_said_of_a_model_that_does_not_use_the_mark_alone(audited, share):
    for maps in (sees_only_what_matters, blind):
        found = judgement(maps, audited=audited)
        assert found.outcome == "inconclusive" and f"does not use what it should: {share}" in found.reason
        assert all(each.statistic is None for each in found.criteria)


def test_maps_without_a_place_are_undefined():
    found = judgement(nothing)
    assert found.outcome == "inconclusive" and "constant map" in found.reason and found.undefined == found.total


def test_the_models_own_reaction_is_measured():
    bench = DiagnosticBench(blind, audited=(3, 1))
    scores = CHECK.measure("m", Original(), bench).scores
    np.testing.assert_allclose(scores["reliance"], 0.75)
    assert scores["relevant_matters"].all() and not scores["distractor_matters"].any()


def test_missing_evidence_is_an_error():
    assert CHECK.judge([], FACTS).outcome == "error"
