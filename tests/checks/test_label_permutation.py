"""Every outcome of label permutation, from evidence with chosen similarities and chosen trainings."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.label_permutation import LabelPermutation
from audit.errors import UnitError
from audit.record import Architecture, Null, Original, Trained
from audit.similarities.spearman import spearman
from tests.audits import MadeUpBench, make_facts, measured
from tests.checks.permutations import CHECK, FACTS, N, around, compared, trained


def judgement(trainings=None, *, check=CHECK, facts=FACTS, **similarities):
    trainings = trained(check, facts) if trainings is None else trainings
    return check.judge([*trainings, *compared(check=check, facts=facts, **similarities)], facts)


def test_both_labels_are_trained_for_every_seed_and_no_network_without_labels():
    assert set(CHECK.trainings(FACTS)) == {
        Trained(labels=each, seed=j) for each in ("true", "permuted") for j in range(3)
    }
    assert len(CHECK.trainings(FACTS)) == 6 and CHECK.retrains


def test_conditions_are_the_null_the_audited_model_and_every_network():
    null, architecture, audited, *networks = CHECK.conditions(FACTS)
    assert null == Null(draws=10) and audited == Original()
    assert architecture == Architecture(stages=len(FACTS.network.stages))
    assert networks == [Trained(labels=each, seed=j) for each in ("permuted", "true", "none") for j in range(3)]


def test_more_seeds_reuse_every_unit_of_fewer():
    fewer, more = (LabelPermutation(seeds=seeds) for seeds in (2, 5))
    assert set(fewer.conditions(FACTS)) < set(more.conditions(FACTS))
    maps = {condition: RNG.standard_normal((5, 4, 4, 1)).astype(np.float32) for condition in more.conditions(FACTS)}
    found = [dict(measured(check, MadeUpBench(shown_by(maps), noise), FACTS)) for check in (fewer, more)]
    for condition, first in found[0].items():
        for name, scores in first.scores.items():
            np.testing.assert_array_equal(found[1][condition].scores[name], scores)


RNG = np.random.default_rng(0)


def shown_by(maps):
    """The maps of a condition; of re-drawn networks, which only the architecture's null looks at, any."""
    return lambda condition: maps.get(condition, maps[Original()])


def noise(draw):
    return np.random.default_rng([7, draw]).standard_normal((5, 4, 4, 1)).astype(np.float32)


def test_each_network_is_compared_with_the_audited_model_and_with_its_partner():
    maps = {condition: RNG.standard_normal((5, 4, 4, 1)).astype(np.float32) for condition in CHECK.conditions(FACTS)}
    found = dict(measured(CHECK, MadeUpBench(shown_by(maps), noise), FACTS))

    def alike(one, other):
        return spearman(abs(maps[one][..., 0]), abs(maps[other][..., 0]))

    for condition in CHECK.trainings(FACTS) + tuple(Trained(labels="none", seed=j) for j in range(3)):
        scores = found[condition].scores
        np.testing.assert_array_equal(scores["similarity_absolute"], alike(condition, Original()))
        if condition.labels == "permuted":
            partner = Trained(labels="true", seed=condition.seed)
        elif condition.seed == 0:
            assert not any(name.startswith("partner") for name in scores)
            continue
        else:
            partner = Trained(labels=condition.labels, seed=condition.seed - 1)
        np.testing.assert_array_equal(scores["partner_similarity_absolute"], alike(condition, partner))


def test_pictures_are_those_of_the_audited_model_and_of_the_first_networks():
    maps = {condition: RNG.standard_normal((5, 4, 4, 1)).astype(np.float32) for condition in CHECK.conditions(FACTS)}
    pictured = {
        condition for condition, found in measured(CHECK, MadeUpBench(shown_by(maps), noise), FACTS) if found.maps
    }
    assert pictured == {Original(), *(Trained(labels=each, seed=0) for each in ("permuted", "true", "none"))}


def test_constant_and_broken_maps_have_no_similarity():
    maps = {condition: RNG.standard_normal((5, 4, 4, 1)).astype(np.float32) for condition in CHECK.conditions(FACTS)}
    maps[Trained(labels="permuted", seed=1)][2] = 0
    maps[Trained(labels="true", seed=1)][3] = np.nan
    found = dict(measured(CHECK, MadeUpBench(shown_by(maps), noise), FACTS))[Trained(labels="permuted", seed=1)].scores
    assert found["undefined"].tolist() == [0, 0, 1, 0, 0]
    assert found["partner_undefined"].tolist() == [0, 0, 1, 2, 0]
    assert np.isnan(found["partner_similarity_signed"]).tolist() == [False, False, True, True, False]


def test_maps_that_change_pass():
    found = judgement(true=around(0.2), audited=around(0.1))
    assert found.outcome == "pass" and [each.outcome for each in found.criteria] == ["pass", "pass"]
    assert [each.name for each in found.criteria] == ["against_true", "against_audited"]


@pytest.mark.parametrize(("true", "audited", "failing"), [(0.8, 0.1, "against_true"), (0.1, 0.8, "against_audited")])
def test_either_comparison_can_fail_it(true, audited, failing):
    found = judgement(true=around(true), audited=around(audited))
    assert found.outcome == "fail" and [each.name for each in found.criteria if each.outcome == "fail"] == [failing]


def test_an_interval_around_the_limit_is_inconclusive():
    assert judgement(true=around(0.5, 0.1), audited=0.1).outcome == "inconclusive"


