"""Records to files: every format of a report, each written whole or not at all."""

import ctypes
import gc
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from pathlib import Path

from audit.errors import EnvironmentStop
from audit.record import Audit, Context, Gallery, record
from audit.report.formats.in_toto import statement
from audit.report.formats.junit import junit
from audit.report.formats.metrics_csv import metrics
from audit.report.formats.model_card import card
from audit.report.formats.sarif import sarif
from audit.report.formats.summary import summary
from audit.store.store import Store

_FILES = {
    "html": "report.html",
    "pdf": "report.pdf",
    "junit": "junit.xml",
    "card": "model_card.md",
    "metrics": "metrics.csv",
    "sarif": "results.sarif",
    "statement": "test-result.intoto.json",
    "summary": "summary.md",
}
FORMATS = tuple(_FILES)


@record
class Rendered:
    """What was written: ``paths`` by format, and ``notes`` on what was not, and why."""

    paths: Mapping[str, Path]
    notes: tuple[str, ...] = ()


Pictured = Callable[[], Gallery]
"""What makes the gallery when it is asked for: its maps are let go before the PDF is set, which needs the memory."""


@record
class Material:
    """What a report is made of."""

    audit: Audit
    gallery: Pictured | None = None
    source: bytes | None = None  # the spec as it was written, which the PDF encloses
    context: Context = field(default_factory=Context)  # the spec's place, and earlier runs


def render(material: Material, folder: Path, formats: Collection[str] = FORMATS) -> Rendered:
    """Write a report's files into ``folder``; a PDF that cannot be made is a note, everything else is still written.

    Files of formats that are not made are removed.

    Raises:
        ValueError: an unknown format.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise ValueError(f"unknown formats {unknown}; known are {list(FORMATS)}")
    contents, notes = _contents(material, formats)
    store = Store(folder=folder)
    withdraw(folder, set(_FILES) - set(contents))
    paths = {name: store.write(_FILES[name], content) for name, content in contents.items()}
    return Rendered(paths=paths, notes=tuple(notes))


def withdraw(folder: Path, formats: Collection[str] = FORMATS) -> None:
    """Remove a report's files of these formats from ``folder``: they show the verdicts of an earlier audit."""
    for name in formats:
        (folder / _FILES[name]).unlink(missing_ok=True)


def _contents(material: Material, formats: Collection[str]) -> tuple[dict[str, bytes], list[str]]:
    audit = material.audit
    contents: dict[str, bytes] = {}
    notes: list[str] = []
    if {"html", "pdf"} & set(formats):
        contents, notes = _pages(material, "pdf" in formats)
    plain = {
        "card": lambda: card(audit).encode(),
        "junit": lambda: junit(audit),
        "metrics": lambda: metrics(audit).encode(),
        "sarif": lambda: sarif(audit, material.context),
        "statement": lambda: statement(audit),
        "summary": lambda: summary(audit).encode(),
    }
    return {**contents, **{name: made() for name, made in plain.items() if name in formats}}, notes


def _pages(material: Material, with_pdf: bool) -> tuple[dict[str, bytes], list[str]]:
    """Return the HTML, and the PDF where it can be made; the HTML stands in where only a PDF was asked for."""
    from audit.report.formats.attachments import enclosed
    from audit.report.formats.pdf import pdf
    from audit.report.page.page import pages

    made = pages(material.audit, material.gallery() if material.gallery else None, context=material.context)
    contents = {"html": made.screen.encode()}
    if not with_pdf:
        return contents, []
    give_back_memory()
    try:
        contents["pdf"] = pdf(made.paper, enclosed(material.audit, material.source))
    except EnvironmentStop as stop:
        return contents, [str(stop)]
    return contents, []


def give_back_memory() -> None:
    """Return freed memory to the system: glibc keeps what thousands of small maps took, and setting a PDF needs it."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's alone
    if trim is not None:
        trim(0)
