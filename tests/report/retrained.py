"""Made-up audits of the checks that train networks: removed features, and permuted labels."""

from dataclasses import replace
from typing import Any

import numpy as np

from audit.checks.check import Check, recorded
from audit.checks.diff_roar import DiffRoar
from audit.checks.label_permutation import LabelPermutation
from audit.checks.roar import Roar
from audit.declare import as_json
from audit.judging.learning_curves import histories
from audit.record import Audit, Control, RequirementFacts, Verdict
from tests.checks import accuracies
from tests.checks.permutations import CHECK, FACTS, around, compared, trained
from tests.report import examples

RATES = {"gradient": 0.6, "smoothgrad": 0.9, "guided_backprop": 0.35, "random_map": 0.4}
FULL = Roar(mask_leak=True, without_retraining=True)
KEPT: dict[str, Any] = {"gradient": around(0.1), "smoothgrad": around(0.45), "guided_backprop": around(0.8)}


def removal(check: Any, method: str) -> Verdict:
    """Return the verdict of a check that removes features."""
    falling = accuracies.falling(RATES[method])
    judged = check.judge(accuracies.evidence(check, falling, spread=0.01), accuracies.facts())
    name = "diff_roar" if isinstance(check, DiffRoar) else "roar"
    return Verdict(requirement=name, check=name, method=method, severity="error", **vars(judged))


def removals(check: Check) -> Audit:
    """Return an audit of three methods and a control by one check that removes features."""
    verdicts = tuple(removal(check, method) for method in RATES)
    name = verdicts[0].check
    requirement = RequirementFacts(
        id=name,
        check=name,
        title="Remove and retrain",
        settings=as_json(check),
        severity="error",
        **recorded(type(check)),
    )
    control = Control(requirement=name, method="random_map", expected="fail", verdict=verdicts[-1], behaves=True)
    return examples.audit(requirements=(requirement,), verdicts=verdicts[:-1], controls=(control,))


def learned() -> list[Any]:
    """Return evidence of trainings that have a history."""
    found = []
    for each in trained():
        curve = np.linspace(0.1, 0.97, 4 if each.unit.condition.labels == "true" else 9)
        found.append(replace(each, scores={**each.scores, "accuracy": curve, "loss": 1 - curve}))
    return found


def permutation(method: str, **similarities: Any) -> Verdict:
    """Return the verdict of label permutation."""
    judged = CHECK.judge([*learned(), *compared(**similarities)], FACTS)
    name = "label_permutation"
    return Verdict(requirement=name, check=name, method=method, severity="error", **vars(judged))


def permutations(check: LabelPermutation = CHECK, **changes: Any) -> Audit:
    """Return an audit of three methods and a control by label permutation; ``changes`` replace fields of it."""
    verdicts = tuple(permutation(method, true=value, audited=value) for method, value in KEPT.items())
    ones = dict.fromkeys(("true", "audited", "ceiling", "floor"), 1.0)
    control = Control(
        requirement="label_permutation",
        method="edge_detector",
        expected="fail",
        verdict=permutation("edge_detector", **ones),
        behaves=True,
    )
    requirement = RequirementFacts(
        id="label_permutation",
        check="label_permutation",
        title="Label permutation",
        settings=as_json(check),
        severity="error",
        **recorded(LabelPermutation),
    )
    made = {
        "requirements": (requirement,),
        "verdicts": verdicts,
        "controls": (control,),
        "trainings": histories(learned()),
    }
    return examples.audit(**{**made, **changes})
