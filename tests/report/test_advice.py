"""What is advised follows from the verdicts alone, and nothing is called usable that was not shown to be."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import pytest

from audit.record import Audit, Outcome
from audit.report.advice import RULES, SHOWN, advise
from tests.report import examples

CASCADE, SINGLE, REPEAT = examples.CASCADE, examples.SINGLE, examples.REPEAT


OUTCOMES: tuple[Outcome, ...] = ("pass", "fail", "inconclusive", "error", "skipped")


def judged(outcomes: Mapping[str, Outcome], waived: str | None = None, **changes: object) -> Audit:
    """Return an audit of one method: two requirements that tell, and one that is a warning and does not."""
    whole = examples.audit()
    own = [verdict for verdict in whole.verdicts if verdict.method == "gradient" and verdict.requirement in outcomes]
    verdicts = tuple(
        replace(v, outcome=outcomes[v.requirement], waived="until 2027-01-31" if v.requirement == waived else None)
        for v in own
    )
    facts = replace(whole.facts, methods=tuple(m for m in whole.facts.methods if m.id == "gradient" or m.control))
    return examples.audit(verdicts=verdicts, facts=facts, **changes)


def advised(audit: Audit) -> str:
    """Return the advice on the only method."""
    (advice,) = advise(audit)
    return advice.use


@pytest.mark.parametrize(
    ("outcomes", "use"),
    [
        ({CASCADE: "pass", SINGLE: "pass", REPEAT: "pass"}, "usable"),
        ({CASCADE: "pass", SINGLE: "pass"}, "usable"),
        ({CASCADE: "pass", SINGLE: "inconclusive"}, "limits"),
        ({CASCADE: "pass", SINGLE: "skipped"}, "limits"),
        ({CASCADE: "pass", SINGLE: "pass", REPEAT: "fail"}, "limits"),
        ({CASCADE: "pass", SINGLE: "fail"}, "avoid"),
        ({CASCADE: "pass", SINGLE: "error"}, "avoid"),
        ({CASCADE: "inconclusive", SINGLE: "inconclusive", REPEAT: "pass"}, "avoid"),
        ({CASCADE: "skipped", SINGLE: "skipped", REPEAT: "pass"}, "avoid"),
        ({REPEAT: "pass"}, "avoid"),
        ({}, "avoid"),
    ],
)
def test_advice_follows_its_rule(outcomes: Mapping[str, Outcome], use: str) -> None:
    assert advised(judged(outcomes)) == use


def test_an_axiom_that_is_not_claimed_says_nothing_against_a_method() -> None:
    found = judged({CASCADE: "pass", SINGLE: "skipped"})
    unclaimed = tuple(replace(v, code="not-claimed") if v.outcome == "skipped" else v for v in found.verdicts)
    (advice,) = advise(replace(found, verdicts=unclaimed))
    assert (advice.use, advice.causes) == ("usable", ())
    assert advice.because == "Every requirement passes that asks for what it claims."


@pytest.mark.parametrize("outcomes", list(product(OUTCOMES, repeat=3)))
def test_usable_means_that_all_was_shown(outcomes: tuple[Outcome, ...]) -> None:
    found = dict(zip((CASCADE, SINGLE, REPEAT), outcomes, strict=True))
    gating = {found[CASCADE], found[SINGLE]}
    use = advised(judged(found))
    assert (use == "usable") == (set(outcomes) == {"pass"})
    assert use == "avoid" if gating & {"fail", "error"} else True
    assert advised(judged(found, invalid=(examples.FED_WRONGLY,))) == "avoid"


def test_waived_failure_is_a_limit_and_never_usable() -> None:
    assert advised(judged({CASCADE: "pass", SINGLE: "fail"}, waived=SINGLE)) == "limits"
    assert advised(judged({CASCADE: "fail", SINGLE: "inconclusive"}, waived=CASCADE)) == "avoid"


def test_nothing_is_usable_where_no_control_could_tell() -> None:
    outcomes: dict[str, Outcome] = {CASCADE: "pass", SINGLE: "pass"}
    undecided = [replace(c, verdict=replace(c.verdict, outcome="inconclusive")) for c in judged(outcomes).controls]
    assert advised(judged(outcomes, controls=())) == advised(judged(outcomes, controls=tuple(undecided))) == "avoid"


def test_a_requirement_that_an_edge_detector_passes_does_not_tell() -> None:
    outcomes: dict[str, Outcome] = {CASCADE: "inconclusive", REPEAT: "pass"}
    audit = judged(outcomes)
    gating = tuple(replace(verdict, severity="error") for verdict in audit.verdicts)
    random_map = next(c for c in audit.controls if c.method == "random_map")
    fails = replace(random_map.verdict, requirement=REPEAT, outcome="fail")
    control = replace(random_map, requirement=REPEAT, expected="fail", verdict=fails)
    passes = replace(control, method="edge_detector", expected="pass", verdict=replace(fails, outcome="pass"))
    assert advised(replace(audit, verdicts=gating, controls=(*audit.controls, control))) == "limits"
    assert advised(replace(audit, verdicts=gating, controls=(*audit.controls, control, passes))) == "avoid"


def test_each_advice_has_its_rule_its_words_and_its_causes() -> None:
    assert RULES.keys() == SHOWN.keys()
    for advice in advise(examples.audit()):
        unmet = [v for v in examples.audit().verdicts if v.method == advice.method.id and v.outcome != "pass"]
        assert sorted((v for cause in advice.causes for v in cause.verdicts), key=str) == sorted(unmet, key=str)
        assert advice.because[0].isupper() and advice.because.endswith(".")
