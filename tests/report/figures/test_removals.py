"""The figures and tables of the checks that remove features, from made-up evidence."""

import base64
import csv
from dataclasses import replace
from io import StringIO
from typing import Any
from xml.etree import ElementTree

import pytest

from audit.checks.diff_roar import DiffRoar
from audit.checks.roar import Roar
from audit.record import Audit
from audit.report.figures import removals
from audit.report.formats.metrics_csv import metrics
from audit.report.page.page import page
from tests.checks.accuracies import evidence, facts, falling
from tests.report import examples
from tests.report.retrained import FULL, RATES, removal
from tests.report.retrained import removals as removed


def charts(audit: Audit) -> tuple[Any, ...]:
    shown = tuple(control.verdict for control in audit.controls)
    return removals.figures(audit.requirements[0], audit.verdicts, shown)


def test_curves_and_areas_are_drawn_and_described() -> None:
    curves, areas = charts(removed(FULL))
    for chart in (curves, areas):
        for picture in (chart.light, chart.dark):
            ElementTree.fromstring(base64.b64decode(picture.partition(",")[2]))
        assert chart.light != chart.dark and chart.caption
    for name in (*RATES, "bernoulli", "sobel", "blurred_random"):
        assert f"{name} from 0.95 to" in curves.alt
    assert "smoothgrad: 0.2" in areas.alt and "random_map" in areas.alt


def test_figures_are_the_same_each_time() -> None:
    assert charts(removed(FULL)) == charts(removed(FULL))


def test_other_checks_have_none() -> None:
    whole = examples.audit()
    assert removals.figures(whole.requirements[0], whole.verdicts, ()) == ()
    assert removals.columns(whole.requirements[0]).caption.startswith("Mean similarity")


@pytest.mark.parametrize("check", [FULL, DiffRoar(), Roar(fractions=(0.5,))])
def test_the_page_holds_every_number_of_the_curves(check: Any) -> None:
    audit = removed(check)
    html = page(audit)
    for each in audit.verdicts:
        for reference in each.references:
            for point in reference.curve:
                assert f"{point.similarity:.3f}" in html
    assert removals.columns(audit.requirements[0]).caption in html and "<caption>Mean accuracy on test" in html


def test_what_methods_share_is_shown_once() -> None:
    names = [name for name, _ in removals.curves(removed(FULL).verdicts, ())]
    assert len(names) == len(set(names))
    assert {"gradient", "gradient (method, masks alone)", "bernoulli", "bernoulli, not retrained"} <= set(names)


def test_a_verdict_without_a_decision_keeps_its_curve_and_has_no_area() -> None:
    undecided = FULL.judge(evidence(FULL, falling(0.9)), facts(accuracy=0.5))
    one = replace(removal(FULL, "gradient"), **vars(undecided))
    audit = replace(removed(FULL), verdicts=(one,), controls=())
    (curves,) = charts(audit)
    assert "gradient from 0.95" in curves.alt and "further apart" in page(audit)


def test_an_error_has_no_figure() -> None:
    failed = replace(removal(FULL, "gradient"), outcome="error", criteria=(), curve=(), references=())
    audit = replace(removed(FULL), verdicts=(failed,), controls=())
    assert charts(audit) == () and "No figure" in page(audit)


def test_hostile_text_is_drawn_as_text() -> None:
    hostile = examples.hostile(removed(FULL), "</svg><script>$\\frac$")
    assert "<script>$" not in page(hostile)


def test_the_csv_holds_the_curves() -> None:
    audit = removed(FULL)
    rows = [row for row in csv.DictReader(StringIO(metrics(audit))) if row["row"] == "accuracy"]
    expected = sum(len(r.curve) for v in (*audit.verdicts, audit.controls[0].verdict) for r in v.references)
    assert len(rows) == expected and {row["method"] for row in rows} == set(RATES)
    assert any(row["name"] == "blurred_random, 90 %" for row in rows)
