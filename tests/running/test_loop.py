"""Resuming, judging again, drawing again: what is there is used, the rest is measured, and no framework judges.

A run takes a minute to make, so what measures, digests and judges it is tested here as well: ``audit.running.world``,
``audit.running.fingerprint`` and ``audit.running.finish``.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import audit
from audit.errors import InputError, RefusedError
from audit.running import history as past
from audit.running import log, loop
from audit.spec.schema import results_schema
from audit.spec.spec import load_spec
from audit.store.store import file_digest
from tests.commands import REPOSITORY, save_model, write_spec
from tests.reference.json_schema import accepts

BLOCKED = ("tensorflow", "keras", "jax")
WITHOUT_FRAMEWORKS = f"""
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {BLOCKED!r}:
            raise ImportError(f"{{name}} is not installed")
sys.meta_path.insert(0, Blocked())
from audit.cli.commands import main
code = main(sys.argv[1:])
loaded = [name for name in {BLOCKED!r} if name in sys.modules]
sys.exit(f"imported {{loaded}}" if loaded else code)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("running")
    save_model(folder)
    return folder


@pytest.fixture(scope="module")
def original(folder):
    return loop.run(load_spec(write_spec(folder)), out=folder / "whole")


@pytest.fixture
def finished(original, tmp_path):
    """A copy of the finished run for each test: what one does to it, no other sees."""
    shutil.copytree(original.folder, tmp_path / "run")
    return replace(original, folder=tmp_path / "run")


def measured(monkeypatch) -> list[str]:
    """Return a list that will hold the method of each unit that is measured from now on."""
    seen: list[str] = []
    real = loop._measure

    def spy(check, method, unit, world):
        seen.append(method)
        return real(check, method, unit, world)

    monkeypatch.setattr(loop, "_measure", spy)
    return seen


def without_frameworks(*arguments) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", WITHOUT_FRAMEWORKS, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=REPOSITORY, timeout=120)


def test_a_second_run_measures_nothing_and_ends_with_the_same_bytes(folder, finished, monkeypatch):
    seen, before = measured(monkeypatch), (finished.folder / "results.json").read_bytes()
    loop.run(load_spec(write_spec(folder)), out=finished.folder)
    assert seen == [] and (finished.folder / "results.json").read_bytes() == before


def test_a_run_that_was_stopped_and_went_on_ends_with_the_same_report_and_its_log_tells(folder, finished, tmp_path):
    spec, told = load_spec(write_spec(folder)), []

    def stopping(done: int, total: int, what: str, left: float) -> None:
        told.append(what)
        if done == total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.run(spec, out=tmp_path / "again", watcher=loop.Watcher(progress=stopping))
    loop.run(spec, out=tmp_path / "again")
    for name in ("results.json", "context.json", "report.html"):
        assert (tmp_path / "again" / name).read_bytes() == (finished.folder / name).read_bytes(), name
    events = [entry.event for entry in log.read(tmp_path / "again") if entry.event not in ("measured", "warning")]
    assert events == ["begun", "counted", "stopped", "begun", "counted", "ended"]
    ended = [entry for entry in log.read(tmp_path / "again") if entry.event == "measured"]
    assert [entry.of for entry in ended][: len(told) - 1] == told[:-1]
    assert len(ended) == len({entry.unit for entry in ended}) > len(told)


def test_an_interrupted_run_leaves_no_verdict_of_an_earlier_one(folder, finished, tmp_path):
    place = tmp_path / "earlier"
    shutil.copytree(finished.folder, place)

    def stopping(done: int, total: int, what: str, left: float) -> None:
        raise KeyboardInterrupt

    other = load_spec(write_spec(folder, require=[{"repeatability": {"at_least": -1.0, "seeds": 2}}]))
    with pytest.raises(KeyboardInterrupt):
        loop.run(other, out=place, watcher=loop.Watcher(progress=stopping))
    assert not {path.name for path in place.iterdir()} & {"results.json", "junit.xml", "report.html", "summary.md"}
    with pytest.raises(InputError):
        audit.render(place)


