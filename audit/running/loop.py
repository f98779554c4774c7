"""The main loop: from a spec to evidence, verdicts and a report; resumes where it stopped.

``prepare`` measures the world and plans, and writes nothing; ``run`` measures what is missing, judges and renders.
"""

import datetime
import time
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.checks.check import Check
from audit.errors import AuditError, EnvironmentStop, InputError
from audit.judging.answers import sentences
from audit.judging.validity import known_before
from audit.planning.outline import Pace, counted, describe, title
from audit.planning.units import REMOVAL, TRAINING, Plan, plan, skipped
from audit.record import Audit, Context, Evidence, Measurement, PastRun, Removed, Trained, Unit, record
from audit.report.render import Rendered
from audit.running import history as past
from audit.running import log
from audit.running.again import reasons
from audit.running.finish import SOURCE, RunFile, baseline_of, decide, keep_context, render_stored, withdraw
from audit.spec.spec import Spec
from audit.store.results import Results
from audit.store.store import Store, file_digest, npy

if TYPE_CHECKING:
    from audit.engine.retraining import Recall
    from audit.running.world import World

Progress = Callable[[int, int, str, float], None]
"""``(units done, units in total, what is being measured, seconds left)``."""


def _silent(done: int, total: int, what: str, left: float) -> None:
    """Report no progress."""


@record
class Watcher:
    """Who watches a run: ``progress`` after each unit, ``begins`` before the first, with what is known in sentences."""

    progress: Progress = _silent
    begins: Callable[[Sequence[str]], None] = lambda known: None


@record
class Prepared:
    """A spec with its measured world and its plan."""

    spec: Spec
    world: "World"
    plan: Plan
    store: Store
    done: int  # units whose evidence is already stored
    baseline: Results | None = None

    def lines(self) -> list[str]:
        """Return the plan as lines of text; times one pass of the first method and one epoch for the estimates."""
        first = next(method.id for method in self.world.facts.methods if method.inapplicable is None)
        planned = describe(
            self.plan,
            self.world.facts,
            skipped=[each.text for each in skipped(self.spec, self.world.facts).values()],
            done=self.done,
            pace=Pace(
                evaluation=_timed(self.world, first),
                training=self.world.retraining.seconds_per_training() if self.world.retraining else 0.0,
            ),
        )
        return [*planned, *self.known()]

    def known(self) -> list[str]:
        """Return what is known of the model's answers before the first unit, and what makes the audit invalid."""
        facts = self.world.facts
        invalid = known_before(self.spec.resolved(), facts)
        return [
            *(f"answers    {each}" for each in sentences(facts.data)),
            *(f"INVALID    {reason.sentence} {reason.fix}" for reason in invalid),
        ]


@record
class Finished:
    """The result of ``run``: the folder, the judged audit and the rendered files."""

    folder: Path
    audit: Audit
    rendered: Rendered


def prepare(spec: Spec, *, out: Path | None = None, trusted: Collection[str] = ()) -> Prepared:
    """Load the model and the data, check that every method applies, and plan. Nothing is written."""
    from audit.running.world import observe

    baseline = baseline_of(spec)
    world = observe(spec, trusted=trusted)
    planned = plan(spec, world.facts)
    store = Store(folder=out or Path("runs") / str(spec.audit.id))
    done = sum(_is_done(store, unit) for _, unit in planned.units())
    return Prepared(spec=spec, world=world, plan=planned, store=store, done=done, baseline=baseline)


def run(
    spec: Spec,
    *,
    out: Path | None = None,
    trusted: Collection[str] = (),
    watcher: Watcher | None = None,
    history: Path | None = None,
) -> Finished:
    """Run a spec: measure, judge and render. Running the same spec again resumes it.

    The run is appended to the file ``history``, and the report shows the file's earlier runs.
    """
    with log.captured_warnings() as captured:
        prepared = prepare(spec, out=out, trusted=trusted)
        watcher, store = watcher or Watcher(), prepared.store
        watcher.begins(prepared.known())
        with store.lock():
            store.unseal()
            withdraw(store)
            store.write_record("run.json", _run_file(prepared))
            store.write(SOURCE, spec.text.encode())
            store.write("images.npy", npy(prepared.world.images))
            with log.opened(store.folder, captured) as run_log:
                execute(prepared, watcher.progress, run_log)
                audit = decide(store, spec, prepared.baseline)
            date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            line = past.line_of(audit, file_digest(store.folder / "results.json"), date)
            earlier = past.earlier(past.read(history), line) if history else ()
            keep_context(store, spec, audit, Context(file=spec.file, lines=spec.lines(), earlier=earlier))
            rendered = render_stored(store, audit)
            store.seal()
    return Finished(folder=store.folder, audit=audit, rendered=_remembered(rendered, history, line))


def _run_file(prepared: Prepared) -> RunFile:
    spec, world = prepared.spec, prepared.world
    return RunFile(
        spec=spec.resolved(),
        facts=world.facts,
        provenance=world.provenance,
        file=spec.file,
        lines=spec.lines(),
        baseline=prepared.baseline,
    )


def _remembered(rendered: Rendered, history: Path | None, line: PastRun) -> Rendered:
    """Add a finished run to the history; if that fails, add a note: the run is complete without it."""
    if history is None:
        return rendered
    try:
        past.append(history, line)
    except EnvironmentStop as stop:
        return replace(rendered, notes=(*rendered.notes, str(stop)))
    return rendered


