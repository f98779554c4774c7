"""True labels that are not learned again to within the stated distance decide nothing, and both numbers are named."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.diff_roar import DiffRoar
from audit.checks.label_permutation import LabelPermutation
from audit.checks.road import Road
from audit.checks.roar import Roar
from audit.checks.shared.relearned import not_relearned, sampling_error
from tests.checks.accuracies import evidence, facts
from tests.checks.permutations import FACTS, compared, trained

REMOVING = [Roar(), DiffRoar(), Road()]


def removal_judgement(check, retrained, audited):
    return check.judge(evidence(check, lambda each: 0.5, intact=retrained), facts(accuracy=audited))


def permutation_judgement(check, retrained, audited):
    networks = {f"true_{seed}": {"test_accuracy": retrained} for seed in range(check.seeds)}
    known = replace(FACTS, data=replace(FACTS.data, accuracy=audited))
    return check.judge([*trained(check, known, **networks), *compared(check=check, facts=known)], known)


CASES = [(removal_judgement, each) for each in REMOVING] + [(permutation_judgement, LabelPermutation(seeds=3))]


@pytest.mark.parametrize(("judgement", "check"), CASES, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize(("retrained", "audited"), [(0.6, 0.85), (0.85, 0.6), (0.11, 0.97), (0.5, 0.999)])
def test_a_reason_names_both_accuracies_the_distance_and_what_to_do(judgement, check, retrained, audited):
    found = judgement(check, retrained, audited)
    assert found.outcome == "inconclusive"
    for words in (f"{retrained:.3f}", f"{audited:.3f}", "further apart than", "`training`", "`baseline_within`"):
        assert words in found.reason
    assert "fix the recipe" not in found.reason


@pytest.mark.parametrize(("judgement", "check"), CASES, ids=lambda each: type(each).__name__)
def test_the_distance_is_a_setting_that_only_judging_reads(judgement, check):
    assert "further apart" not in judgement(replace(check, baseline_within=0.3), 0.6, 0.85).reason
    assert "further apart" not in judgement(check, 0.84, 0.85).reason
    assert "further apart" not in judgement(check, 0.6, None).reason
    assert "baseline_within" in type(check).judged


def test_an_accuracy_that_is_no_number_is_far_from_any():
    assert "nan" in str(not_relearned(float("nan"), 0.9, 1.0))


def test_the_sampling_error_is_twice_the_standard_error_of_a_share():
    generator = np.random.default_rng(0)
    shares = (generator.random((4000, 200)) < 0.7).mean(axis=1)
    assert sampling_error(0.7, 200) == pytest.approx(2 * shares.std(), rel=0.05)
