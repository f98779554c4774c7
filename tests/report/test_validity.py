"""Why an audit is invalid is told everywhere from the record: a reason that is no control brings no word about any."""

import json
import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from audit.cli import console
from audit.record import Audit, Context, Invalidity
from audit.report.advice import advise
from audit.report.formats.github_annotations import annotations
from audit.report.formats.in_toto import statement
from audit.report.formats.junit import junit
from audit.report.formats.model_card import card
from audit.report.formats.sarif import sarif
from audit.report.formats.summary import summary
from audit.report.page.page import page
from tests.report import examples
from tests.report.html import text_of

Capsys = pytest.CaptureFixture[str]


def section(name: str) -> Callable[[Audit], str]:
    """Return what reads the text of one part of the page: from an element to the end of its section."""

    def read(audit: Audit) -> str:
        (found,) = re.findall(f"<section[^>]*{name}.*?</section>", page(audit), re.DOTALL)
        return text_of(found)

    return read


def banner(audit: Audit) -> str:
    """Return the text of the banners: of the summary, and of the section on validity."""
    return "".join(map(text_of, re.findall(r'<div class="banner invalid">.*?</div>', page(audit), re.DOTALL)))


def errors(audit: Audit) -> str:
    """Return the messages of the errors of junit.xml."""
    return "\n".join(each.get("message", "") for each in ElementTree.fromstring(junit(audit)).iter("error"))


def results(audit: Audit) -> str:
    """Return the messages of results.sarif."""
    (run,) = json.loads(sarif(audit, Context()))["runs"]
    invocation = run["invocations"][0]["exitCodeDescription"]
    return "\n".join([invocation, *(each["message"]["text"] for each in run["results"])])


def failed_tests(audit: Audit) -> str:
    return "\n".join(json.loads(statement(audit))["predicate"]["failedTests"])


READERS: dict[str, Callable[[Audit], str]] = {
    "gate": lambda audit: audit.sentence,
    "cover": section('class="validity"'),
    "banners": banner,
    "limitations": section('aria-labelledby="limitations"'),
    "summary.md": summary,
    "advice": lambda audit: "\n".join(each.because for each in advise(audit)),
    "junit.xml": errors,
    "results.sarif": results,
    "annotations": lambda audit: "\n".join(annotations(audit, Context())),
    "in-toto": failed_tests,
    "model_card.md": card,
}


def said(reason: Invalidity, text: str) -> bool:
    """Whether a text holds a reason's sentence: in a sentence or an escape of its own, and with other line breaks."""
    plain = re.sub(r"[\\*]|&#\d+;|%..", "", " ".join(text.split()))
    return re.sub(r"[\\*]|&#\d+;|%..", "", reason.sentence[1:].removesuffix(".")) in plain


@pytest.mark.parametrize("name", READERS)
def test_a_reason_that_is_no_control_is_told_without_a_word_about_controls(name: str) -> None:
    text = READERS[name](examples.fed_wrongly())
    assert said(examples.FED_WRONGLY, text), text
    assert "control" not in text.lower() and "random_map" not in text


def test_the_console_tells_it_too(capsys: Capsys) -> None:
    console.verdicts(examples.fed_wrongly())
    text = capsys.readouterr().out
    assert said(examples.FED_WRONGLY, text) and examples.FED_WRONGLY.fix in text
    lines = [line for line in text.splitlines() if not re.match(r"\w+ \(control\)", line)]
    assert "control" not in "\n".join(lines).lower()


@pytest.mark.parametrize("name", sorted(READERS.keys() - {"in-toto"}))  # there the control's own test fails
def test_a_control_that_misbehaves_is_told_by_the_same_readers(name: str) -> None:
    audit = examples.invalid()
    assert said(audit.invalid[0], READERS[name](audit))


def test_in_toto_fails_the_test_of_a_control_that_misbehaves_and_no_other_of_the_controls() -> None:
    failed = [name for name in failed_tests(examples.invalid()).splitlines() if name.startswith(("control", "valid"))]
    assert failed == ["control/cascading_randomization/random_map"]


@pytest.mark.parametrize("name", READERS)
def test_a_valid_audit_has_no_reason_to_tell(name: str) -> None:
    if name != "banners":
        assert "invalid" not in READERS[name](examples.passing()).lower()
    assert not said(examples.FED_WRONGLY, READERS[name](examples.passing()))


def test_many_reasons_are_counted_on_the_cover_and_listed_in_their_section() -> None:
    reasons = tuple(Invalidity(kind="model", sentence=f"Reason {n}.", fix="Do it.") for n in range(5))
    audit = examples.audit(invalid=reasons, controls=(), outcome="invalid", exit_code=3)
    cover = READERS["cover"](audit)
    assert "Reason 2." in cover and "Reason 3." not in cover and "2 more" in cover
    assert "Reason 4." in section('aria-labelledby="controls"')(audit)
