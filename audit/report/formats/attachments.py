"""The files inside the PDF: who keeps the report keeps what it was asked, what was found and where it comes from."""

import hashlib
from typing import Literal

from audit.record import Audit, record
from audit.report.formats.metrics_csv import metrics
from audit.store.store import to_json

Relationship = Literal["Source", "Data", "Supplement"]
"""What a file is to the report: what it was made from, the data it shows, or something that completes it."""


@record
class Enclosed:
    """A file inside a PDF. ``kind`` is its MIME type, named here since tables of types differ between machines."""

    name: str
    content: bytes
    kind: str
    relationship: Relationship
    description: str


def enclosed(audit: Audit, source: bytes | None = None) -> tuple[Enclosed, ...]:
    """Return the files of an audit in the order of their names; ``source`` is the spec as it was written."""
    results = to_json(audit)
    files = [
        _json("results.json", results, "Data", "Every fact, verdict, number and reason of this report"),
        _json("spec.resolved.json", to_json(audit.spec), "Source", "The spec with every default filled in"),
        _json("provenance.json", _origin(audit, results), "Supplement", "Versions, seeds and digests"),
        Enclosed(
            name="metrics.csv",
            content=metrics(audit).encode(),
            kind="text/csv",
            relationship="Data",
            description="Every number of the figures and tables",
        ),
    ]
    if source is not None:
        files.append(
            Enclosed(
                name="spec.source.yaml",
                content=source,
                kind="application/yaml",
                relationship="Source",
                description="The spec as it was written",
            )
        )
    return tuple(sorted(files, key=lambda file: file.name))


def _json(name: str, content: bytes, relationship: Relationship, description: str) -> Enclosed:
    return Enclosed(
        name=name, content=content, kind="application/json", relationship=relationship, description=description
    )


def _origin(audit: Audit, results: bytes) -> bytes:
    digests = {
        "model": audit.facts.network.digest,
        "data": audit.facts.data.digest,
        "world": audit.facts.world,
        "spec": audit.provenance.spec_digest,
        "results": hashlib.sha256(results).hexdigest(),
    }
    return to_json({"provenance": dict(vars(audit.provenance)), "sha256": digests})
