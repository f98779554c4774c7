"""The summary tells what is no pass, stays short and shows hostile text as text."""

import re
from dataclasses import replace

from audit.record import Randomness
from audit.report.formats.summary import LONGEST, summary
from audit.report.markdown import escaped
from tests.report import examples


def test_summary_tells_every_verdict_that_is_not_a_pass() -> None:
    audit = examples.audit()
    text = summary(audit)
    for verdict in audit.verdicts:
        assert (escaped(verdict.reason, 400) in text) == (verdict.outcome != "pass")
    assert escaped(audit.sentence, 1000) in text
    assert "The audit is invalid: no verdict below counts as a pass." in summary(examples.invalid())


def test_summary_shows_hostile_text_as_text() -> None:
    text = summary(
        examples.hostile(examples.audit(), "<img src=x>\n# h1 |a|b| [l](http://evil.test) @all `c` ::error::")
    )
    assert "<img" not in text and "](http" not in text and "@all" not in text
    assert not re.search(r"^# h1", text, re.MULTILINE) and not re.search(r"^::", text, re.MULTILINE)
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1


def test_summary_stays_short_and_counts_what_it_leaves_out() -> None:
    many = examples.audit().verdicts * 300
    text = summary(examples.audit(verdicts=many))
    assert len(text.encode()) <= LONGEST < 64_000
    assert "more lines; the report shows all of them" in text


def test_summary_says_that_answers_are_means_over_draws_of_the_model() -> None:
    audit = examples.audit()
    drawn = Randomness(draws=0.5, drawing=("dropout",), averaged=16)
    network = replace(audit.facts.network, randomness=drawn)
    assert "means over 16 draws" in summary(replace(audit, facts=replace(audit.facts, network=network)))
    assert "draws of the model" not in summary(audit)
