"""Judge and render stored results, without measuring anything and without a deep-learning framework."""

import datetime
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

import numpy as np

from audit.checks.check import recorded
from audit.declare import as_json
from audit.errors import InputError
from audit.judging import changes, verdicts
from audit.planning.units import plan, skipped
from audit.record import Audit, Context, Evidence, Facts, Gallery, Provenance, RequirementFacts, Unit, record
from audit.report.page import gallery
from audit.report.render import Material, Rendered
from audit.report.render import render as render_files
from audit.report.render import withdraw as withdraw_files
from audit.running import log
from audit.spec.spec import Requirement, Spec, spec_from_resolved
from audit.store.results import Results, read_results
from audit.store.store import Store

ALWAYS = ("card", "junit", "metrics", "sarif", "statement", "summary")
"""Formats that are always written, whatever ``report.formats`` says: gates and pipelines read them."""

SOURCE = "spec.source.yaml"
"""The spec as written, with its comments."""


_READ = ("run.json", "context.json", "images.npy", SOURCE)
"""Files that judging and rendering read, besides the evidence, which is verified when it is read."""


@record
class RunFile:
    """run.json: everything that judging needs besides the evidence.

    ``file`` and ``lines`` locate the spec, as in ``Context``; the results are compared with ``baseline``.
    """

    spec: Mapping[str, Any]
    facts: Facts
    provenance: Provenance
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)
    baseline: Results | None = None


def judge(folder: Path, spec: Spec | None = None) -> Audit:
    """Re-judge stored evidence, with the run's own spec or another one; thresholds can change, and nothing is measured.

    Raises:
        InputError: the folder holds no run, a file in it was changed, or the spec needs evidence that was not measured.
    """
    store = Store(folder=folder)
    store.check(_READ)
    stored = store.read_record("run.json", RunFile)
    judged_by = spec or spec_from_resolved(stored.spec)
    _check_same_world(judged_by, stored)
    baseline = baseline_of(spec) if spec else stored.baseline
    file, lines = (spec.file, spec.lines()) if spec else (stored.file, stored.lines)
    with store.lock():
        store.unseal()
        if spec is not None:
            store.write(SOURCE, spec.text.encode())
        audit = decide(store, judged_by, baseline)
        keep_context(store, judged_by, audit, Context(file=file, lines=lines, earlier=context_of(store).earlier))
        render_stored(store, audit)
        store.seal()
    return audit


def render(folder: Path) -> Rendered:
    """Render the report again from stored results.

    Raises:
        InputError: the folder holds no run, or a file in it was changed.
    """
    store = Store(folder=folder)
    store.check(("results.json", *_READ))
    audit = read_results(store.folder).audit
    with store.lock():
        store.unseal()
        rendered = render_stored(store, audit)
        store.seal()
    return rendered


def baseline_of(spec: Spec) -> Results | None:
    """Read the parts of a spec's baseline results that a comparison needs.

    Raises:
        InputError: the file is missing or is not a results.json.
    """
    if spec.baseline is None:
        return None
    found = read_results(spec.source_folder / spec.baseline)
    return replace(found, audit=changes.trimmed(found.audit))


def decide(store: Store, spec: Spec, baseline: Results | None) -> Audit:
    """Judge the stored evidence, compare it with the baseline, and write results.json."""
    stored = store.read_record("run.json", RunFile)
    ids = {entry.id for entry in spec.methods}
    asked = tuple(method for method in stored.facts.methods if method.control or method.id in ids)
    facts = replace(stored.facts, methods=asked)
    planned = plan(spec, facts)
    found = {unit.key: _scores(store, unit) for _, unit in planned.units()}
    given = verdicts.JudgingInput(
        spec=spec.resolved(),
        facts=facts,
        requirements=[(_requirement_facts(requirement), requirement.check) for requirement in spec.requirements],
        planned={(task.requirement, task.method): [unit.key for unit in task.units] for task in planned.tasks},
        evidence={key: evidence for key, evidence in found.items() if evidence is not None},
        provenance=replace(stored.provenance, spec_digest=spec.digest),
        today=datetime.date.today(),
        skipped=skipped(spec, facts),
    )
    audit = verdicts.judge(given)
    if baseline is not None:
        audit = replace(audit, comparison=changes.compare(baseline.audit, audit, baseline.digest))
    store.write_record("results.json", audit)
    return audit


def render_stored(store: Store, audit: Audit) -> Rendered:
    """Render ``results.json``, with the maps in the store."""
    spec = spec_from_resolved(audit.spec)

    def pictures() -> Gallery:
        evidence = {
            (task.requirement, task.method): [found for unit in task.units if (found := store.get(unit)) is not None]
            for task in plan(spec, audit.facts).tasks
        }
        images = np.load(store.folder / "images.npy", allow_pickle=False)
        return gallery.build(audit, evidence, images, range(len(images)))

    source = store.folder / SOURCE
    written = source.read_bytes() if source.is_file() else None
    material = Material(audit=audit, gallery=pictures, source=written, context=context_of(store))
    return render_files(material, store.folder, (*spec.report.formats, *ALWAYS))


def withdraw(store: Store) -> None:
    """Remove the verdicts of an earlier run, so that an interrupted run leaves none that look like its own."""
    (store.folder / "results.json").unlink(missing_ok=True)
    withdraw_files(store.folder)


def keep_context(store: Store, spec: Spec, audit: Audit, context: Context) -> None:
    """Write context.json, with the log lines about the units that a spec plans."""
    lines, left_out = log.report_lines(log.read(store.folder), plan(spec, audit.facts), skipped(spec, audit.facts))
    store.write_record("context.json", replace(context, log=lines, left_out=left_out))


def context_of(store: Store) -> Context:
    """Return what a report shows besides the results; empty for a run of an earlier version."""
    kept = (store.folder / "context.json").is_file()
    return store.read_record("context.json", Context) if kept else Context()


def _check_same_world(spec: Spec, stored: RunFile) -> None:
    """Refuse to judge by a spec that does not match what was measured."""
    asked = spec.resolved()
    measured, was_measured = spec.measured(asked), spec.measured(stored.spec)
    other = [name for name in {**was_measured, **measured} if measured.get(name) != was_measured.get(name)]
    other += [f"methods: {each}" for each in asked["methods"] if each not in stored.spec["methods"]]
    if other:
        raise InputError(
            "R006",
            "the spec does not match what the run measured",
            received=f"a different value of {other[0]}",
            fix="use `run` with this spec: evidence that is still valid is reused",
        )


def _requirement_facts(requirement: Requirement) -> RequirementFacts:
    return RequirementFacts(
        id=requirement.id,
        check=requirement.check_name,
        title=_title(requirement),
        settings=as_json(requirement.check),
        severity=requirement.severity,
        required_of=requirement.required_of,
        **recorded(type(requirement.check)),
    )


def _title(requirement: Requirement) -> str:
    """Return the requirement's id as a heading, or the check's own title."""
    plain = requirement.id.replace("_", " ").capitalize()
    own = requirement.check.title if requirement.id == requirement.check_name else ""
    return own or plain


def _scores(store: Store, unit: Unit) -> Evidence | None:
    """Return a unit's evidence without the parameters of a training, which verdicts do not need."""
    evidence = store.get(unit)
    return None if evidence is None else replace(evidence, params={})
