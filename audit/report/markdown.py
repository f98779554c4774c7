"""Markdown for the summary, the model card and a comparison: escaped text, badges and the matrix of verdicts."""

import re
from collections.abc import Iterator

from audit.record import Audit, MethodFacts, RequirementFacts, Verdict
from audit.report.words import DASH, Standing, cell, gates, kind_of, measured, methods, note, shorten, standing

_MARKS = re.compile(r"[\\`*#|~$]|(?<!\w)_|_(?!\w)|(?<=\])\(|:(?=//)|(?<=www)\.|^[-+=:]|(?<=^\d)[.)]", re.IGNORECASE)
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"})


def escaped(text: object, longest: int) -> str:
    """Return a text on one line that Markdown shows as it is: no link, no table cell, no HTML, no mention."""
    return _MARKS.sub(r"\\\g<0>", shorten(text, longest)).translate(_ENTITIES)


def badge(shown: Standing) -> str:
    """Return an outcome's symbol and word."""
    return f"{shown.symbol} **{shown.word}**"


def matrix(audit: Audit) -> Iterator[str]:
    """Yield the lines of a table of methods by requirements."""
    yield "| Method | " + " | ".join(escaped(r.title, 60) for r in audit.requirements) + " |"
    yield "| --- |" + " --- |" * len(audit.requirements)
    for method in methods(audit):
        yield f"| {escaped(method.id, 60)} | " + " | ".join(_cell(audit, r, method) for r in audit.requirements) + " |"


def _cell(audit: Audit, requirement: RequirementFacts, method: MethodFacts) -> str:
    verdict = cell(audit, requirement, method)
    if verdict is None:
        return f"{DASH} not required"
    numbers = [escaped(measured(criterion), 80) for criterion in verdict.criteria[:2]]
    return "<br>".join([badge(standing(kind_of(audit, verdict))), *numbers, *_note(verdict)])


def _note(verdict: Verdict) -> list[str]:
    return [escaped(note(verdict), 80)] if not gates(verdict) else []