def test_one_more_method_measures_only_that_method(folder, finished, monkeypatch):
    seen = measured(monkeypatch)
    more = ["gradient", {"smoothgrad": {"samples": 3}}, "input_times_gradient"]
    loop.run(load_spec(write_spec(folder, methods=more)), out=finished.folder)
    assert set(seen) == {"input_times_gradient"}


def test_other_thresholds_judge_again_without_measuring(folder, finished, monkeypatch):
    seen, spec = (
        measured(monkeypatch),
        load_spec(write_spec(folder, require=[{"repeatability": {"at_least": -1.0, "seeds": 2}}])),
    )
    assert audit.judge(finished.folder, spec).verdicts != finished.audit.verdicts
    assert seen == []
    audit.judge(finished.folder, load_spec(write_spec(folder)))


def test_what_was_not_measured_is_an_error_and_never_a_pass(folder, finished):
    spec = load_spec(write_spec(folder, require=[{"cascading_randomization": {"seeds": 7}}]))
    judged = audit.judge(finished.folder, spec)
    assert {verdict.outcome for verdict in judged.verdicts} == {"error"} and judged.exit_code == 3
    audit.judge(finished.folder, load_spec(write_spec(folder)))


@pytest.mark.parametrize(
    "changes",
    [
        {"methods": ["gradient", "input_times_gradient", "guided_backprop"]},
        {"methods": [{"smoothgrad": {"samples": 4}}]},
        {"target": "label"},
        {"seed": 1},
        {"dataset": {"source": "digits", "inputs": 13, "preprocess": {"scale": 0.0625}}},
    ],
)
def test_a_spec_that_asks_for_something_else_is_not_judged_by_this_evidence(folder, finished, changes):
    before = (finished.folder / "results.json").read_bytes()
    with pytest.raises(InputError, match="R006"):
        audit.judge(finished.folder, load_spec(write_spec(folder, **changes)))
    assert (finished.folder / "results.json").read_bytes() == before


def test_fewer_methods_are_judged_as_if_the_others_had_never_been_asked_for(folder, finished):
    judged = audit.judge(finished.folder, load_spec(write_spec(folder, methods=["gradient"])))
    assert {verdict.method for verdict in judged.verdicts} == {"gradient"}
    assert [method.id for method in judged.facts.methods if not method.control] == ["gradient"]
    audit.judge(finished.folder, load_spec(write_spec(folder)))


def test_a_damaged_unit_is_measured_again_and_the_result_is_the_same(folder, finished, monkeypatch):
    before = (finished.folder / "results.json").read_bytes()
    records = (finished.folder / "evidence").glob("*/record.json")
    victim = min(
        path.parent for path in records if json.loads(path.read_text())["unit"]["method"]["name"] == "gradient"
    )
    array = min(victim.glob("scores.*.npy"))
    array.write_bytes(array.read_bytes()[:-1] + b"\x55")
    seen = measured(monkeypatch)
    loop.run(load_spec(write_spec(folder)), out=finished.folder)
    assert len(seen) == 1 and (finished.folder / "results.json").read_bytes() == before


def test_a_failed_unit_is_evidence_and_the_next_run_tries_it_again(folder, tmp_path, monkeypatch):
    spec = load_spec(write_spec(folder, methods=["gradient"], require=[{"repeatability": {"seeds": 2}}]))
    from audit.checks.repeatability import Repeatability

    with monkeypatch.context() as patch:
        patch.setattr(Repeatability, "measure", lambda *_: 1 / 0)
        broken = loop.run(spec, out=tmp_path).audit
    assert {verdict.outcome for verdict in broken.verdicts} == {"error"} and broken.exit_code == 3
    assert "ZeroDivisionError" in broken.verdicts[0].reason
    assert loop.run(spec, out=tmp_path).audit.verdicts[0].outcome in ("pass", "inconclusive", "fail")


def test_code_that_ends_the_process_is_a_failed_unit():
    """Or the command would end as that code likes: with 0, which says that every requirement passes."""

    def end(*_):
        raise SystemExit(0)

    check, unit = SimpleNamespace(measure=end), SimpleNamespace(check="a check", condition=None)
    evidence = loop._measure(check, "theirs", unit, SimpleNamespace(bench=None))
    assert evidence.status == "failed" and evidence.error == "SystemExit: 0"


