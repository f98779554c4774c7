"""The log tells every unit and every warning; what a report shows of it does not depend on how often a run stopped."""

import logging
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from audit.planning.units import Plan, Task
from audit.record import Context, Doubt, Evidence, LogLine, Randomized, Trained, Unit
from audit.report.page.page import pages
from audit.running import log
from tests.report import examples
from tests.report.html import text_of


def unit(check: str, method: str, seed: int) -> Unit:
    condition = (
        Trained(labels="true", seed=seed) if check == "training" else Randomized(mode="cascade", stage=1, seed=seed)
    )
    return Unit(check=check, settings={}, method={"name": method} if method else {}, condition=condition, world="w")


SHARED = tuple(unit("training", "", seed) for seed in range(2))
OWN = {method: tuple(unit("roar", method, seed) for seed in range(3)) for method in ("gradient", "lime")}
PLAN = Plan(tasks=tuple(Task(requirement="r", method=each, units=(*SHARED, *units)) for each, units in OWN.items()))
UNITS = [found for _, found in PLAN.units()]
INAPPLICABLE = Doubt(code="not-applicable", text="It does not apply.")
SKIPPED = {("r", "shap"): INAPPLICABLE, ("r", "rise"): INAPPLICABLE}


def measured(found: Unit, **changes: object) -> Evidence:
    return replace(Evidence(unit=found, status="done", seconds=1.25), **changes)


def test_what_was_measured_again_and_why_is_shown_by_check_and_reason(tmp_path: Path) -> None:
    with log.opened(tmp_path, []) as run_log:
        for place, found in enumerate(UNITS):
            run_log.add_unit("a unit", measured(found), why="the code of `x` changed" if place > 2 else "")
    assert [entry.why for entry in log.read(tmp_path) if entry.why] == ["the code of `x` changed"] * (len(UNITS) - 3)
    shown, _ = log.report_lines(log.read(tmp_path), PLAN, {})
    assert [each for each in shown if each.kind == "again"] == [
        LogLine(
            kind="again", of="roar", text="5 units of lime, gradient: measured again, because the code of `x` changed"
        )
    ]


def run(folder: Path, *chosen: tuple[Evidence, str], stop: type[BaseException] | None = None) -> None:
    """Log units, each with the warning raised meanwhile, if there is one."""
    captured: list[tuple[str, str]] = [("keras", "of the model")]
    with log.opened(folder, captured) as run_log:
        for evidence, warning in chosen:
            captured += [("numpy", warning)] * bool(warning)
            run_log.add_unit("a unit", evidence)
        if stop:
            raise stop


def test_the_file_holds_each_unit_with_its_seconds_and_how_the_run_ended(tmp_path: Path) -> None:
    failed = measured(UNITS[1], status="failed", error="[R811] it diverged in /home/me/x.py")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, (measured(UNITS[0]), "overflow"), (failed, ""), stop=KeyboardInterrupt)
    found = log.read(tmp_path)
    events = ["begun", "warning", "warning", "measured", "failed", "stopped"]
    assert [entry.event for entry in found] == events
    assert found[2].unit == found[3].unit == UNITS[0].key and found[3].seconds == 1.25
    assert found[4].text == "[R811] it diverged in …/x.py" and found[5].text.startswith("KeyboardInterrupt")
    run(tmp_path)
    assert log.read(tmp_path)[: len(found)] == found


def test_a_report_shows_units_by_check_and_warnings_and_failures_first(tmp_path: Path) -> None:
    evidence = [measured(found) for found in UNITS]
    evidence[-1] = measured(UNITS[-1], status="failed", error="[R811] it diverged")
    evidence[-2] = measured(UNITS[-2], note="there is nothing to remove")
    run(tmp_path, *((each, "overflow") for each in evidence))
    assert log.report_lines(log.read(tmp_path), PLAN, SKIPPED) == (
        (
            LogLine(kind="warning", of="keras", text="of the model"),
            LogLine(kind="warning", of="numpy", text="overflow"),
            LogLine(kind="failure", of="roar", text="1 unit of lime: [R811] it diverged"),
            LogLine(kind="measured", of="training", text="2 units"),
            LogLine(kind="measured", of="roar", text="4 units of gradient, lime"),
            LogLine(kind="note", of="roar", text="1 unit of gradient: there is nothing to remove"),
            LogLine(kind="skipped", of="r", text="shap, rise: It does not apply."),
        ),
        0,
    )


