"""Whole audits from made-up evidence: validity, the correction over methods, errors, and what is never a pass."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checks.cascading_randomization import CascadingRandomization
from audit.errors import UnitError
from audit.record import Judgement
from audit.statistics import holm
from tests.audits import SOUND, judged

CHECK = CascadingRandomization(seeds=2)
NAME = "cascading_randomization"


def of(audit, method):
    return next(verdict for verdict in audit.verdicts if verdict.method == method)


def failing(*methods):
    def change(method, evidence):
        if method not in methods:
            return evidence
        return [replace(each, status="failed", scores={}, error="[M003] broken") for each in evidence]

    return change


def losing(*methods):
    return lambda method, evidence: [] if method in methods else evidence


def test_methods_and_controls_are_told_apart():
    audit = judged(CHECK, {"gradient": 0.1, **SOUND})
    assert [v.method for v in audit.verdicts] == ["gradient"]
    assert [c.method for c in audit.controls] == ["edge_detector", "input", "random_map", "identity"]
    assert audit.valid and all(c.behaves for c in audit.controls)
    assert (audit.outcome, audit.exit_code) == ("pass", 0)


def test_failed_and_missing_evidence_are_errors():
    for change in (failing("gradient"), losing("gradient")):
        audit = judged(CHECK, {"gradient": 0.1, **SOUND}, change=change)
        assert of(audit, "gradient").outcome == "error" and (audit.outcome, audit.exit_code) == ("error", 3)
        assert audit.valid


def test_damaged_scores_are_an_error_of_that_method_alone():
    def damage(method, evidence):
        if method != "gradient":
            return evidence
        evidence[-2] = replace(evidence[-2], scores={})
        evidence[-1] = replace(evidence[-1], scores={**evidence[-1].scores, "similarity_absolute": np.zeros(4)})
        return evidence

    audit = judged(CHECK, {"gradient": 0.1, "smoothgrad": 0.1, **SOUND}, change=damage)
    assert of(audit, "gradient").outcome == "error" and of(audit, "smoothgrad").outcome == "pass"


def test_an_error_raised_while_judging_is_an_outcome():
    class Refusing:
        judged, controls = frozenset(), {"random_map": "pass"}
        conditions, settings = staticmethod(CHECK.conditions), staticmethod(CHECK.settings)

        def judge(self, evidence, facts):
            raise UnitError("R802", "cannot compare an interval that is not finite")

    audit = judged(Refusing(), {"gradient": 0.1, **SOUND})
    assert "cannot compare an interval that is not finite" in of(audit, "gradient").reason and audit.exit_code == 3


def test_a_reason_without_a_code_gets_the_code_of_all_others_and_an_invalid_audit_its_own():
    class Silent:
        judged, controls = frozenset(), CHECK.controls
        conditions, settings = staticmethod(CHECK.conditions), staticmethod(CHECK.settings)

        def judge(self, evidence, facts):
            return Judgement(outcome="inconclusive", reason="It cannot be said.")

    assert of(judged(Silent(), {"gradient": 0.1, **SOUND}), "gradient").code == "other"
    broken = judged(CHECK, {"gradient": 0.1, **SOUND, "edge_detector": 0.0})
    assert not broken.valid and of(broken, "gradient").code == "invalid"


def test_skipped_is_shown_and_never_counts():
    audit = judged(CHECK, {"gradient": 0.1, **SOUND}, skipped={(NAME, "gradient"): "It does not apply."})
    assert of(audit, "gradient").outcome == "skipped" and (audit.outcome, audit.exit_code) == ("nothing", 5)


def test_p_values_are_adjusted_over_the_methods_and_not_the_controls():
    def around(mean, seed):
        return lambda c: mean + 0.2 * np.random.default_rng([seed, c.stage, c.seed]).standard_normal(30)

    names = ("gradient", "smoothgrad", "guided_backprop")
    audit = judged(CHECK, {name: around(0.45, seed) for seed, name in enumerate(names)} | SOUND)
    for place in range(2):
        criteria = [verdict.criteria[place] for verdict in audit.verdicts]
        assert [c.p_adjusted for c in criteria] == pytest.approx(holm([c.p_value for c in criteria]))
        assert any(c.p_adjusted > c.p_value for c in criteria)
    assert all(c.p_adjusted is None for each in audit.controls for c in each.verdict.criteria)


def test_the_same_evidence_gives_the_same_audit():
    assert judged(CHECK, {"gradient": 0.1, **SOUND}) == judged(CHECK, {"gradient": 0.1, **SOUND})


levels = st.one_of(st.floats(-1, 1), st.sampled_from([np.nan, np.inf, 0.0, 1.0]))


@given(levels, levels, levels, levels, st.sampled_from(["pass", "fail"]), st.sampled_from(["error", "warning"]))
def test_exit_codes_hold_for_any_evidence(gradient, edge, shown, noise, gate, severity):
    similarities = {"gradient": gradient, "edge_detector": edge, "input": shown, "random_map": noise}
    audit = judged(CHECK, similarities, spec={"gate": {"inconclusive": gate}}, severity=severity)
    verdict = of(audit, "gradient")
    if not audit.valid:
        assert verdict.outcome != "pass" and audit.exit_code == 3
    if verdict.outcome == "pass":
        assert gradient <= 0.5 and edge > 0.3 and shown > 0.3 and noise <= 0.5
    if audit.exit_code == 0:
        assert verdict.outcome == "pass" and severity == "error"
    if not np.isfinite(gradient):
        assert verdict.outcome == "inconclusive" and audit.exit_code in (3, 4, 5)
    assert audit.sentence.endswith(".")
