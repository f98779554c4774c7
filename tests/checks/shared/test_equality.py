"""How unequal two maps are, and what the checks that require equality conclude from it."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.batch_invariance import BatchInvariance
from audit.checks.implementation_invariance import ALL, ImplementationInvariance
from audit.checks.input_shift import InputShift
from audit.checks.precision import Precision
from audit.checks.shared import equality
from audit.record import Evidence, Probed, Unit
from tests.audits import make_facts

FACTS = make_facts()
CHECKS = (InputShift(), ImplementationInvariance(), Precision(), BatchInvariance())
COUNT = len(FACTS.data.ids)


def evidence(check, difference=0.0, *, parity=0.0, refused=None):
    """Evidence of every condition: a difference (a number, (n,), or by the condition's name), or a recorded refusal."""
    found = []
    for condition in check.conditions(FACTS):
        unit = Unit(check="c", settings=check.settings(), method={}, condition=condition, world="w")
        reason = (refused or {}).get(condition.name)
        if reason:
            found.append(Evidence(unit=unit, status="failed", error=reason))
            continue
        own = difference.get(condition.name, 0.0) if isinstance(difference, dict) else difference
        values = np.broadcast_to(own, (COUNT,)).astype(float)
        flaw = np.isnan(values).astype(float)
        scores = {"difference": values, "flaw": flaw, "similarity_absolute": 1 - values / 2, "undefined": flaw}
        scores["parity"] = np.full(COUNT, parity)
        found.append(Evidence(unit=unit, status="done", scores=scores))
    return found


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: type(check).__name__)
def test_equal_maps_pass_and_unequal_maps_fail(check):
    around = np.random.default_rng(0).uniform(0.5, 1.5, COUNT)
    assert check.judge(evidence(check), FACTS).outcome == "pass"
    assert check.judge(evidence(check, check.at_most * 0.1 * around), FACTS).outcome == "pass"
    assert check.judge(evidence(check, check.at_most * 10 * around), FACTS).outcome == "fail"
    assert check.judge(evidence(check, check.at_most * around), FACTS).outcome == "inconclusive"
    assert check.judge(evidence(check)[1:], FACTS).outcome == "error"
    some = np.where(np.arange(COUNT) < 4, np.nan, 0.0)
    assert check.judge(evidence(check, some), FACTS).outcome == "inconclusive"
    assert replace(check, undefined_at_most=0.2).judge(evidence(check, some), FACTS).outcome == "pass"


def test_a_similarity_that_rounds_to_zero_has_no_sign():
    assert " is 0.0000." in InputShift().judge(evidence(InputShift(), 2 + 1e-5), FACTS).reason
    assert " is -0.0005." in InputShift().judge(evidence(InputShift(), 2 + 1e-3), FACTS).reason


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: type(check).__name__)
def test_a_network_or_method_that_does_not_apply_gives_its_reason_and_a_failure_an_error(check):
    names = [condition.name for condition in check.conditions(FACTS)]
    if check != BatchInvariance():  # which asks nothing of the network
        judgement = check.judge(evidence(check, refused=dict.fromkeys(names, "[M060] `pool` comes first")), FACTS)
        assert judgement.outcome == "inconclusive" and "`pool` comes first" in judgement.reason
    broken = check.judge(evidence(check, refused={names[0]: "ValueError: broken"}), FACTS)
    assert broken.outcome == "error" and "broken" in broken.reason


@pytest.mark.parametrize("check", CHECKS[:2], ids=lambda check: type(check).__name__)
@pytest.mark.parametrize("gap", [0.01, np.nan])
def test_networks_that_do_not_compute_the_same_decide_nothing(check, gap):
    for difference in (0.0, 1.0):
        judgement = check.judge(evidence(check, difference, parity=gap), FACTS)
        assert judgement.outcome == "inconclusive" and "do not compute the same" in judgement.reason


def test_one_rewrite_that_changes_the_maps_is_enough_to_fail():
    check = ImplementationInvariance()
    judgement = check.judge(evidence(check, {"dead_branch": 0.8}), FACTS)
    assert judgement.outcome == "fail" and judgement.criteria[0].statistic == pytest.approx(0.8)
    assert [point.label for point in judgement.curve] == [name.replace("_", " ") for name in ALL]


def test_rewrites_that_do_not_apply_are_left_out_and_named():
    check = ImplementationInvariance()
    judgement = check.judge(evidence(check, refused={"batch_norm_folded": "[M061] no normalisation"}), FACTS)
    assert judgement.outcome == "pass" and len(judgement.curve) == len(ALL) - 1
    assert "Does not apply: batch norm folded (no normalisation)" in judgement.reason


def test_the_difference_is_relative_symmetric_and_sees_level_and_scale():
    a = np.random.default_rng(0).standard_normal((5, 4, 4, 2)).astype(np.float32)
    b = np.stack([a[0], 2 * a[1], a[2] + 1, -a[3], 0 * a[4]])
    found = equality.compare(a, b, similarity=InputShift().similarity, channels="sum")
    size = [np.linalg.norm(each) for each in a]
    shifted = np.sqrt(32) / max(size[2], np.linalg.norm(b[2]))
    np.testing.assert_allclose(found["difference"], [0.0, 0.5, shifted, 2.0, 1.0], rtol=1e-6)
    np.testing.assert_allclose(
        equality.compare(b, a, similarity=InputShift().similarity, channels="sum")["difference"], found["difference"]
    )


def test_maps_that_are_zero_or_not_finite_have_no_difference():
    a = np.ones((3, 2, 2, 1), np.float32)
    a[0] = 0
    b = a.copy()
    b[1, 0, 0, 0] = np.nan
    found = equality.compare(a, b, similarity=InputShift().similarity, channels="sum")
    np.testing.assert_array_equal(found["difference"], [np.nan, np.nan, 0.0])
    np.testing.assert_array_equal(found["flaw"], [1, 2, 0])


def test_conditions_say_what_is_measured_and_thresholds_change_none():
    assert InputShift(shift="checkerboard", baselines="moved", amount=0.5).conditions(FACTS) == (
        Probed(name="checkerboard_shift_with_origin", level=0.5),
    )
    assert Precision(against="bfloat16").conditions(FACTS) == (Probed(name="bfloat16"),)
    for check in CHECKS:
        other = replace(check, at_most=0.5)
        assert (other.conditions(FACTS), other.settings()) == (check.conditions(FACTS), check.settings())


@pytest.mark.parametrize("wrong", [{"amount": 0.0}, {"sign": "signed", "channels": "absolute_sum"}])
def test_a_shift_of_nothing_and_signed_magnitudes_are_refused(wrong):
    with pytest.raises(ValueError):
        InputShift(**wrong)


def test_a_rewrite_named_twice_is_refused():
    with pytest.raises(ValueError):
        ImplementationInvariance(rewrites=("dead_branch", "dead_branch"))
