"""The one loop: from a spec to evidence, verdicts and a report; resumes where it stopped.

``prepare`` measures the world and plans, and writes nothing; ``run`` executes what is missing, judges and draws.
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
from audit.planning.outline import counted, describe, title
from audit.planning.units import REMOVAL, TRAINING, Plan, plan, skipped
from audit.record import Audit, Context, Evidence, Measurement, PastRun, Removed, Trained, Unit, record
from audit.report.render import Rendered
from audit.running import history as past
from audit.running import log
from audit.running.finish import SOURCE, RunFile, baseline_of, decide, draw, keep_context, withdraw
from audit.spec.spec import Spec
from audit.store.results import Results
from audit.store.store import Store, file_digest, npy

if TYPE_CHECKING:
    from audit.engine.retraining import Recall
    from audit.running.world import World

Progress = Callable[[int, int, str, float], None]
"""``(units done, units in all, what is being measured, seconds left)``."""


@record
class Prepared:
    """A spec with the world it was measured on and the plan that follows."""

    spec: Spec
    world: "World"
    plan: Plan
    store: Store
    done: int  # units whose evidence is already there
    baseline: Results | None = None

    def lines(self) -> list[str]:
        """Return the plan for people; times one pass of the first method, and one epoch, for the estimates."""
        first = next(method.id for method in self.world.facts.methods if method.inapplicable is None)
        return describe(
            self.plan,
            self.world.facts,
            skipped=skipped(self.spec, self.world.facts).values(),
            done=self.done,
            seconds=_timed(self.world, first),
            training_seconds=self.world.retraining.seconds_per_training() if self.world.retraining else 0.0,
        )


@record
class Finished:
    """What ``run`` leaves: the folder, the judged audit and the rendered files."""

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
    progress: Progress | None = None,
    history: Path | None = None,
) -> Finished:
    """Execute what a spec asks for, judge and render. A second run of the same spec resumes.

    ``history`` is the file to which a line for this run is added, and whose earlier runs the report shows.
    """
    with log.listening() as heard:
        prepared = prepare(spec, out=out, trusted=trusted)
        store = prepared.store
        with store.lock():
            store.unseal()
            withdraw(store)
            store.write_record("run.json", _run_file(prepared))
            store.write(SOURCE, spec.text.encode())
            store.write("images.npy", npy(prepared.world.images))
            with log.opened(store.folder, heard) as told:
                execute(prepared, progress or _silent, told)
                audit = decide(store, spec, prepared.baseline)
            date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            line = past.line_of(audit, file_digest(store.folder / "results.json"), date)
            earlier = past.earlier(past.read(history), line) if history else ()
            keep_context(store, spec, audit, Context(file=spec.file, lines=spec.lines(), earlier=earlier))
            rendered = draw(store, audit)
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
    """Add a finished run to the history; that it cannot be written is a note, for the run is complete without it."""
    if history is None:
        return rendered
    try:
        past.append(history, line)
    except EnvironmentStop as stop:
        return replace(rendered, notes=(*rendered.notes, str(stop)))
    return rendered


def execute(prepared: Prepared, progress: Progress, told: log.Log) -> None:
    """Measure every unit whose evidence is missing, store it, and tell the log."""
    units = prepared.plan.units()
    checks = {unit.key: check for check, unit in _checks(prepared)}
    if prepared.world.retraining is not None:
        prepared.world.bench.equip(prepared.world.retraining, _recall(prepared))
    missing = [(method, unit) for method, unit in units if not _is_done(prepared.store, unit)]
    _tell_of_reused(prepared, [each for each in units if each not in missing], told)
    spent: dict[tuple[str, str], list[float]] = {}
    for number, (method, unit) in enumerate(missing):
        what = named(method, unit)
        left = seconds_left(spent, [(unit.check, method) for method, unit in missing[number:]])
        progress(len(units) - len(missing) + number, len(units), what, left)
        evidence = _measure(checks[unit.key], method, unit, prepared.world)
        prepared.store.put(evidence)
        told.unit(what, evidence)
        spent.setdefault((unit.check, method), []).append(evidence.seconds)
    progress(len(units), len(units), "done", 0.0)


def _tell_of_reused(prepared: Prepared, reused: Sequence[tuple[str, Unit]], told: log.Log) -> None:
    """Tell of units that are there and that the log does not know: a kill came between the two, or a log was lost."""
    known = {entry.unit for entry in told.entries()}
    for method, unit in reused:
        evidence = None if unit.key in known else prepared.store.get(unit)
        if evidence is not None:
            told.unit(named(method, unit), evidence, reused=True)
    told.tell("counted", text=f"{len(reused)} of {counted(len(prepared.plan.units()), 'unit')} were there")


def seconds_left(spent: Mapping[tuple[str, str], Sequence[float]], missing: Sequence[tuple[str, str]]) -> float:
    """Return the seconds that missing units will take: each as those of its check and method, or as all, did so far.

    0 where nothing is known yet.
    """
    known = [seconds for each in spent.values() for seconds in each]
    means = {kind: sum(each) / len(each) for kind, each in spent.items()}
    usual = sum(known) / max(len(known), 1)
    return sum(means.get(kind, usual) for kind in missing)


def named(method: str, unit: Unit) -> str:
    """Return what a unit measures, in words."""
    return f"{unit.check}{f' of {method}' if method else ''}, {title(unit.condition)}"


def _recall(prepared: Prepared) -> "Recall":
    """Return what gives a training's stored parameters, None where it failed or is not there."""
    trainings = {unit.condition: unit for _, unit in prepared.plan.units() if unit.check == TRAINING}

    def recall(condition: Trained) -> Mapping[str, Any] | None:
        found = prepared.store.get(trainings[condition]) if condition in trainings else None
        return found.params if found and found.status == "done" else None

    return recall


def _checks(prepared: Prepared) -> list[tuple[Check, Unit]]:
    by_requirement = {requirement.id: requirement.check for requirement in prepared.spec.requirements}
    return [(by_requirement[task.requirement], unit) for task in prepared.plan.tasks for unit in task.units]


def _measure(check: Check, method: str, unit: Unit, world: "World") -> Evidence:
    """Measure one unit; whatever goes wrong in it is evidence too, unless the machine itself gave out."""
    started = time.monotonic()
    try:
        measured = _work(check, method, unit, world)
    except (MemoryError, EnvironmentStop):
        raise
    except (Exception, SystemExit) as error:  # a user's function may end the process, with exit code 0 for all we know
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
    """Do what a unit says: a training or a removal that methods share, or a check's own measurement."""
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
        InputError: the method fails, a user's function say.
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
            fix="mend it: in a run each of its units would fail; `saliency-audit --debug plan ...` shows where",
        ) from error


def _first_line(error: BaseException) -> str:
    if isinstance(error, AuditError):
        return f"[{error.code}] {error.what}"
    return traceback.format_exception_only(error)[-1].strip().splitlines()[0][:300]


def _is_done(store: Store, unit: Unit) -> bool:
    evidence = store.get(unit)
    return evidence is not None and evidence.status == "done"


def _silent(done: int, total: int, what: str, left: float) -> None:
    """Report no progress."""
