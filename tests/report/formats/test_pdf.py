"""The PDF keeps what PDF/A-3a promises, encloses its files, fetches nothing and is the same each time."""

import logging
import re
import zlib
from collections.abc import Iterator

import pytest

from audit.errors import EnvironmentStop
from audit.report.formats.attachments import enclosed
from audit.report.formats.pdf import pdf
from audit.report.page.page import pages
from tests.report import examples

PAGE = "<html lang='en'><head><title>t</title></head><body><h1>One heading</h1><p>Some text.</p></body></html>"
FILES = {
    "results.json": "Data",
    "metrics.csv": "Data",
    "spec.resolved.json": "Source",
    "spec.source.yaml": "Source",
    "provenance.json": "Supplement",
}


class Heard(logging.Handler):
    """Keeps what WeasyPrint says."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(scope="module")
def heard() -> Iterator[Heard]:
    handler, logger = Heard(), logging.getLogger("weasyprint")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


@pytest.fixture(scope="module")
def made(heard: Heard) -> bytes:
    """The report of a small audit, with every file that a run encloses."""
    audit = examples.small()
    return pdf(pages(audit, examples.gallery(1, 8)).paper, enclosed(audit, b"version: 1\n"))


@pytest.fixture(scope="module")
def objects(made: bytes) -> str:
    return inside(made)


def inside(made: bytes) -> str:
    """Return every dictionary and stream of a file, inflated."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", made, re.DOTALL)
    return "\n".join(part.decode("latin-1") for part in (made, *map(inflated, streams)))


def inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream


def test_the_metadata_claim_part_3_conformance_a(objects: str) -> None:
    assert re.search(r"<[\w:]*part>3</|part=\"3\"", objects)
    assert re.search(r"<[\w:]*conformance>A</|conformance=\"A\"", objects)
    assert "http://www.aiim.org/pdfa/ns/id/" in objects


def test_the_structure_for_screen_readers_is_there(objects: str) -> None:
    assert re.search(r"/MarkInfo\s*<<\s*/Marked true", objects)
    assert re.search(r"/StructTreeRoot \d+ 0 R", objects) and "/Lang (en" in objects
    kinds = set(re.findall(r"/S /(\w+)", objects))
    assert {"H1", "P", "Table", "TR", "TH", "TD", "Figure"} <= kinds
    assert len(re.findall(r"/Alt ", objects)) >= len(re.findall(r"/S /Figure\b", objects)) > 0


def test_colours_have_an_output_intent(objects: str) -> None:
    assert re.search(r"/OutputIntents \[", objects)
    assert "/GTS_PDFA1" in objects and "/DestOutputProfile" in objects


def test_every_file_is_enclosed_once_with_its_relationship(objects: str) -> None:
    found = re.findall(r"/Type /Filespec.*?/UF \(([^)]*)\).*?/AFRelationship /(\w+)>>", objects)
    assert sorted(found) == sorted(FILES.items())
    associated = re.search(r"/AF \[([^\]]*)\]", objects)
    assert associated is not None
    references = re.findall(r"\d+ 0 R", associated[1])
    assert len(references) == len(set(references)) == len(FILES)


def test_the_report_is_set_without_a_complaint(made: bytes, heard: Heard) -> None:
    assert made.startswith(b"%PDF-")
    assert [each.getMessage() for each in heard.records if each.levelno >= logging.WARNING] == []
    pdf("<html><head><style>p { colour: red }</style></head><body><p>x</p></body></html>")
    assert any("colour" in each.getMessage() for each in heard.records)  # so a complaint would have been heard


@pytest.mark.parametrize("address", ["https://example.invalid/x.png", "file:///etc/hostname", "ftp://a.invalid/x"])
def test_an_address_is_refused_and_named(address: str) -> None:
    with pytest.raises(EnvironmentStop) as stop:
        pdf(f"<html><body><img src='{address}' alt='x'></body></html>")
    assert stop.value.code == "P102" and address[:8] in str(stop.value)


def test_bytes_are_the_same_twice_and_at_a_given_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    undated = pdf(PAGE)
    assert undated == pdf(PAGE)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    dated = pdf(PAGE)
    assert dated == pdf(PAGE) != undated
    assert "2023-11-14T22:13:20Z" in inside(dated) and "2023-11-14" not in inside(undated)


@pytest.mark.parametrize("value", ["", "yesterday", "1.5", "9" * 30])
def test_a_time_that_is_none_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    with pytest.raises(EnvironmentStop) as stop:
        pdf(PAGE)
    assert stop.value.code == "P140"