DRAWN = ("results.json", "report.html", "junit.xml", "metrics.csv", "results.sarif", "summary.md")


@pytest.mark.parametrize("command", ["judge", "report"])
def test_judging_and_drawing_need_no_framework(finished, command):
    before = {name: (finished.folder / name).read_bytes() for name in (*DRAWN, "test-result.intoto.json")}
    done = without_frameworks(command, finished.folder)
    assert done.returncode == (finished.audit.exit_code if command == "judge" else 0), done.stderr
    assert {name: (finished.folder / name).read_bytes() for name in before} == before


def test_comparing_needs_no_framework(finished):
    done = without_frameworks("diff", finished.folder, finished.folder / "results.json", "--fail-on-regression")
    assert done.returncode == 0 and "Nothing changed" in done.stdout, done.stderr


def test_a_baseline_is_compared_with_and_kept_for_judging_again(folder, finished, tmp_path, monkeypatch):
    seen = measured(monkeypatch)
    shutil.copy(finished.folder / "results.json", folder / "baseline.json")
    require = [{"cascading_randomization": {"seeds": 2}}, {"repeatability": {"seeds": 2, "severity": "warning"}}]
    spec, digest = (
        load_spec(write_spec(folder, baseline="baseline.json", require=require)),
        file_digest(folder / "baseline.json"),
    )
    found = loop.run(spec, out=finished.folder).audit
    (folder / "baseline.json").unlink()
    assert seen == [] and found.comparison is not None and found.comparison.before.digest == digest
    assert {change.requirement for change in found.comparison.changes} == {"repeatability"}
    assert audit.judge(finished.folder) == found
    assert 'id="comparison"' in (finished.folder / "report.html").read_text()
    with pytest.raises(InputError, match="R080"):
        loop.prepare(spec, out=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_the_history_gets_a_line_and_the_report_shows_those_before(folder, finished, tmp_path):
    history, spec = tmp_path / "runs" / "history.jsonl", load_spec(write_spec(folder))
    lax = load_spec(write_spec(folder, require=[{"repeatability": {"at_least": -1.0, "seeds": 2}}]))
    pages = []
    for each in (spec, spec, lax, lax):
        loop.run(each, out=finished.folder, history=history)
        pages.append((finished.folder / "report.html").read_bytes())
    digests = [each.digest for each in past.read(history)]
    assert len(digests) == 2 and digests[1] == file_digest(finished.folder / "results.json")
    assert pages[0] == pages[1] and pages[2] == pages[3]
    assert [b'id="trend"' in each for each in pages] == [False, False, True, True]
    audit.render(finished.folder)
    assert (finished.folder / "report.html").read_bytes() == pages[3]


def test_a_history_that_cannot_be_written_is_a_note(folder, finished, tmp_path):
    (tmp_path / "file").write_text("")
    found = loop.run(load_spec(write_spec(folder)), out=finished.folder, history=tmp_path / "file" / "history.jsonl")
    assert found.audit == finished.audit and "R083" in found.rendered.notes[-1]


def test_results_are_located_at_the_line_of_their_requirement(finished):
    log = json.loads((finished.folder / "results.sarif").read_text())
    text = (finished.folder / "spec.source.yaml").read_text().splitlines()  # the other may be another test's by now
    results = log["runs"][0]["results"]
    assert results
    for result in results:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "small.yaml"
        assert result["ruleId"] in text[place["region"]["startLine"] - 1]


def test_the_results_fit_their_schema(finished):
    schema = results_schema()
    assert accepts(schema, schema, json.loads((finished.folder / "results.json").read_text()))


def test_the_exit_code_is_a_function_of_results_json(finished):
    found = json.loads((finished.folder / "results.json").read_text())
    assert found["exit_code"] == finished.audit.exit_code
    assert found["sentence"] == finished.audit.sentence


def test_a_folder_that_is_no_run_is_named(tmp_path):
    for verb, code in ((audit.judge, "R001"), (audit.render, "R080")):
        with pytest.raises(InputError, match=code):
            verb(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "verbs"),
    [("run.json", ("judge", "render")), ("images.npy", ("judge", "render")), ("results.json", ("render",))],
)
def test_a_file_that_was_changed_after_the_run_is_refused_and_not_sealed_anew(finished, name, verbs):
    manifest, path = (finished.folder / "MANIFEST.json").read_bytes(), finished.folder / name
    whole = path.read_bytes()
    for change in (lambda: path.write_bytes(whole + b" "), path.unlink):
        change()
        for verb in verbs:
            with pytest.raises(InputError, match="R007"):
                getattr(audit, verb)(finished.folder)
    assert (finished.folder / "MANIFEST.json").read_bytes() == manifest


