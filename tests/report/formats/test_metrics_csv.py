"""metrics.csv holds every point, criterion and quantile, and no cell is a formula."""

import csv
from dataclasses import replace
from io import StringIO

import pytest

from audit.report.formats.metrics_csv import COLUMNS, metrics
from tests.report import examples


def test_metrics_has_a_row_for_every_point_and_criterion() -> None:
    audit = examples.audit()
    rows = list(csv.DictReader(StringIO(metrics(audit))))
    verdicts = [*audit.verdicts, *(control.verdict for control in audit.controls)]
    assert sum(row["row"] == "point" for row in rows) == sum(len(verdict.curve) for verdict in verdicts)
    assert sum(row["row"] == "criterion" for row in rows) == sum(len(verdict.criteria) for verdict in verdicts)
    assert not any(row["row"] == "quantile" for row in rows)
    assert {(row["requirement"], row["method"]) for row in rows} == {(v.requirement, v.method) for v in verdicts}


def test_metrics_has_the_quantiles_over_inputs() -> None:
    verdict = replace(examples.audit().verdicts[0], per_input=(0.0, None, 0.5, 1.0))
    rows = csv.DictReader(StringIO(metrics(examples.audit(verdicts=(verdict,), controls=()))))
    found = {row["name"]: float(row["excess"]) for row in rows if row["row"] == "quantile"}
    assert found["50% of inputs"] == 0.5 and found["25% of inputs"] == 0.25 and len(found) == 5


def test_metrics_keeps_every_digit_and_leaves_the_missing_empty() -> None:
    verdict = examples.audit().verdicts[0]
    odd = replace(verdict.curve[0], similarity=1 / 3, null=None, excess=float("nan"), interval=None)
    audit = examples.audit(verdicts=(replace(verdict, curve=(odd,), criteria=()),), controls=())
    (row,) = csv.DictReader(StringIO(metrics(audit)))
    assert float(row["similarity"]) == 1 / 3
    assert (row["null"], row["excess"], row["low"], row["high"]) == ("", "", "", "")


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_a_formula(start: str) -> None:
    verdict = replace(examples.audit().verdicts[0], method=start, requirement=start, waived=start)
    audit = examples.audit(verdicts=(verdict,), controls=())
    for row in csv.DictReader(StringIO(metrics(audit))):
        texts = [row[name] for name in COLUMNS[:10]]
        assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
