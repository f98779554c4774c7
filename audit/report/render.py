"""Records to files: every format of a report, each written whole or not at all."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from audit.errors import EnvironmentStop
from audit.record import Audit, Gallery, record
from audit.report.junit import junit
from audit.report.metrics import metrics
from audit.report.summary import summary

FORMATS = ("html", "pdf", "junit", "metrics", "summary")

_FILES = {
    "html": "report.html",
    "pdf": "report.pdf",
    "junit": "junit.xml",
    "metrics": "metrics.csv",
    "summary": "summary.md",
}


@record
class Rendered:
    """What was written: ``paths`` by format, and ``notes`` on what was not, and why."""

    paths: Mapping[str, Path]
    notes: tuple[str, ...] = ()


def render(
    audit: Audit,
    gallery: Gallery | None,
    folder: Path,
    formats: Collection[str] = FORMATS,
    source: bytes | None = None,
) -> Rendered:
    """Write a report's files into ``folder``; a PDF that cannot be made is a note, everything else is still written.

    ``source`` is the spec as it was written; the PDF encloses it.

    Raises:
        ValueError: an unknown format.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise ValueError(f"unknown formats {unknown}; known are {list(FORMATS)}")
    folder.mkdir(parents=True, exist_ok=True)
    contents, notes = _contents(audit, gallery, formats, source)
    paths = {name: _write(folder / _FILES[name], content) for name, content in contents.items()}
    return Rendered(paths=paths, notes=tuple(notes))


def _contents(
    audit: Audit, gallery: Gallery | None, formats: Collection[str], source: bytes | None
) -> tuple[dict[str, bytes], list[str]]:
    contents: dict[str, bytes] = {}
    notes: list[str] = []
    if {"html", "pdf"} & set(formats):
        contents, notes = _pages(audit, gallery, "pdf" in formats, source)
    if "junit" in formats:
        contents["junit"] = junit(audit)
    if "metrics" in formats:
        contents["metrics"] = metrics(audit).encode()
    if "summary" in formats:
        contents["summary"] = summary(audit).encode()
    return contents, notes


def _pages(
    audit: Audit, gallery: Gallery | None, with_pdf: bool, source: bytes | None
) -> tuple[dict[str, bytes], list[str]]:
    """Return the HTML, and the PDF where it can be made; the HTML stands in where only a PDF was asked for."""
    from audit.report.enclosed import enclosed
    from audit.report.page import page
    from audit.report.pdf import pdf

    html = page(audit, gallery)
    contents = {"html": html.encode()}
    if not with_pdf:
        return contents, []
    try:
        contents["pdf"] = pdf(html, enclosed(audit, source))
    except EnvironmentStop as stop:
        return contents, [str(stop)]
    return contents, []


def _write(path: Path, content: bytes) -> Path:
    """Write beside and rename: a reader sees the old file or the new one, never half of one."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path
