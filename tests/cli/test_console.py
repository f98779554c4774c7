"""What is printed: every verdict with its word, in plain text, and nothing that could steer a terminal."""

from dataclasses import replace

import pytest

from audit.cli import console
from audit.record import Audit
from tests.report import examples


def printed(capsys: pytest.CaptureFixture[str], audit: Audit, *, verbose: bool = False) -> str:
    console.verdicts(audit, verbose=verbose)
    return capsys.readouterr().out


def test_every_verdict_is_in_the_table_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    audit = examples.audit()
    text = printed(capsys, audit)
    table = {line.split("  ")[0].strip(): line for line in text.splitlines()}
    assert "\x1b" not in text
    for requirement in audit.requirements:
        assert requirement.id in text.splitlines()[0]
    for verdict in audit.verdicts:
        assert verdict.outcome.upper() in table[verdict.method]
        assert verdict.waived is None or "(waived)" in table[verdict.method]
    for control in audit.controls:
        assert f"{control.verdict.outcome.upper()} (expected)" in table[f"{control.method} (control)"]
    assert audit.sentence in text


def test_reasons_are_given_for_all_but_passes_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    audit = examples.audit()
    short, long = printed(capsys, audit), printed(capsys, audit, verbose=True)
    for verdict in audit.verdicts:
        assert verdict.reason in long
        heading = f"{verdict.outcome.upper()} {verdict.method}, {verdict.requirement}: "
        assert (heading in short) == (verdict.outcome != "pass")


def test_the_last_line_repeats_no_reason_that_was_printed(capsys: pytest.CaptureFixture[str]) -> None:
    audit = examples.one("fail")
    reason = audit.verdicts[0].reason
    whole = replace(audit, sentence=f"The audit fails: the worst is gradient: {reason[:1].lower()}{reason[1:]}")
    text = printed(capsys, whole)
    assert text.splitlines()[-1] == "The audit fails: the worst is gradient." and reason in text
    passing = replace(whole, verdicts=tuple(replace(each, outcome="pass") for each in whole.verdicts))
    assert printed(capsys, passing).splitlines()[-1] == whole.sentence


def test_a_control_that_misbehaves_or_gives_no_decision_is_shown_beside_what_was_expected(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, *others = examples.invalid().controls
    silent = replace(first, verdict=replace(first.verdict, outcome="inconclusive"))
    text = printed(capsys, replace(examples.invalid(), controls=(silent, *others)))
    assert "✗ FAIL (expected PASS)" in text and "? INCONCLUSIVE (expected FAIL)" in text


def test_a_reason_that_is_printed_above_is_not_repeated_in_the_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, examples.invalid())
    assert text.count(examples.invalid().invalid[0].sentence) == 1
    assert text.splitlines()[-1] == "The audit is invalid and no method passes."


def test_foreign_texts_are_printed_as_they_are_without_controls(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, examples.hostile(examples.audit(), "[red]x[/red]\x1b[31m\u202e"))
    assert "[red]x[/red]" in text
    assert not set(text) & {"\x1b", "\u202e"}


def test_without_a_terminal_progress_is_a_line_per_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress(quiet=False) as callback:
        for done in range(101):
            callback(done, 100, "gradient", 100.0 - done)
    found = capsys.readouterr()
    assert found.out == ""
    assert len(found.err.splitlines()) == 11
    assert "20/100 units  about 1 min 20 s left  gradient" in found.err


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress(quiet=True) as callback:
        callback(1, 2, "gradient", 3.0)
    assert capsys.readouterr() == ("", "")