def execute(prepared: Prepared, progress: Progress, run_log: log.Log) -> None:
    """Measure every unit whose evidence is missing, store it, and log it."""
    units = prepared.plan.units()
    checks = {unit.key: check for check, unit in _checks(prepared)}
    if prepared.world.retraining is not None:
        prepared.world.bench.equip(prepared.world.retraining, _recall(prepared))
    missing = [(method, unit) for method, unit in units if not _is_done(prepared.store, unit)]
    _log_reused(prepared, [each for each in units if each not in missing], run_log)
    why = reasons([unit for _, unit in missing], prepared.store.units() if missing else ())
    spent: dict[tuple[str, str], list[float]] = {}
    for number, (method, unit) in enumerate(missing):
        what = named(method, unit)
        left = seconds_left(spent, [(unit.check, method) for method, unit in missing[number:]])
        progress(len(units) - len(missing) + number, len(units), what, left)
        evidence = _measure(checks[unit.key], method, unit, prepared.world)
        prepared.store.put(evidence)
        run_log.add_unit(what, evidence, why=why.get(unit.key, ""))
        spent.setdefault((unit.check, method), []).append(evidence.seconds)
    progress(len(units), len(units), "done", 0.0)


def _log_reused(prepared: Prepared, reused: Sequence[tuple[str, Unit]], run_log: log.Log) -> None:
    """Log stored units that the log lacks: a kill came between storing and logging, or the log was lost."""
    known = {entry.unit for entry in run_log.entries()}
    for method, unit in reused:
        evidence = None if unit.key in known else prepared.store.get(unit)
        if evidence is not None:
            run_log.add_unit(named(method, unit), evidence, reused=True)
    text = f"{len(reused)} of {counted(len(prepared.plan.units()), 'unit')} reused from the store"
    run_log.add("counted", text=text)


def seconds_left(spent: Mapping[tuple[str, str], Sequence[float]], missing: Sequence[tuple[str, str]]) -> float:
    """Return the estimated seconds for the missing units, from the mean of their check and method, or of all units.

    0 if nothing was measured yet.
    """
    known = [seconds for each in spent.values() for seconds in each]
    means = {kind: sum(each) / len(each) for kind, each in spent.items()}
    usual = sum(known) / max(len(known), 1)
    return sum(means.get(kind, usual) for kind in missing)


def named(method: str, unit: Unit) -> str:
    """Return what a unit measures, in words."""
    return f"{unit.check}{f' of {method}' if method else ''}, {title(unit.condition)}"


def _recall(prepared: Prepared) -> "Recall":
    """Return a function that gives a training's stored parameters, or None if it failed or is not stored."""
    trainings = {unit.condition: unit for _, unit in prepared.plan.units() if unit.check == TRAINING}

    def recall(condition: Trained) -> Mapping[str, Any] | None:
        found = prepared.store.get(trainings[condition]) if condition in trainings else None
        return found.params if found and found.status == "done" else None

    return recall


def _checks(prepared: Prepared) -> list[tuple[Check, Unit]]:
    by_requirement = {requirement.id: requirement.check for requirement in prepared.spec.requirements}
    return [(by_requirement[task.requirement], unit) for task in prepared.plan.tasks for unit in task.units]


def _measure(check: Check, method: str, unit: Unit, world: "World") -> Evidence:
    """Measure one unit; an error is recorded as evidence, unless the machine itself failed."""
    started = time.monotonic()
    try:
        measured = _work(check, method, unit, world)
    except (MemoryError, EnvironmentStop):
        raise
    except (Exception, SystemExit) as error:  # a user's function may try to exit the process
        if _out_of_memory(error):
            raise EnvironmentStop(
                "E004",
                f"out of memory while measuring {method}",
                received=type(error).__name__,
                fix="set a smaller runtime.batch and run again: finished units are kept",
            ) from error
        return Evidence(unit=unit, status="failed", error=_first_line(error), seconds=time.monotonic() - started)
    return Evidence(
        unit=unit,
        status="done",
        scores=measured.scores,
        maps=measured.maps,
        params=measured.params,
        note=measured.note,
        seconds=time.monotonic() - started,
    )


def _work(check: Check, method: str, unit: Unit, world: "World") -> Measurement:
    """Run a unit: a training or a removal that methods share, or a check's own measurement."""
    if unit.check == TRAINING and isinstance(unit.condition, Trained):
        return world.bench.train(unit.condition)
    if unit.check == REMOVAL and isinstance(unit.condition, Removed):
        return Measurement(scores=world.bench.retrain(unit.condition))
    return check.measure(method, unit.condition, world.bench)


def _out_of_memory(error: BaseException) -> bool:
    return type(error).__name__ == "ResourceExhaustedError" or "RESOURCE_EXHAUSTED" in str(error)


def _timed(world: "World", method: str) -> float:
    """Return the seconds of one gradient evaluation.

    Raises:
        InputError: the method fails, for example in a user's function.
    """
    from audit.running.world import seconds_per_evaluation

    try:
        return seconds_per_evaluation(world, method)
    except AuditError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(
            "T147",
            f"method `{method}` fails on the explained inputs",
            received=_first_line(error),
            fix="fix it, or every unit of this method fails; `saliency-audit --debug plan ...` shows the traceback",
        ) from error


def _first_line(error: BaseException) -> str:
    if isinstance(error, AuditError):
        return f"[{error.code}] {error.what}"
    return traceback.format_exception_only(error)[-1].strip().splitlines()[0][:300]


def _is_done(store: Store, unit: Unit) -> bool:
    evidence = store.get(unit)
    return evidence is not None and evidence.status == "done"
