"""Judging and drawing from what a run stored: no framework is needed, and nothing is measured."""

import datetime
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

import numpy as np

from audit.checks.check import parts
from audit.declare import as_json
from audit.errors import InputError
from audit.judging import changes, verdicts
from audit.planning.units import plan, skipped
from audit.record import Audit, Context, Evidence, Facts, Gallery, Provenance, RequirementFacts, Unit, record
from audit.report.page import gallery
from audit.report.render import Rendered
from audit.report.render import render as render_files
from audit.report.render import withdraw as withdraw_files
from audit.running import log
from audit.spec.spec import Requirement, Spec, spec_from_resolved
from audit.store.results import Results, read_results
from audit.store.store import Store

ALWAYS = ("card", "junit", "metrics", "sarif", "statement", "summary")
"""Formats that are written whatever ``report.formats`` says: a gate without them would be blind."""

_MEASURED = ("model", "dataset", "target", "seed", "training")
"""What another spec may not change without a new run."""

SOURCE = "spec.source.yaml"
"""The spec as it was written, comments and all."""


_READ = ("run.json", "context.json", "images.npy", SOURCE)
"""What judging and drawing read beside the evidence, which is verified where it is read."""


@record
class RunFile:
    """run.json: everything that judging needs beside the evidence.

    ``file`` and ``lines`` are the spec's place, as in ``Context``; ``baseline`` is what the results are compared with.
    """

    spec: Mapping[str, Any]
    facts: Facts
    provenance: Provenance
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)
    baseline: Results | None = None


def judge(folder: Path, spec: Spec | None = None) -> Audit:
    """Decide again from stored evidence, with the run's own spec or another: thresholds may change, nothing is run.

    Raises:
        InputError: the folder is no run's, a file in it was changed, or the spec asks for what was not measured.
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
        draw(store, audit)
        store.seal()
    return audit


def render(folder: Path) -> Rendered:
    """Draw the report again from stored results.

    Raises:
        InputError: the folder is no run's, or a file in it was changed.
    """
    store = Store(folder=folder)
    store.check(("results.json", *_READ))
    audit = store.read_record("results.json", Audit)
    with store.lock():
        store.unseal()
        rendered = draw(store, audit)
        store.seal()
    return rendered


def baseline_of(spec: Spec) -> Results | None:
    """Read the results that a spec names as its baseline, as far as a comparison needs them.

    Raises:
        InputError: they are missing, or are no results.
    """
    if spec.baseline is None:
        return None
    found = read_results(spec.source_folder / spec.baseline)
    return replace(found, audit=changes.trimmed(found.audit))


def decide(store: Store, spec: Spec, baseline: Results | None) -> Audit:
    """Decide from what the store holds, compare with the baseline, and write results.json."""
    stored = store.read_record("run.json", RunFile)
    ids = {entry.id for entry in spec.methods}
    asked = tuple(method for method in stored.facts.methods if method.control or method.id in ids)
    facts = replace(stored.facts, methods=asked)
    planned = plan(spec, facts)
    found = {unit.key: _scores(store, unit) for _, unit in planned.units()}
    audit = verdicts.judge(
        spec.resolved(),
        facts,
        requirements=[(_requirement_facts(requirement), requirement.check) for requirement in spec.requirements],
        planned={(task.requirement, task.method): [unit.key for unit in task.units] for task in planned.tasks},
        evidence={key: evidence for key, evidence in found.items() if evidence is not None},
        provenance=replace(stored.provenance, spec_digest=spec.digest),
        today=datetime.date.today(),
        skipped=skipped(spec, facts),
    )
    if baseline is not None:
        audit = replace(audit, comparison=changes.compare(baseline.audit, audit, baseline.digest))
    store.write_record("results.json", audit)
    return audit


def draw(store: Store, audit: Audit) -> Rendered:
    """Draw what ``results.json`` says, with the maps that the store holds."""
    spec = spec_from_resolved(audit.spec)

    def pictured() -> Gallery:
        evidence = {
            (task.requirement, task.method): [found for unit in task.units if (found := store.get(unit)) is not None]
            for task in plan(spec, audit.facts).tasks
        }
        images = np.load(store.folder / "images.npy", allow_pickle=False)
        return gallery.build(audit, evidence, images, range(len(images)))

    source = store.folder / SOURCE
    written = source.read_bytes() if source.is_file() else None
    return render_files(audit, pictured, store.folder, (*spec.report.formats, *ALWAYS), written, context_of(store))


def withdraw(store: Store) -> None:
    """Remove the verdicts of an earlier run: one that is interrupted must leave none that look like its own."""
    (store.folder / "results.json").unlink(missing_ok=True)
    withdraw_files(store.folder)


def keep_context(store: Store, spec: Spec, audit: Audit, context: Context) -> None:
    """Write context.json, with what the log says of the units that a spec plans."""
    told, left_out = log.told(log.read(store.folder), plan(spec, audit.facts), skipped(spec, audit.facts))
    store.write_record("context.json", replace(context, log=told, left_out=left_out))


def context_of(store: Store) -> Context:
    """Return what a report shows beside the results; a run of an earlier version has none."""
    kept = (store.folder / "context.json").is_file()
    return store.read_record("context.json", Context) if kept else Context()


def _check_same_world(spec: Spec, stored: RunFile) -> None:
    """Refuse to judge by a spec that asks for something else than what was measured."""
    asked = spec.resolved()
    other = [name for name in _MEASURED if asked.get(name) != stored.spec.get(name)]
    other += [f"methods: {each}" for each in asked["methods"] if each not in stored.spec["methods"]]
    if other:
        raise InputError(
            "R006",
            "this spec asks for something else than what the run measured",
            received=f"another {other[0]}",
            fix="`run` it: what is still valid is used again",
        )


def _requirement_facts(requirement: Requirement) -> RequirementFacts:
    return RequirementFacts(
        id=requirement.id,
        check=requirement.check_name,
        title=_title(requirement),
        settings=as_json(requirement.check),
        severity=requirement.severity,
        doc=parts(type(requirement.check)),
        quantity=getattr(requirement.check, "quantity", "similarity"),
    )


def _title(requirement: Requirement) -> str:
    """Return the requirement's id as a heading; a check may have a name that is written otherwise."""
    plain = requirement.id.replace("_", " ").capitalize()
    return getattr(requirement.check, "title", plain) if requirement.id == requirement.check_name else plain


def _scores(store: Store, unit: Unit) -> Evidence | None:
    """Return a unit's evidence without the parameters of a training, which no verdict needs."""
    evidence = store.get(unit)
    return None if evidence is None else replace(evidence, params={})
