"""How networks learned, and each method between its floor and its ceiling: drawn, described, and stated in tables."""

import base64
import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from audit.checks.label_permutation import LabelPermutation
from audit.judging.learning_curves import histories
from audit.record import Audit
from audit.report.figures import charts, learning_curves
from audit.report.page.page import page
from tests.checks.permutations import compared
from tests.report.retrained import KEPT, learned, permutation, permutations


def figures(audit: Audit) -> tuple[Any, ...]:
    facts, controls = audit.requirements[0], [control.verdict for control in audit.controls]
    return charts.figures(facts, audit.verdicts, controls, learning_curves.trainings(audit, facts))


def test_histories_hold_every_training_by_labels_and_seed() -> None:
    found = histories([*learned()[::-1], *compared()])
    assert [(each.labels, each.seed) for each in found] == [(k, j) for k in ("true", "permuted") for j in range(3)]
    assert len(found[0].accuracy) == 4 and len(found[3].loss) == 9 and found[3].accuracy[-1] == pytest.approx(0.97)
    assert (found[0].train_accuracy, found[0].test_accuracy) == (0.97, 0.98)


def test_what_is_not_finite_or_failed_is_none_and_can_be_written() -> None:
    broken, failed = learned()[:2]
    broken = replace(
        broken, scores={**broken.scores, "accuracy": np.array([0.5, np.nan]), "test_accuracy": np.array([np.inf])}
    )
    failed = replace(failed, status="failed", scores={}, error="[R811] the training diverged")
    first, second = histories([broken, failed])
    assert first.accuracy == (0.5, None) and first.test_accuracy is None
    assert (second.accuracy, second.train_accuracy, second.error) == ((), None, "[R811] the training diverged")
    json.dumps([vars(first), vars(second)], allow_nan=False)


def test_pairs_and_trainings_are_drawn_and_described() -> None:
    pairs, learning = figures(permutations())
    for figure in (pairs, learning):
        for picture in (figure.light, figure.dark):
            ElementTree.fromstring(base64.b64decode(picture.partition(",")[2]))
        assert figure.light != figure.dark
    for method in (*KEPT, "edge_detector"):
        assert method in pairs.alt
    assert "0.60 true against true labels" in pairs.alt and "0.30 untrained against untrained" in pairs.alt
    assert "permuted labels, seed 2: 0.97 after 9 epochs, test 0.10" in learning.alt


def test_figures_are_the_same_each_time() -> None:
    assert figures(permutations()) == figures(permutations())


def test_a_requirement_shows_its_own_seeds_only() -> None:
    audit = permutations(LabelPermutation(seeds=2))
    assert {each.seed for each in learning_curves.trainings(audit, audit.requirements[0])} == {0, 1}
    other = replace(audit.requirements[0], figures=("curves",))
    assert learning_curves.trainings(audit, other) == () == charts.figures(other, (), (), audit.trainings)


def test_every_number_of_the_figures_stands_in_a_table() -> None:
    text = page(permutations())
    assert "Every training" in text and text.count("untrained against untrained") >= len(KEPT) + 1
    for value in np.linspace(0.1, 0.97, 9):
        assert f"{value:.3f}" in text


def test_missing_numbers_leave_gaps_not_errors() -> None:
    undefined = (
        permutation("gradient", true=np.nan, audited=np.nan),
        permutation("smoothgrad", ceiling=np.nan, floor=np.nan),
    )
    failed = replace(learned()[0], status="failed", scores={}, error="it diverged")
    audit = permutations(verdicts=undefined, trainings=histories([failed]))
    assert len(figures(audit)) == 1  # of trainings nothing is left to draw
    assert "it diverged" in page(audit)
    nothing = permutations(verdicts=undefined[:1], controls=(), trainings=())
    assert "untrained against untrained" in page(nothing)
    assert "No figure" in page(permutations(verdicts=(replace(undefined[0], curve=()),), controls=(), trainings=()))


def test_hostile_texts_are_written_as_they_are() -> None:
    nasty = "$x$<script>\u202e"
    (pairs, _) = figures(permutations(verdicts=(replace(permutation("gradient"), method=nasty),)))
    ElementTree.fromstring(base64.b64decode(pairs.light.partition(",")[2]))
    failed = replace(learned()[0], status="failed", scores={}, error=nasty)
    text = page(permutations(trainings=histories([failed])))
    assert text.count("<script>") == 1 and "&lt;script&gt;\\u202e" in text  # the page's own
