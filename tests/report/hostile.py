"""An audit and its gallery in which every free text is hostile: markup, say, that must come out as text."""

from dataclasses import replace
from typing import Any

from audit.record import Audit, Change, Columns, Comparison, Gallery, RequirementFacts, Shift, Side, Verdict


def hostile(benign: Audit, text: str) -> Audit:
    """Return an audit whose every free text, name and id carries ``text`` at its end."""
    facts, data = benign.facts, benign.facts.data
    stages = tuple(replace(stage, name=stage.name + text, variables=(text,)) for stage in facts.network.stages)
    network = replace(facts.network, name=text, head=text, stages=stages, digest=text)
    data = replace(data, source=text, selection=text, class_names=tuple(name + text for name in data.class_names))
    methods = tuple(
        replace(m, id=m.id + text, source=text, summary=text, unit=text, settings={text: text}) for m in facts.methods
    )
    return replace(
        benign,
        spec=_tainted_spec(benign, text),
        comparison=_comparison(benign, text),
        facts=replace(facts, network=network, data=data, methods=methods),
        requirements=tuple(_tainted_requirement(one, text) for one in benign.requirements),
        verdicts=tuple(_tainted(one, text) for one in benign.verdicts),
        controls=tuple(
            replace(c, requirement=c.requirement + text, method=c.method + text, verdict=_tainted(c.verdict, text))
            for c in benign.controls
        ),
        provenance=replace(benign.provenance, device=text, platform=text, versions={text: text}, numerics={text: text}),
        sentence=text,
        invalid=tuple(
            replace(r, sentence=text, fix=text, kind=text, requirement=r.requirement + text, method=r.method + text)
            for r in benign.invalid
        ),
    )


def hostile_gallery(benign: Gallery, text: str) -> Gallery:
    """Return the gallery that belongs to a hostile audit."""
    strips = tuple(
        replace(
            strip,
            method=strip.method + text,
            requirement=strip.requirement + text,
            panels=tuple(replace(panel, label=panel.label + text) for panel in strip.panels),
        )
        for strip in benign.strips
    )
    return replace(benign, strips=strips, selection=text)


def _tainted_spec(benign: Audit, text: str) -> dict[str, Any]:
    """Return a spec with ``text`` everywhere, and a waiver of the first verdict."""
    first = benign.verdicts[0]
    waiver = {"method": first.method + text, "check": first.requirement + text, "by": text, "reason": text}
    return {"audit": _tainted_header(text), "waivers": [{**waiver, "until": "2027-01-31"}]}


def _comparison(benign: Audit, text: str) -> Comparison:
    """Return a comparison in which everything is called ``text`` and one verdict became worse."""
    side = Side(id=text, digest=text, model=text, outcome="pass", valid=True, exit_code=0)
    first = benign.verdicts[0]
    criterion = replace(first.criteria[0], name=text)
    change = Change(
        requirement=first.requirement + text,
        method=first.method + text,
        kind="regression",
        before="pass",
        after="fail",
        reason=text,
        shifts=(Shift(before=criterion, after=replace(criterion, threshold=0.4)),),
    )
    return Comparison(before=side, after=side, notes=(text,), changes=(change,), same=17)


def _tainted_header(text: str) -> dict[str, Any]:
    names = dict.fromkeys(("prepared_by", "reviewed_by", "approved_by"), text)
    plain = dict.fromkeys(("id", "title", "intended_use", "model_card"), text)
    return {**plain, "owner": {"name": text, "role": text}, "signoff": names, "frameworks": [text]}


def _tainted(verdict: Verdict, text: str) -> Verdict:
    curve = tuple(replace(point, label=point.label + text) for point in verdict.curve)
    criteria = tuple(replace(criterion, name=criterion.name + text) for criterion in verdict.criteria)
    names = {"requirement": verdict.requirement + text, "method": verdict.method + text}
    return replace(verdict, **names, reason=text, waived=verdict.waived and text, curve=curve, criteria=criteria)


def _tainted_requirement(requirement: RequirementFacts, text: str) -> RequirementFacts:
    doc = {title + text: text for title in requirement.doc}
    settings = {key + text: text for key in requirement.settings}
    said = dict.fromkeys(("title", "quantity", "follows", "axis"), text)
    columns = Columns(caption=text, similarity=text, null=text, excess=text)
    return replace(requirement, id=requirement.id + text, doc=doc, settings=settings, columns=columns, **said)
