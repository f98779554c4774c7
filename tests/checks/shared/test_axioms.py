"""How an axiom's verdict follows from the networks on which it was tested: made-up scores, no framework."""

import numpy as np
import pytest

from audit.checks.check import Measurement
from audit.checks.shared import axioms
from audit.checks.shared.axioms import AUDITED, Axiom
from audit.errors import InputError
from audit.record import Evidence, Probed, Unit

NETWORKS = axioms.conditions({"one": "network one", "two": "network two", AUDITED: AUDITED})
AXIOM = Axiom(score="gap", at_most=0.05, quantity="it misses by", undefined="have no gap", undefined_at_most=0.1)


def judgement(*scores):
    """Judge scores (n,), or notes, of network one, network two and the audited one."""
    found = []
    for (condition, _), given in zip(NETWORKS, scores, strict=True):
        unit = Unit(check="c", settings={}, method={"name": "m"}, condition=condition, world="w")
        note, known = (given, {}) if isinstance(given, str) else (None, {"gap": np.broadcast_to(given, 12)})
        found.append(Evidence(unit=unit, status="done", scores=known, note=note))
    return axioms.judge(AXIOM, found, NETWORKS)


@pytest.mark.parametrize(
    ("scores", "outcome"),
    [
        ((0.0, 0.01, 0.0), "pass"),
        ((0.0, 0.2, 0.0), "fail"),
        ((0.0, 0.0, 0.2), "fail"),
        ((0.2, 0.2, np.nan), "fail"),
        ((0.0, 0.0, np.nan), "inconclusive"),
        ((0.0, np.linspace(0, 0.1, 12), 0.0), "inconclusive"),
    ],
)
def test_the_worst_network_decides(scores, outcome):
    assert judgement(*scores).outcome == outcome


def test_the_sentence_is_about_the_audited_network_or_the_worst():
    assert judgement(0.0, 0.3, 0.2).reason == (
        "On the audited network, it misses by 0.20 [0.20, 0.20] on average over inputs; at most 0.05 is allowed. "
        "It is broken on network two too."
    )
    assert judgement(0.2, 0.3, 0.0).reason.startswith("On network two, it misses by 0.30")


def test_what_does_not_apply_is_left_out_with_its_reason():
    found = judgement("there is no convolution [T010]", "there is no convolution [T010]", 0.0)
    assert found.outcome == "pass" and [point.label for point in found.curve] == [AUDITED]
    assert found.reason.endswith("Not judged on network one, network two: there is no convolution [T010].")
    nothing = judgement("a", "a", "a")
    assert nothing.outcome == "inconclusive" and nothing.reason.startswith("No network could be judged.")


def test_a_closed_form_network_that_shows_nothing_is_left_out_and_the_audited_one_is_not():
    found = judgement(np.nan, 0.0, 0.0)
    assert found.outcome == "pass" and "Not judged on network one: all inputs have no gap." in found.reason
    partly = judgement(np.r_[[np.nan] * 3, np.zeros(9)], 0.0, 0.0)
    assert partly.outcome == "inconclusive" and "On network one, 3 of 12 inputs have no gap" in partly.reason


def test_scores_by_input_are_those_of_the_audited_network():
    scores = np.linspace(0, 0.01, 12)
    assert judgement(0.0, 0.0, scores).per_input == tuple(scores)
    assert judgement(0.0, 0.0, "not built").per_input == ()


def test_a_refusal_is_a_note_and_any_other_fault_is_not():
    def refuse(probed: Probed) -> dict[str, np.ndarray]:
        raise InputError("T010", "it does not apply")

    assert axioms.measured(Probed(name="one"), refuse) == Measurement(scores={}, note="it does not apply [T010]")
    with pytest.raises(ZeroDivisionError):
        axioms.measured(Probed(name="one"), lambda probed: {"gap": np.zeros(1 // 0)})


def test_missing_evidence_is_an_error():
    assert axioms.judge(AXIOM, [], NETWORKS).outcome == "error"
