"""Only a method that follows the task passes: not one that follows the brighter object, nor one that merely changes."""

import numpy as np
import pytest

from audit.checks.two_object_task import TwoObjectTask
from audit.record import Original, Trained
from tests.checks.diagnostic import FACTS, DiagnosticBench, blind, found, noise, nothing, sees_only_what_matters

CHECK = TwoObjectTask(seeds=3)


def judgement(maps, **models):
    return CHECK.judge(found(CHECK, DiagnosticBench(maps, **models)), FACTS)


def test_it_asks_for_the_audited_model_its_twins_and_untrained_networks():
    twins = tuple(Trained(labels="other", seed=seed) for seed in range(3))
    untrained = tuple(Trained(labels="none", seed=seed) for seed in range(3))
    assert CHECK.trainings(FACTS) == twins and CHECK.retrains
    assert CHECK.conditions(FACTS) == (Original(), *twins, *untrained)


@pytest.mark.parametrize("maps, outcome", [(sees_only_what_matters, "pass"), (blind, "fail"), (noise, "fail")])
def test_only_a_map_that_follows_the_task_passes(maps, outcome):
    assert judgement(maps).outcome == outcome


def test_effects_are_exact_for_a_blind_map_and_for_a_right_one():
    for maps, share, effect in ((blind, 0.5, 0), (sees_only_what_matters, 1, 1)):
        own, model, task = judgement(maps).curve
        assert (own.excess, task.excess, task.interval) == (share, effect, (effect, effect))
    assert model.excess == pytest.approx(0.5, abs=0.1)  # an untrained network's noise has half on either object


def test_following_one_object_whatever_the_task_is_no_task_effect():
    always = judgement(lambda inputs, used: sees_only_what_matters(inputs, "relevant"))
    assert always.outcome == "fail" and always.curve[0].excess == 1 and always.curve[2].excess == 0


def test_depending_on_the_parameters_alone_is_no_task_effect():
    def sensitive(inputs, used):
        return noise(inputs, used) + (used in inputs.truth) * 9 * inputs.truth["relevant"][..., None].astype(np.float32)

    found = judgement(sensitive)
    assert found.outcome == "fail" and found.curve[1].excess > 0.3 and abs(found.curve[2].excess) < 0.05


@pytest.mark.parametrize(
    "models, who",
    [({"audited": (1, 1)}, "The model does"), ({"twin": (1, 0)}, "The model of the other task does")],
)
def test_nothing_is_said_unless_each_network_decides_by_its_own_object(models, who):
    found = judgement(sees_only_what_matters, **models)
    assert found.outcome == "inconclusive" and found.reason.startswith(who) and found.criteria[0].statistic is None


def test_maps_without_a_place_are_undefined():
    found = judgement(nothing)
    assert found.outcome == "inconclusive" and "constant map" in found.reason


def test_maps_of_untrained_networks_decide_nothing():
    def silent(inputs, used):
        return sees_only_what_matters(inputs, used) if used in inputs.truth else nothing(inputs, used)

    found, whole = judgement(silent), judgement(sees_only_what_matters)
    assert found.curve[1].excess is None and found.curve[1].undefined == found.curve[1].total
    assert (found.outcome, found.criteria, found.undefined) == ("pass", whole.criteria, 0)
    assert (found.curve[0], found.curve[2]) == (whole.curve[0], whole.curve[2])


def test_the_twin_is_explained_for_the_class_that_it_predicts():
    seen = []

    def spy(inputs, used):
        seen.append((used, inputs.targets.copy()))
        return blind(inputs, used)

    bench = DiagnosticBench(spy)
    CHECK.measure("m", Trained(labels="other", seed=0), bench)
    by_use = dict(seen)
    predicted = bench.outputs(bench.explained.inputs, params=(0, 1)).argmax(axis=1)
    assert by_use["distractor"].tolist() == predicted.tolist() and set(predicted) == {0, 1}
    assert not by_use["relevant"].any()


def test_missing_evidence_is_an_error():
    evidence = found(CHECK, DiagnosticBench(blind))
    for part in ("c", "training"):
        missing = [each for each in evidence if each.unit.check == part][-1]
        assert CHECK.judge([each for each in evidence if each is not missing], FACTS).outcome == "error"
