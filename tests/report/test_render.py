"""Files are whole, the PDF is the same each time and fetches nothing, and a missing PDF stops nothing else."""

import builtins
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from audit.errors import EnvironmentStop
from audit.report.formats.pdf import pdf
from audit.report.page.page import page
from audit.report.render import FORMATS, Material, render
from tests.report import examples

_PDF = """
import sys
from pathlib import Path
from audit.report.formats.pdf import pdf
sys.stdout.buffer.write(pdf(Path(sys.argv[1]).read_text("utf-8")))
"""

_LOADED = """
import sys
import audit.report.page.gallery, audit.report.page.page, audit.report.render
sys.exit(bool({"keras", "tensorflow", "jax", "matplotlib", "weasyprint"} & set(sys.modules)))
"""


def test_every_format_is_written_and_nothing_else(tmp_path: Path) -> None:
    rendered = render(Material(audit=examples.small(), gallery=lambda: examples.gallery(1, 8)), tmp_path)
    assert rendered.notes == ()
    assert set(rendered.paths) == set(FORMATS)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in rendered.paths.values()}
    assert rendered.paths["pdf"].read_bytes().startswith(b"%PDF-")


def test_only_the_asked_formats_are_written(tmp_path: Path) -> None:
    assert set(render(Material(audit=examples.audit()), tmp_path, ["junit", "summary"]).paths) == {"junit", "summary"}
    with pytest.raises(ValueError, match="unknown formats"):
        render(Material(audit=examples.audit()), tmp_path, ["docx"])


def test_a_file_that_an_earlier_audit_left_does_not_stay_beside_a_new_one(tmp_path: Path) -> None:
    for name in ("report.pdf", "junit.xml", "results.json"):
        (tmp_path / name).write_text("an earlier one")
    render(Material(audit=examples.audit()), tmp_path, ["summary"])
    assert {path.name for path in tmp_path.iterdir()} == {"results.json", "summary.md"}


def test_pdf_is_the_same_in_two_fresh_processes(tmp_path: Path, repository: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(page(examples.small(), examples.gallery(1, 8)), "utf-8")
    first, second = (
        subprocess.run([sys.executable, "-c", _PDF, file], cwd=repository, capture_output=True, check=True).stdout
        for _ in range(2)
    )
    assert first == second
    assert first.startswith(b"%PDF-")


def test_without_weasyprint_the_page_is_written_and_a_note_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: object, **named: object) -> object:
        if name.startswith("weasyprint"):
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)
    rendered = render(Material(audit=examples.audit()), tmp_path)
    assert "pdf" not in rendered.paths and rendered.paths["html"].is_file()
    (note,) = rendered.notes
    assert "P101" in note and "libpango" in note and "apt-get install" in note


class _Counting(BaseHTTPRequestHandler):
    hits = 0

    def do_GET(self) -> None:
        type(self).hits += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.mark.parametrize(
    "element",
    [
        '<img src="{}">',
        '<link rel="stylesheet" href="{}">',
        '<link rel="attachment" href="{}">',
        '<a rel="attachment" href="{}">x</a>',
        "<style>body {{ background: url({}) }}</style>",
        "<style>@import url({});</style>",
        "<style>@font-face {{ font-family: x; src: url({}) }} body {{ font-family: x }}</style>",
        '<object data="{}"></object>',
        '<svg><image href="{}" width="9" height="9"/></svg>',
    ],
)
def test_pdf_fetches_nothing(element: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    server = HTTPServer(("127.0.0.1", 0), _Counting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _Counting.hits = 0
    try:
        for address in (f"http://127.0.0.1:{server.server_port}/x", secret.as_uri()):
            try:
                made = pdf(f"<html><body>{element.format(address)}</body></html>")
            except EnvironmentStop as stop:
                made = b""
                assert stop.code == "P102"
            assert b"EmbeddedFile" not in made
    finally:
        server.shutdown()
    assert _Counting.hits == 0


def test_report_needs_no_framework(repository: Path) -> None:
    assert subprocess.run([sys.executable, "-c", _LOADED], cwd=repository).returncode == 0