def test_planning_writes_nothing(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = audit.plan(load_spec(write_spec(folder))).lines()
    assert any("gradient evaluations" in line for line in lines) and list(tmp_path.iterdir()) == []


def test_the_time_left_is_that_of_like_units():
    spent = {("training", ""): [10.0, 14.0], ("roar", "gradient"): [1.0]}
    missing = [("training", ""), ("roar", "gradient"), ("roar", "gradient")]
    assert loop.seconds_left(spent, missing) == 12.0 + 1.0 + 1.0
    assert loop.seconds_left(spent, [("repeatability", "gradient")]) == pytest.approx(25.0 / 3)
    assert loop.seconds_left({}, missing) == 0.0


def test_a_method_that_does_not_apply_is_refused_or_skipped_with_its_reason(folder, tmp_path):
    methods = ["gradient", {"grad_cam": {"layer": "last"}}]
    with pytest.raises(InputError, match="method `grad_cam`"):
        loop.prepare(load_spec(write_spec(folder, methods=methods)), out=tmp_path)
    require = [{"repeatability": {"seeds": 2}}]
    spec = load_spec(write_spec(folder, methods=methods, inapplicable="skip", require=require))
    judged = loop.run(spec, out=tmp_path).audit
    (skipped,) = [verdict for verdict in judged.verdicts if verdict.method == "grad_cam"]
    assert skipped.outcome == "skipped" and "its output is not an image" in skipped.reason
    assert [verdict.outcome for verdict in judged.verdicts if verdict.method == "gradient"] == ["pass"]


@pytest.mark.parametrize("body", ["raise RuntimeError('boom')", "raise SystemExit(0)"])
def test_a_plan_names_the_method_that_fails(folder, tmp_path, monkeypatch, body):
    (tmp_path / f"broken_code{len(body)}.py").write_text(f"def maps(model, x, target):\n    {body}\n")
    monkeypatch.syspath_prepend(tmp_path)
    code = f"broken_code{len(body)}:maps"
    spec = load_spec(write_spec(folder, methods=[{"python": {"function": code}}], require=["repeatability"]))
    prepared = loop.prepare(spec, out=tmp_path / "run", trusted=[code])
    with pytest.raises(InputError, match=r"method `python` fails(.|\n)*(boom|SystemExit)"):
        prepared.lines()


def test_a_users_function_runs_only_when_it_is_trusted(folder, tmp_path, monkeypatch):
    (tmp_path / "their_code.py").write_text("def ones(model, x, target):\n    return 0 * x + x.sum() + target\n")
    monkeypatch.syspath_prepend(tmp_path)
    code = "their_code:ones"
    spec = load_spec(write_spec(folder, methods=[{"python": {"function": code}}], require=["repeatability"]))
    with pytest.raises(RefusedError, match="runs code that is not trusted"):
        loop.prepare(spec, out=tmp_path / "run")
    assert "their_code" not in sys.modules
    judged = loop.run(spec, out=tmp_path / "run", trusted=[code]).audit
    (method,) = [each for each in judged.facts.methods if each.id == "python"]
    assert len(method.code[code].digest) == 64 and method.code[code].name == code
    assert [verdict.outcome for verdict in judged.verdicts] == ["inconclusive"]  # a constant map has no similarity
