"""A pass needs controls that support it: none declared, none run, or the identity alone do not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import numpy as np
import pytest

from audit.checks.cascading_randomization import CascadingRandomization
from audit.checks.repeatability import Repeatability
from audit.judging.controls import blocked
from audit.record import Control, Outcome, Randomized, Verdict
from audit.registry import find, places
from audit.spec.spec import load_spec
from tests.audits import SOUND, judged
from tests.judging.test_verdicts import CHECK, NAME, failing, of

CASCADE, REPEAT = CascadingRandomization(seeds=2), Repeatability()
NONE: Mapping[str, Outcome] = MappingProxyType({})


@dataclass(frozen=True)
class Uncontrolled:
    """A check whose author declared no controls; else the check that it wraps."""

    of: CascadingRandomization | Repeatability
    judged: ClassVar[frozenset[str]] = frozenset()
    controls: ClassVar[Mapping[str, Outcome]] = NONE

    def __getattr__(self, name):
        return getattr(self.of, name)


def control(method: str, expected: Outcome, outcome: Outcome) -> Control:
    verdict = Verdict(
        requirement="own", check="own", method=method, severity="error", outcome=outcome, reason=f"It is {outcome}."
    )
    behaves = outcome not in ("pass", "fail") or outcome == expected
    return Control(requirement="own", method=method, expected=expected, verdict=verdict, behaves=behaves)


@pytest.mark.parametrize("check, found", [(CASCADE, 0.1), (REPEAT, 1.0)], ids=["identity alone", "none"])
def test_a_check_without_controls_passes_nothing_and_says_what_to_do(check, found):
    """With randomised parameters the identity is there and passes, which shows that nothing changed."""
    audit = judged(Uncontrolled(check), {"gradient": found}, name="own")
    assert [each.method for each in audit.controls] == ["identity"] * (check is CASCADE)
    assert all(each.verdict.outcome == "pass" for each in audit.controls)
    (verdict,) = audit.verdicts
    assert (verdict.outcome, audit.outcome, audit.exit_code) == ("inconclusive", "inconclusive", 4)
    assert "Declare controls for `own`: a method that must pass and one that must fail." in verdict.reason


def test_the_same_evidence_passes_with_controls():
    assert judged(CASCADE, {"gradient": 0.1, **SOUND}).exit_code == 0
    assert judged(REPEAT, {"gradient": 1.0, "edge_detector": 1.0, "input": 1.0, "random_map": 0.0}).exit_code == 0


def test_a_failure_needs_no_controls():
    audit = judged(Uncontrolled(CASCADE), {"gradient": 0.9}, name="own")
    assert (audit.verdicts[0].outcome, audit.exit_code) == ("fail", 1)


def test_controls_that_were_all_skipped_support_nothing_and_the_reason_says_why():
    name = "cascading_randomization"
    skipped = {(name, method): f"It has no use for {method}." for method in SOUND}
    verdict = judged(CASCADE, {"gradient": 0.1, **SOUND}, skipped=skipped).verdicts[0]
    assert verdict.outcome == "inconclusive"
    assert "edge_detector: It has no use for edge_detector." in verdict.reason


def test_controls_that_were_not_run_support_nothing():
    verdict = judged(CASCADE, {"gradient": 0.1}).verdicts[0]
    assert (verdict.outcome, verdict.code) == ("inconclusive", "control")
    assert "edge_detector: This control was not run." in verdict.reason


@pytest.mark.parametrize("missing", ["pass", "fail"])
def test_each_outcome_that_a_check_declares_must_be_shown(missing):
    decided = {"pass": control("random_map", "pass", "pass"), "fail": control("edge_detector", "fail", "fail")}
    assert blocked("own", CASCADE, tuple(decided.values())) is None
    silent = replace(decided[missing], verdict=replace(decided[missing].verdict, outcome="skipped"))
    found = blocked("own", CASCADE, tuple({**decided, missing: silent}.values()))
    assert found is not None and found.code == "control" and f"must {missing}" in found.text


def shown_by(audit, method):
    return next(each for each in audit.controls if each.method == method)


def unstable_identity(method, evidence):
    return [
        replace(each, scores={**each.scores, "similarity_absolute": each.scores["similarity_absolute"] - 1e-9})
        if method == "gradient" and isinstance(each.unit.condition, Randomized) and each.unit.condition.stage == 0
        else each
        for each in evidence
    ]


@pytest.mark.parametrize("method, similarity", [("edge_detector", 0.0), ("input", 0.1), ("random_map", 1.0)])
def test_a_control_that_contradicts_what_it_must_be_makes_the_audit_invalid(method, similarity):
    audit = judged(CHECK, {"gradient": 0.1, "guided_backprop": 0.9, **SOUND, method: similarity})
    assert not audit.valid and (audit.outcome, audit.exit_code) == ("invalid", 3)
    assert not shown_by(audit, method).behaves and method in audit.sentence
    assert of(audit, "gradient").outcome == "inconclusive" and method in of(audit, "gradient").reason
    assert of(audit, "guided_backprop").outcome == "fail"


def test_a_map_unlike_itself_makes_the_audit_invalid():
    audit = judged(CHECK, {"gradient": 0.1, "smoothgrad": 0.1, **SOUND}, change=unstable_identity)
    assert not audit.valid and not shown_by(audit, "identity").behaves
    assert "gradient" in shown_by(audit, "identity").verdict.reason
    assert of(audit, "smoothgrad").outcome == "inconclusive"


def test_there_is_no_identity_where_nothing_is_randomised():
    audit = judged(Repeatability(), {"gradient": 1.0, "edge_detector": 1.0, "input": 1.0, "random_map": 0.0})
    assert [c.method for c in audit.controls] == ["edge_detector", "input", "random_map"] and audit.exit_code == 0


@pytest.mark.parametrize("similarities", [{"edge_detector": np.nan}, {"random_map": np.nan}])
def test_an_inconclusive_control_is_valid_but_nothing_passes(similarities):
    audit = judged(CHECK, {"gradient": 0.1, "guided_backprop": 0.9, **SOUND, **similarities})
    assert audit.valid and of(audit, "gradient").outcome == "inconclusive"
    assert next(iter(similarities)) in of(audit, "gradient").reason
    assert of(audit, "guided_backprop").outcome == "fail"


@pytest.mark.parametrize("broken", ["random_map", "edge_detector"])
def test_a_control_in_error_is_valid_but_nothing_passes(broken):
    """Whether it alone could show the outcome that it must have, or another control shows it too."""
    audit = judged(CHECK, {"gradient": 0.1, **SOUND}, change=failing(broken))
    assert audit.valid and of(audit, "gradient").outcome == "inconclusive"
    assert shown_by(audit, broken).verdict.outcome == "error" and audit.exit_code == 4


def test_without_controls_nothing_passes():
    audit = judged(CHECK, {"gradient": 0.1})
    assert of(audit, "gradient").outcome == "inconclusive"
    assert [c.verdict.outcome for c in audit.controls[:3]] == ["skipped"] * 3


def test_a_control_that_does_not_apply_is_no_obstacle_while_another_shows_the_same():
    skipped = {(NAME, "edge_detector"): "Flat inputs have no edges."}
    assert judged(CHECK, {"gradient": 0.1, **SOUND}, skipped=skipped).exit_code == 0
    skipped = {(NAME, "random_map"): "It does not apply."}
    assert of(judged(CHECK, {"gradient": 0.1, **SOUND}, skipped=skipped), "gradient").outcome == "inconclusive"


def test_controls_of_one_requirement_say_nothing_of_their_name_alone():
    """A method of the user's own that bears a control's name is judged as a method."""
    audit = judged(CHECK, {"edge": 1.0, **SOUND})
    assert of(audit, "edge").outcome == "fail" and audit.valid


# --- The shipped checks and specs -------------------------------------------------------------------------------------

ONE_SIDED = {"adversarial_fragility", "batch_invariance", "input_stability", "precision"}
"""Shipped checks that no control must fail: there, controls show that a check can pass, not that it can fail."""


def controls_by_check() -> dict[str, Mapping[str, Outcome]]:
    return {name: find("checks", name).controls for name in places("checks")}


def test_no_pass_of_a_shipped_check_lacks_a_control_that_behaves():
    """With its controls as they must be, none is held back; with none of them run, each is."""
    held_back = set()
    for name, declared in controls_by_check().items():
        good = [control(method, expected, expected) for method, expected in declared.items()]
        silent = [replace(each, verdict=replace(each.verdict, outcome="skipped")) for each in good]
        assert blocked(name, find("checks", name), silent) is not None
        held_back |= {name} if blocked(name, find("checks", name), good) is not None else set()
    assert held_back == set()


def test_the_checks_that_no_control_must_fail_are_known_and_no_shipped_spec_gates_by_them(specs: Path):
    one_sided = {name for name, declared in controls_by_check().items() if "fail" not in declared.values()}
    assert one_sided == ONE_SIDED
    shipped = [load_spec(path) for folder in (specs, specs / "published") for path in sorted(folder.glob("*.yaml"))]
    required = {each.check_name for spec in shipped for each in spec.requirements}
    assert len(shipped) > 10 and len(required) > 5
    assert not required & one_sided and all(controls_by_check()[name] for name in required)
