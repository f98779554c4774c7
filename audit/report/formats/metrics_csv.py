"""metrics.csv: a row for each point of a curve, each criterion and each quantile over inputs, for a spreadsheet."""

import csv
from collections.abc import Iterator
from io import StringIO

from audit.record import Audit, Criterion, Point, Verdict
from audit.report.figures.stages import QUANTILES, quantiles
from audit.report.words import clean, finite, kind_of

_PLACE = ("row", "requirement", "check", "method", "control", "outcome", "severity", "waived", "position", "name")
_POINT = ("similarity", "null", "null_noise", "null_shuffled", "excess", "low", "high", "undefined", "total", "counts")
_CRITERION = ("statistic", "relation", "threshold", "p_value", "p_adjusted", "criterion_outcome")
COLUMNS: tuple[str, ...] = (*_PLACE, *_POINT, *_CRITERION)

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Row = dict[str, object]


_REFERENCES = {"accuracy": "accuracy", "similarity": "reference"}


def metrics(audit: Audit) -> str:
    """Return the table as CSV; a number that does not exist is an empty cell."""
    text = StringIO()
    table = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    for row in _rows(audit):
        table.writerow({name: _cell(value) for name, value in row.items()})
    return text.getvalue()


def _rows(audit: Audit) -> Iterator[Row]:
    judged = [(verdict, False) for verdict in audit.verdicts]
    judged += [(control.verdict, True) for control in audit.controls]
    for verdict, control in judged:
        place = _place(audit, verdict, control)
        for position, criterion in enumerate(verdict.criteria):
            yield {**place, "row": "criterion", "position": position, **_criterion(criterion)}
        for position, point in enumerate(verdict.curve):
            yield {**place, "row": "point", "position": position, **_point(point)}
        for reference in verdict.references:
            for position, point in enumerate(reference.curve):
                name = f"{reference.name}, {point.label}"
                row = {"row": _REFERENCES[reference.quantity], "position": position}
                yield {**place, **row, **_point(point), "name": name}
        for position, (share, value) in enumerate(zip(QUANTILES, quantiles(verdict), strict=False)):
            yield {**place, "row": "quantile", "position": position, "name": f"{share:.0%} of inputs", "excess": value}
        if not verdict.criteria and not verdict.curve:
            yield {**place, "row": "verdict", "name": verdict.reason}


def _place(audit: Audit, verdict: Verdict, control: bool) -> Row:
    return {
        "requirement": verdict.requirement,
        "check": verdict.check,
        "method": verdict.method,
        "control": "yes" if control else "no",
        "outcome": verdict.outcome if control else kind_of(audit, verdict),
        "severity": verdict.severity,
        "waived": verdict.waived or "",
    }


def _point(point: Point) -> Row:
    low, high = point.interval or (None, None)
    numbers = {"similarity": point.similarity, "null": point.null, "excess": point.excess, "low": low, "high": high}
    nulls = {"null_noise": point.noise, "null_shuffled": point.shuffled}
    size = {"undefined": point.undefined, "total": point.total, "counts": "yes" if point.counts else "no"}
    return {"name": point.label, **numbers, **nulls, **size}


def _criterion(criterion: Criterion) -> Row:
    low, high = criterion.interval or (None, None)
    return {
        "name": criterion.name,
        "statistic": criterion.statistic,
        "low": low,
        "high": high,
        "relation": criterion.relation,
        "threshold": criterion.threshold,
        "p_value": criterion.p_value,
        "p_adjusted": criterion.p_adjusted,
        "criterion_outcome": criterion.outcome,
    }


def _cell(value: object) -> str:
    """Return a cell; a text that a spreadsheet would run as a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(float(value)) if finite(value) else ""
    text = clean(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