def test_the_statistic_is_the_mean_excess_and_every_pair_has_its_point():
    generator = np.random.default_rng(3)
    tables = generator.uniform(-0.2, 0.7, (4, N, 3))  # pair, input, seed
    null = generator.uniform(0, 0.3, N)
    pairs = {
        name: lambda condition, table=table: table[:, condition.seed]
        for name, table in zip(("true", "audited", "ceiling", "floor"), tables, strict=True)
    }
    found = judgement(null=null, **pairs)
    above = (tables - null[:, None]) / (1 - null[:, None])
    seeds = (slice(0, 3), slice(0, 3), slice(1, 3), slice(1, 3))
    assert [each.statistic for each in found.criteria] == pytest.approx([above[0].mean(), above[1].mean()])
    assert len(found.curve) == 4
    for pair, point in enumerate(found.curve):
        assert point.similarity == pytest.approx(tables[pair][:, seeds[pair]].mean())
        assert point.excess == pytest.approx(above[pair][:, seeds[pair]].mean())
        assert point.null == pytest.approx(null.mean()) and point.interval[0] < point.excess < point.interval[1]
    assert [
        words in point.label
        for words, point in zip(("permuted", "audited", "true", "untrained"), found.curve, strict=True)
    ]


def test_the_reason_names_the_ceiling_and_the_floor():
    assert "true labels keep 0.60, two untrained ones 0.30" in judgement().reason
    assert "keep 0.60, two untrained ones 0.00" in judgement(floor=0.0).reason
    assert "keep 0.60, two untrained ones 0.00" in judgement(floor=-0.001).reason  # no "-0.00"


def test_two_seeds_have_one_pair_of_equals():
    check = LabelPermutation(seeds=2)
    found = judgement(check=check, ceiling=around(0.6), floor=around(0.3))
    assert found.outcome == "pass" and [point.total for point in found.curve] == [2 * N, 2 * N, N, N]
    assert found.curve[2].interval[0] < found.curve[2].excess < found.curve[2].interval[1]


def test_no_head_room_is_inconclusive_whatever_the_networks_did():
    found = judgement(true=0.985, audited=0.984, ceiling=0.99, floor=0.98, null=0.981)
    assert found.outcome == "inconclusive" and "No head-room" in found.reason
    assert found.curve[0].similarity == pytest.approx(0.985) and found.curve[0].null == pytest.approx(0.981)


@pytest.mark.parametrize("condition", [Trained(labels="permuted", seed=0), Trained(labels="true", seed=2)])
def test_a_training_that_diverged_is_an_error_with_its_reason(condition):
    evidence = trained()
    broken = [
        replace(each, status="failed", scores={}, error="[M040] the loss became NaN")
        if each.unit.condition == condition
        else each
        for each in evidence
    ]
    found = judgement(broken)
    assert found.outcome == "error" and "training failed" in found.reason and "[M040]" in found.reason


def test_missing_evidence_is_an_error():
    assert "trainings is missing" in judgement(trained()[1:]).reason
    assert judgement([]).outcome == "error"
    assert CHECK.judge([*trained(), *compared()[:-1]], FACTS).outcome == "error"
    more = replace(CHECK, seeds=4)
    assert more.judge([*trained(), *compared()], FACTS).outcome == "error"
    assert "2 of 8 trainings" in more.judge([*trained(), *compared()], FACTS).reason


def test_evidence_of_more_seeds_than_judged_changes_nothing():
    more = LabelPermutation(seeds=5)
    spare = {"permuted_4": {"train_accuracy": 0.1}}
    evidence = [*trained(more, **spare), *compared(true=around(0.2), check=more)]
    assert CHECK.judge(evidence, FACTS) == judgement(true=around(0.2))


def test_a_world_without_training_data_cannot_be_judged():
    with pytest.raises(UnitError, match="training"):
        CHECK.judge([*trained(), *compared()], make_facts(N))


@pytest.mark.parametrize("pair", ["true", "audited"])
def test_undefined_similarities_never_pass(pair):
    found = judgement(**{pair: np.nan})
    assert found.outcome == "inconclusive" and "30 of 30 inputs" in found.reason


@pytest.mark.parametrize("pair", ["ceiling", "floor"])
def test_a_ceiling_or_floor_without_numbers_takes_nothing_from_the_verdict(pair):
    found = judgement(**{pair: np.nan})
    assert found.outcome == "pass" and "untrained ones" not in found.reason
    assert found.curve[2 if pair == "ceiling" else 3].similarity is None


def test_the_controls_are_what_they_must_be():
    same = {"true": 1.0, "audited": 1.0, "ceiling": 1.0, "floor": 1.0}
    nothing = dict.fromkeys(same, around(0.0))
    expected = {"edge_detector": same, "input": same, "random_map": nothing}
    assert {name: judgement(**pairs).outcome for name, pairs in expected.items()} == dict(CHECK.controls)


def test_a_signed_comparison_reads_signed_scores():
    evidence = [*trained(), *compared(true=0.9, audited=0.9)]
    for each in evidence:
        for name in [name for name in each.scores if name.endswith("similarity_signed")]:
            each.scores[name] = np.zeros(N)
    assert CHECK.judge(evidence, FACTS).outcome == "fail"
    assert replace(CHECK, sign="signed").judge(evidence, FACTS).outcome == "pass"


def test_what_gradients_of_other_inputs_share_is_no_agreement():
    assert judgement(true=0.7, audited=0.7).outcome == "fail"
    found = judgement(true=0.7, audited=0.7, architecture=0.6)
    assert found.outcome == "pass" and found.curve[0].null == pytest.approx(0.6)
