"""Judging and drawing from what a run stored: no framework is needed, and nothing is measured."""

import datetime
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from audit import judging
from audit.checks.check import parts
from audit.declare import as_json
from audit.errors import InputError
from audit.planning import plan, skipped
from audit.record import Audit, Evidence, Facts, Provenance, RequirementFacts, Unit, record
from audit.report import gallery
from audit.report.render import Rendered
from audit.report.render import render as render_files
from audit.spec import Requirement, Spec, spec_from_resolved
from audit.store import Store

ALWAYS = ("junit", "metrics", "summary")
"""Formats that are written whatever ``report.formats`` says: a gate without them would be blind."""

_MEASURED = ("model", "dataset", "target", "seed", "training")
"""What another spec may not change without a new run."""


@record
class RunFile:
    """run.json: everything that judging needs beside the evidence."""

    spec: Mapping[str, Any]
    facts: Facts
    provenance: Provenance


def judge(folder: Path, spec: Spec | None = None) -> Audit:
    """Decide again from stored evidence, with the run's own spec or another: thresholds may change, nothing is run."""
    store = Store(folder=folder)
    stored = store.read_record("run.json", RunFile)
    judged_by = spec or spec_from_resolved(stored.spec)
    _check_same_world(judged_by, stored)
    with store.lock():
        store.unseal()
        audit = decide(store, judged_by)
        draw(store, audit)
        store.seal()
    return audit


def render(folder: Path) -> Rendered:
    """Draw the report again from stored results."""
    store = Store(folder=folder)
    audit = store.read_record("results.json", Audit)
    with store.lock():
        store.unseal()
        rendered = draw(store, audit)
        store.seal()
    return rendered


def decide(store: Store, spec: Spec) -> Audit:
    """Decide from what the store holds, and write results.json."""
    stored = store.read_record("run.json", RunFile)
    ids = {entry.id for entry in spec.methods}
    asked = tuple(method for method in stored.facts.methods if method.control or method.id in ids)
    facts = replace(stored.facts, methods=asked)
    planned = plan(spec, facts)
    found = {unit.key: _scores(store, unit) for _, unit in planned.units()}
    audit = judging.judge(
        spec.resolved(),
        facts,
        requirements=[(_requirement_facts(requirement), requirement.check) for requirement in spec.requirements],
        planned={(task.requirement, task.method): [unit.key for unit in task.units] for task in planned.tasks},
        evidence={key: evidence for key, evidence in found.items() if evidence is not None},
        provenance=replace(stored.provenance, spec_digest=spec.digest),
        today=datetime.date.today(),
        skipped=skipped(spec, facts),
    )
    store.write_record("results.json", audit)
    return audit


def draw(store: Store, audit: Audit) -> Rendered:
    """Draw what ``results.json`` says, with the maps that the store holds."""
    spec = spec_from_resolved(audit.spec)
    planned = plan(spec, audit.facts)
    evidence = {
        (task.requirement, task.method): [found for unit in task.units if (found := store.get(unit)) is not None]
        for task in planned.tasks
    }
    images = np.load(store.folder / "images.npy", allow_pickle=False)
    strips = gallery.build(audit, evidence, images, range(len(images)))
    return render_files(audit, strips, store.folder, (*spec.report.formats, *ALWAYS))


def _check_same_world(spec: Spec, stored: RunFile) -> None:
    """Refuse to judge by a spec that asks for something else than what was measured."""
    asked = spec.resolved()
    other = [name for name in _MEASURED if asked.get(name) != stored.spec.get(name)]
    other += [f"methods: {each}" for each in asked["methods"] if each not in stored.spec["methods"]]
    if other:
        raise InputError(
            "R006", "this spec asks for something else than what the run measured", received=f"another {other[0]}",
            fix="`run` it: what is still valid is used again",
        )  # fmt: skip


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
