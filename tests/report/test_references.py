"""Curves that stand beside a judged one: in the figure, in the table of numbers and in the CSV, never as accuracies."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.cascading_randomization import CascadingRandomization
from audit.checks.check import recorded
from audit.record import RequirementFacts
from audit.report import words
from audit.report.figures import curves, removals
from audit.report.formats.metrics_csv import metrics
from audit.report.page.page import page
from tests.audits import SOUND, judged

CHECK = CascadingRandomization(batch_norm=("keep", "reset"), target="rechosen", seeds=2)


def scores(condition):
    return np.full(30, 0.1 if condition.batch_norm == "keep" else 0.8)


def audit():
    found = judged(CHECK, {**SOUND, "gradient": scores})
    settings = {"target": "rechosen", "sign": "absolute"}
    requirement = RequirementFacts(
        id="cascading_randomization",
        check="cascading_randomization",
        title="Cascade",
        settings=settings,
        severity="error",
        **recorded(CascadingRandomization),
    )
    data = replace(found.facts.data, labels=(0,) * 30)
    return replace(found, requirements=(requirement,), facts=replace(found.facts, data=data))


def test_the_other_treatment_is_drawn_in_its_methods_colour_and_not_judged():
    found = audit()
    drawn = curves.plot(found.verdicts, [], "stages")
    own, beside = drawn.lines
    assert (own.name, beside.name) == ("gradient", "gradient, reset") and own.index == beside.index
    assert own.judged and not beside.judged
    assert [point.similarity for point in beside.points[1:]] == pytest.approx([0.8] * 3)
    assert found.verdicts[0].outcome == "pass"


def test_it_is_no_accuracy():
    found = audit()
    assert removals.figures(found.requirements[0], found.verdicts, []) == ()
    assert removals.curves(found.verdicts, []) == ()
    rows = [row for row in metrics(found).splitlines() if "batch_norm: reset" in row and ",gradient," in row]
    assert len(rows) == 4 and all(row.startswith("reference,") for row in rows)


def test_the_page_lists_it_and_says_which_class_is_explained():
    text = page(audit())
    assert text.count("gradient, batch_norm: reset") == 4
    assert "under Cascade the class that the re-drawn model predicts" in text


def test_a_fixed_class_is_said_to_be_fixed():
    found = audit()
    fixed = replace(found.requirements[0], settings={"target": "fixed"})
    assert words.explained_class(replace(found, requirements=(fixed,))).endswith("kept when parameters are re-drawn")
