"""The trend ends with this run, and the page shows its numbers."""

from dataclasses import replace

from audit.record import Context
from audit.report.page.page import page
from audit.report.page.trend import kinds, trend
from audit.report.words import counts
from tests.report import examples
from tests.running.test_history import line


def test_the_trend_ends_with_this_run_and_numbers_the_models() -> None:
    audit = examples.audit()
    runs = trend(audit, Context(earlier=(replace(line("a"), model="old"), line("b"))))
    assert [(run.name[:10], run.model) for run in runs] == [("2026-01-31", 1), ("2026-01-31", 2), ("this run", 2)]
    assert runs[-1].counts == counts(audit) and set(kinds(runs)) == set(counts(audit))
    assert trend(audit, Context()) == ()


def test_the_page_shows_the_trend_with_its_numbers_the_same_each_time() -> None:
    audit, context = examples.small(), Context(earlier=(line("a"),))
    html = page(audit, context=context)
    assert html == page(audit, context=context)
    assert 'id="trend"' in html and 'href="#trend"' in html and "Verdicts by run. 2026-01-31" in html
    assert 'id="trend"' not in page(audit)
