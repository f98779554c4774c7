"""Why an audit is invalid: one reason for each control that contradicts its expected verdict, with what to do."""

from audit.checks.cascading_randomization import CascadingRandomization
from audit.judging.validity import invalidities, why
from audit.record import Audit
from tests.audits import SOUND, judged
from tests.report import examples

CHECK = CascadingRandomization(seeds=2)


def audit(**similarities: float) -> Audit:
    return judged(CHECK, {"gradient": 0.1, **SOUND, **similarities})


def test_a_sound_audit_has_no_reason():
    assert audit().invalid == () and audit().valid


def test_each_control_that_contradicts_its_expected_verdict_is_a_reason_and_no_other_is():
    found = audit(edge_detector=0.0, random_map=1.0)
    assert [reason.method for reason in found.invalid] == ["edge_detector", "random_map"]
    assert not found.valid and found.invalid == invalidities({}, found.facts, found.controls)
    for reason, control in zip(found.invalid, (found.controls[0], found.controls[2]), strict=True):
        assert reason.kind == "control" and reason.requirement == control.requirement
        for part in (control.method, f"must {control.expected}", control.verdict.outcome, control.verdict.reason):
            assert part in reason.sentence
        assert control.requirement in reason.fix


def test_the_gate_and_each_voided_pass_give_the_reason_and_count_the_others():
    one, two = audit(random_map=1.0), audit(edge_detector=0.0, random_map=1.0)
    assert why(one.invalid) == one.invalid[0].sentence
    assert why(two.invalid).endswith(" 1 more reason makes it invalid.")
    for found in (one, two):
        told = why(found.invalid)
        assert found.sentence.endswith(told[1:]) and told in found.verdicts[0].reason


def test_validity_follows_from_the_reasons_whatever_it_is_given():
    assert examples.audit(invalid=(examples.FED_WRONGLY,), valid=True).valid is False
    assert examples.audit(valid=False).valid is True
