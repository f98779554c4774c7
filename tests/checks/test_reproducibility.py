"""Reproducibility: which networks are compared, what they must be able to do, and every outcome."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.reproducibility import Reproducibility
from audit.errors import UnitError
from audit.record import Null, Original, Rekeyed, Trained
from audit.similarities.spearman import spearman
from tests.audits import MadeUpBench, evidence_of, make_facts, measured
from tests.checks.permutations import facts_of, trained

CHECK = Reproducibility()
PLAIN = facts_of()
FACTS = replace(PLAIN, data=replace(PLAIN.data, accuracy=0.97))


def made(anew=0.8, untrained=0.1, pair=0.7, key=1.0, **more):
    """Evidence with a similarity of the audited model to each other network, and of two new trainings."""

    def value(condition):
        if isinstance(condition, Rekeyed):
            return key
        return {"true": anew, "none": untrained}[condition.labels] if isinstance(condition, Trained) else 1.0

    def partner(each):
        condition = each.unit.condition
        if not isinstance(condition, Trained) or condition.labels == "none":
            return each
        scores = {"partner_similarity_absolute": np.full(30, pair), "partner_undefined": np.zeros(30)}
        return replace(each, scores={**each.scores, **scores})

    return [partner(each) for each in evidence_of(CHECK, FACTS, value, **more)]


def judgement(*, facts=FACTS, accuracies=None, check=CHECK, **levels):
    return check.judge([*trained(check, facts, **(accuracies or {})), *made(**levels)], facts)


def test_conditions_are_the_null_another_key_and_every_network():
    networks = [Trained(labels=labels, seed=seed) for labels in ("true", "none") for seed in range(3)]
    assert CHECK.conditions(FACTS) == (Null(draws=10), Original(), Rekeyed(seed=1), *networks)
    assert CHECK.trainings(FACTS) == tuple(networks[:3]) and CHECK.retrains


def test_networks_are_compared_with_the_audited_one_and_new_ones_with_the_one_before():
    generator = np.random.default_rng(0)
    maps = {each: generator.standard_normal((30, 4, 4, 1)).astype(np.float32) for each in CHECK.conditions(FACTS)}
    bench = MadeUpBench(maps.__getitem__, lambda draw: np.random.default_rng(draw).standard_normal((30, 4, 4, 1)))
    found = dict(measured(CHECK, bench, FACTS))

    def alike(one, other):
        return spearman(abs(maps[one][..., 0]), abs(maps[other][..., 0]))

    for condition in maps:
        if isinstance(condition, Null):
            continue
        scores = found[condition].scores
        np.testing.assert_array_equal(scores["similarity_absolute"], alike(condition, Original()))
        paired = isinstance(condition, Trained) and condition.labels == "true" and condition.seed > 0
        assert ("partner_similarity_absolute" in scores) == paired
        if paired:
            before = replace(condition, seed=condition.seed - 1)
            np.testing.assert_array_equal(scores["partner_similarity_absolute"], alike(condition, before))


@pytest.mark.parametrize("anew, outcome", [(0.8, "pass"), (0.3, "fail"), (0.5, "pass")])
def test_outcomes(anew, outcome):
    found = judgement(anew=anew)
    assert found.outcome == outcome and found.criteria[0].statistic == pytest.approx(anew)
    assert "With an untrained network it keeps 0.10, two new trainings share 0.70, another key alone leaves 1.00" in (
        found.reason
    )
    assert [each.excess for each in found.curve] == pytest.approx([anew, 0.1, 0.7, 1.0])


def test_the_null_is_taken_off():
    assert judgement(anew=0.6, null=0.4).criteria[0].statistic == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "accuracies, words",
    [
        ({"true_1": {"test_accuracy": 0.7}}, "seed 1 has a test accuracy of 0.700"),
        ({"true_2": {"test_accuracy": 0.1}}, "no better than chance"),
        ({"true_0": {"test_accuracy": np.nan}}, "no better than chance"),
    ],
)
def test_a_training_that_answers_worse_decides_nothing(accuracies, words):
    found = judgement(accuracies=accuracies)
    assert found.outcome == "inconclusive" and words in found.reason


def test_the_audited_model_must_answer_as_well():
    for accuracy, words in [(0.11, "no better than chance"), (0.8, "more than 0.05 apart"), (None, "not known")]:
        facts = replace(FACTS, data=replace(FACTS.data, accuracy=accuracy))
        found = judgement(facts=facts)
        assert found.outcome == "inconclusive" and words in found.reason
    facts = replace(FACTS, data=replace(FACTS.data, accuracy=0.8))
    assert judgement(facts=facts, check=replace(CHECK, accuracy_within=0.2)).outcome == "pass"


def test_maps_that_agree_exactly_need_no_head_room():
    found = judgement(anew=1.0, untrained=1.0, pair=1.0, null=0.98)
    assert found.outcome == "pass" and found.criteria[0].interval == (1, 1)


def test_a_failed_training_or_missing_evidence_is_an_error():
    trainings = trained(CHECK, FACTS)
    failed = [replace(trainings[0], status="failed", error="no")]
    assert CHECK.judge([*failed, *trainings[1:], *made()], FACTS).outcome == "error"
    assert CHECK.judge([*trainings, *made()[1:]], FACTS).outcome == "error"
    with pytest.raises(UnitError):
        CHECK.judge(made(), make_facts())
