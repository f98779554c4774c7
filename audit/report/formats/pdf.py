"""HTML to PDF/A-3a: WeasyPrint, allowed to fetch nothing but ``data:`` URIs; same input, same bytes.

The report states no time of its own, for results have none. Where SOURCE_DATE_EPOCH is set, that is the document's
date; where it is not, the document has no date, and what the format obliges to have one (fonts, enclosed files) has the
start of 1970.
"""

import hashlib
import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from audit.errors import EnvironmentStop
from audit.report.formats.attachments import Enclosed

VARIANT = "pdf/a-3a"
"""Archival (a), with arbitrary enclosed files (3) and with the structure that screen readers need (a)."""

_INSTALL = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
_CLOCK = "SOURCE_DATE_EPOCH"


def pdf(html: str, files: Sequence[Enclosed] = ()) -> bytes:
    """Return the PDF/A-3a of a report with ``files`` inside.

    Raises:
        EnvironmentStop: P101 where WeasyPrint or Pango is missing, P102 where the page asked for anything outside
            itself, P103 where WeasyPrint could not set the page, P140 where SOURCE_DATE_EPOCH is no time.
    """
    moment = _moment()
    try:
        import weasyprint
        from weasyprint.urls import FatalURLFetchingError, URLFetcher
    except (ImportError, OSError) as error:  # OSError: the Python package is there, Pango is not
        raise EnvironmentStop(
            "P101", "no PDF: WeasyPrint or Pango is missing", received=_first_line(error), fix=_INSTALL
        ) from error
    # An instance of the class, never a function: only the class can refuse redirects and fail as a whole.
    fetcher = URLFetcher(allowed_protocols=("data",), allow_redirects=False, fail_on_errors=True)
    options: dict[str, Any] = {"pdf_variant": VARIANT, "pdf_tags": True, "pdf_identifier": _identifier(html, files)}
    try:
        with _fixed_clock(moment):
            document = weasyprint.HTML(string=html, url_fetcher=fetcher, base_url=None).render(**options)
            _dated(document.metadata, moment)
            document.metadata.attachments += [_attachment(file, fetcher, moment) for file in files]
            return document.write_pdf(finisher=_finisher(files), **options) or b""
    except FatalURLFetchingError as error:  # a BaseException: ``except Exception`` would let it through
        raise EnvironmentStop(
            "P102", "no PDF: the page refers to an external resource", received=_first_line(error)
        ) from error
    except Exception as error:
        raise EnvironmentStop(
            "P103", "no PDF: WeasyPrint could not render the page", received=_first_line(error)
        ) from error


def _identifier(html: str, files: Sequence[Enclosed]) -> bytes:
    whole = hashlib.sha256(html.encode())
    for file in files:
        whole.update(hashlib.sha256(file.content).digest())
    return whole.hexdigest()[:32].encode()


def _moment() -> datetime | None:
    """Return the time of SOURCE_DATE_EPOCH, None where it is not set."""
    given = os.environ.get(_CLOCK)
    if given is None:
        return None
    try:
        return datetime.fromtimestamp(int(given), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise EnvironmentStop(
            "P140",
            f"no PDF: {_CLOCK} is not a valid time",
            expected="whole seconds since 1970-01-01 UTC",
            received=given[:60],
            fix=f"unset {_CLOCK}, or set it to a number of seconds",
        ) from error


def _dated(metadata: Any, moment: datetime | None) -> None:
    if moment is not None:
        metadata.created = metadata.modified = moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _attachment(file: Enclosed, fetcher: Any, moment: datetime | None) -> Any:
    from weasyprint import Attachment

    date = moment or datetime.fromtimestamp(0, UTC)
    return Attachment(
        string=file.content,
        name=file.name,
        description=file.description,
        url_fetcher=fetcher,
        relationship=file.relationship,
        created=date,
        modified=date,
    )


def _finisher(files: Sequence[Enclosed]) -> Callable[[Any, Any], None]:
    """Return a hook for WeasyPrint, which lists each enclosed file twice and guesses types by the machine's table."""
    kinds = {file.name: "/" + file.kind.replace("/", "#2f") for file in files}

    def finish(document: Any, pdf: Any) -> None:
        if "AF" in pdf.catalog:
            pdf.catalog["AF"][:] = list(dict.fromkeys(pdf.catalog["AF"]))
        for each in pdf.objects:
            if isinstance(each, dict) and each.get("Type") == "/Filespec":
                stream = pdf.objects[int(each["EF"]["F"].split()[0])]
                stream.extra["Subtype"] = kinds.get(each["UF"].string, stream.extra["Subtype"])

    return finish


@contextmanager
def _fixed_clock(moment: datetime | None) -> Generator[None, None, None]:
    """Give the embedded fonts a fixed date: fontTools otherwise writes the present time into them."""
    if moment is not None:
        yield
        return
    os.environ[_CLOCK] = "0"
    try:
        yield
    finally:
        del os.environ[_CLOCK]


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
