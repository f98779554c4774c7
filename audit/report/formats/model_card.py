"""model_card.md: a fragment for the model's own card, with the fields that model hubs read as YAML.

Source: Hugging Face, "Model Cards", the metadata ``library_name``, ``tags`` and ``model-index``.
"""

import json
from collections.abc import Iterator

from audit.record import Audit
from audit.report.advice import SHOWN, advise
from audit.report.differences import sentence
from audit.report.markdown import escaped, matrix
from audit.report.words import about, clean, counts, finite, standing

_METRICS = {"pass": "passed", "fail": "failed", "inconclusive": "inconclusive", "error": "not judged", "void": "void"}


def card(audit: Audit) -> str:
    """Return the fragment in Markdown: metadata to merge into the card's own, then a section on explanations."""
    return "\n".join([*_metadata(audit), *_section(audit)]) + "\n"


def _metadata(audit: Audit) -> Iterator[str]:
    """Yield the metadata as a block to merge: a card has one already, at its top. JSON is YAML."""
    network, data = audit.facts.network, audit.facts.data
    task = "image-classification" if len(network.input_shape) == 3 else "tabular-classification"
    found = [{"type": "accuracy", "value": data.accuracy}] if finite(data.accuracy) else []
    found += [
        {"type": "saliency-audit", "name": f"verdicts {_METRICS[kind]}", "value": count}
        for kind, count in counts(audit).items()
        if kind in _METRICS
    ]
    result = {
        "task": {"type": task},
        "dataset": {"name": clean(data.source), "type": clean(data.source)},
        "metrics": found,
    }
    yield "```yaml"
    yield "library_name: keras"
    yield "tags: [saliency-audit]"
    yield f"model-index: {json.dumps([{'name': clean(network.name), 'results': [result]}], allow_nan=False)}"
    yield "```\n"


def _section(audit: Audit) -> Iterator[str]:
    shown = standing(audit.outcome)
    yield "## Explanations\n"
    yield f"{shown.symbol} **{shown.word}.** {escaped(audit.sentence, 1000)}\n"
    if about(audit).get("intended_use"):
        yield f"Intended use: {escaped(about(audit)['intended_use'], 1000)}\n"
    yield from _advice(audit)
    yield "\nVerdicts by method and requirement:\n"
    yield from matrix(audit)
    if audit.comparison is not None:
        yield f"\nSince the baseline: {escaped(sentence(audit.comparison), 400)}"
    yield "\nA pass is necessary, not sufficient: it shows that a method depends on the model where it was tested,"
    yield "not that its maps are faithful or useful."
    digests = (audit.facts.network.digest, audit.provenance.spec_digest)
    yield "\nSHA-256 of the parameters {}, of the resolved spec {}.".format(*(escaped(each, 64) for each in digests))


def _advice(audit: Audit) -> Iterator[str]:
    for each in advise(audit):
        shown = SHOWN[each.use]
        yield f"- {escaped(each.method.id, 60)}: {shown.symbol} **{shown.word}.** {escaped(each.because, 400)}"