def test_however_often_a_run_was_stopped_the_report_shows_the_same(tmp_path: Path) -> None:
    evidence = [(measured(found), "overflow" if place == 3 else "") for place, found in enumerate(UNITS)]
    run(tmp_path / "whole", *evidence)
    failed = measured(UNITS[2], status="failed", error="out of luck")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "pieces", *evidence[:2], (failed, ""), stop=KeyboardInterrupt)
    elsewhere = replace(UNITS[0], world="another")
    run(tmp_path / "pieces", (measured(elsewhere), "of another spec"), *evidence[2:])
    whole, pieces = (log.report_lines(log.read(tmp_path / name), PLAN, SKIPPED) for name in ("whole", "pieces"))
    assert whole == pieces and len(log.read(tmp_path / "pieces")) > len(log.read(tmp_path / "whole"))


def test_a_unit_without_a_line_is_missing_and_a_run_without_a_log_shows_none(tmp_path: Path) -> None:
    run(tmp_path, *((measured(found), "") for found in UNITS[:-1]))
    shown, _ = log.report_lines(log.read(tmp_path), PLAN, {})
    assert LogLine(kind="missing", of="roar", text="1 unit of lime") in shown
    assert log.report_lines(log.read(tmp_path / "nowhere"), PLAN, SKIPPED) == ((), 0)


def test_many_lines_are_cut_but_no_warning_and_no_failure(tmp_path: Path) -> None:
    reasons = [Doubt(code="not-applicable", text=f"Reason {number}.") for number in range(log.MOST + 50)]
    many = {("r", f"method_{number}"): reason for number, reason in enumerate(reasons)}
    run(tmp_path, *((measured(found), f"warning {place}") for place, found in enumerate(UNITS)))
    shown, left = log.report_lines(log.read(tmp_path), PLAN, many)
    assert len(shown) == log.MOST and left == 50 + 2 + len(UNITS) + 1
    assert sum(each.kind == "warning" for each in shown) == len(UNITS) + 1
    noisy = [(measured(UNITS[0]), f"warning {number}") for number in range(log.MOST + 5)]
    run(tmp_path, *noisy)
    shown, left = log.report_lines(log.read(tmp_path), PLAN, many)
    assert {each.kind for each in shown} == {"warning"} and len(shown) > log.MOST + 5 and left == len(many) + 2


def test_what_python_and_the_libraries_warn_of_is_captured_and_nothing_else() -> None:
    before = warnings.showwarning, logging.getLogger().handlers[:]
    with warnings.catch_warnings(record=True, action="always") as shown, log.captured_warnings() as captured:
        warnings.warn("a number was lost", RuntimeWarning, stacklevel=1)
        logging.getLogger("a_library").warning("retraced %d times", 5)
        logging.getLogger("a_library").info("all is well")
    logging.getLogger("a_library").warning("too late")
    assert ("RuntimeWarning", "a number was lost") in captured and ("a_library", "retraced 5 times") in captured
    assert len(captured) == 2 and len(shown) == 1 and before == (warnings.showwarning, logging.getLogger().handlers[:])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/usr/lib/python3/x.py:12: Foo", "…/x.py:12: Foo"),
        ("in '~/.keras/keras.json'\nand file:///home/me/x", "in '…/keras.json' and …/x"),
        ("https://a.test/b/c, I/O, a/b/c and ./d/e", "https://a.test/b/c, I/O, a/b/c and ./d/e"),
        (
            "<f at 0x7f12abcd9900> of /tmp/__autograph_generated_file008pbri2.py",
            "<f at 0x…> of …/__autograph_generated_file….py",
        ),
        ("a\x1b[31m\u202eb", "a\\u001b[31m\\u202eb"),
    ],
)
def test_texts_lose_folders_addresses_and_what_steers_a_terminal(text: str, shown: str) -> None:
    assert log.tidy(text) == shown
    assert len(log.tidy("x" * 5000)) == 400


def test_the_page_and_its_print_hold_every_line_and_say_what_was_left_out() -> None:
    lines = tuple(
        LogLine(kind="warning", of=f"library {number}", text=f"<b>line {number}</b>") for number in range(250)
    )
    made = pages(examples.nothing(), context=Context(log=lines, left_out=7))
    for text in map(text_of, (made.screen, made.paper)):
        assert all(each.text in text and each.of in text for each in lines)
        assert "250 lines; 7 more are not shown" in text
    assert "No log was kept with these results." in text_of(pages(examples.nothing()).screen)
