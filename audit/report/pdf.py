"""HTML to PDF: WeasyPrint, allowed to fetch nothing but ``data:`` URIs, and the same bytes for the same HTML."""

import hashlib
import os
from collections.abc import Generator
from contextlib import contextmanager

from audit.errors import EnvironmentStop

_INSTALL = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


def pdf(html: str) -> bytes:
    """Return the PDF of a report.

    Raises:
        EnvironmentStop: P101 where WeasyPrint or Pango is missing, P102 where the page asked for anything outside
            itself, P103 where WeasyPrint could not set the page.
    """
    try:
        import weasyprint
        from weasyprint.urls import FatalURLFetchingError, URLFetcher
    except (ImportError, OSError) as error:  # OSError: the Python package is there, Pango is not
        raise EnvironmentStop(
            "P101", "no PDF: WeasyPrint or Pango is missing", received=_first_line(error), fix=_INSTALL
        ) from error
    # An instance of the class, never a function: only the class can refuse redirects and fail as a whole.
    fetcher = URLFetcher(allowed_protocols=("data",), allow_redirects=False, fail_on_errors=True)
    identifier = hashlib.sha256(html.encode()).hexdigest()[:32].encode()
    try:
        with _fixed_clock():
            page = weasyprint.HTML(string=html, url_fetcher=fetcher, base_url=None)
            return page.write_pdf(pdf_identifier=identifier, pdf_tags=True) or b""
    except FatalURLFetchingError as error:  # a BaseException: ``except Exception`` would let it through
        raise EnvironmentStop("P102", "no PDF: the page asked for something outside itself") from error
    except Exception as error:
        raise EnvironmentStop("P103", "no PDF: the page could not be set", received=_first_line(error)) from error


@contextmanager
def _fixed_clock() -> Generator[None, None, None]:
    """Give the embedded fonts a fixed date: fontTools otherwise writes the present time into them."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
