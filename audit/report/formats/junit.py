"""junit.xml for continuous integration: what does not pass the gate is never green.

A suite for each requirement, a test case for each method; a suite "controls". What makes the audit invalid is an error
of the control concerned, or else of the suite "audit", which also holds an error for an audit that must not pass, yet
shows nothing red (nothing was evaluated, say), and the case "model" with what is known of the model's answers.
"""

from collections.abc import Sequence
from xml.etree import ElementTree

from audit.record import Audit, Control, Criterion, Invalidity, Verdict
from audit.report.words import about, answers, clean, gates, kind_of, limit, measured, note, number, of_no_control

Element = ElementTree.Element

_TOTALS = (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))


def junit(audit: Audit) -> bytes:
    """Return the XML, legal for every XML 1.0 parser whatever the names in the audit."""
    root = Element("testsuites", name=clean(about(audit).get("id") or audit.facts.network.name))
    for requirement in audit.requirements:
        verdicts = [verdict for verdict in audit.verdicts if verdict.requirement == requirement.id]
        root.append(_suite(requirement.id, [_case(audit, verdict) for verdict in verdicts]))
    root.append(_suite("controls", [_control(audit, control) for control in audit.controls]))
    own = [_invalid(reason) for reason in of_no_control(audit)]
    if audit.exit_code != 0 and not own and _count(root, "failure") + _count(root, "error") == 0:
        own = [_whole(audit)]
    root.append(_suite("audit", [_model(audit), *own]))
    _total(root)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _suite(name: str, cases: Sequence[Element]) -> Element:
    suite = Element("testsuite", name=clean(name))
    suite.extend(cases)
    _total(suite)
    return suite


def _total(element: Element) -> None:
    for attribute, tag in _TOTALS:
        element.set(attribute, str(_count(element, tag)))


def _count(element: Element, tag: str) -> int:
    return sum(1 for _ in element.iter(tag))


def _case(audit: Audit, verdict: Verdict) -> Element:
    case = Element("testcase", name=clean(verdict.method), classname=clean(verdict.requirement), time="0")
    case.append(_properties(verdict))
    mark = _mark(audit, verdict)
    if mark is not None:
        case.append(mark)
    output = ElementTree.SubElement(case, "system-out")
    output.text = clean("\n".join(_words(audit, verdict)))
    return case


def _mark(audit: Audit, verdict: Verdict) -> Element | None:
    """Return what makes a case other than green: a verdict that cannot fail the audit never fails the job."""
    kind = kind_of(audit, verdict)
    accepted = kind == "inconclusive" and (audit.spec.get("gate") or {}).get("inconclusive") == "pass"
    if kind == "pass":
        return None
    if kind == "skipped":
        return _message("skipped", verdict.reason)
    if kind == "void":
        return _message("skipped", f"The audit is invalid, so this pass does not count. {verdict.reason}")
    if accepted:
        return _message("skipped", f"Inconclusive, which the spec's gate accepts. {verdict.reason}")
    if not gates(verdict):
        return None
    tag, kind_of_failure = {"fail": ("failure", "threshold"), "error": ("error", "error")}.get(kind, ("failure", kind))
    return _message(tag, _short(verdict), type=kind_of_failure)


def _message(tag: str, message: str, **attributes: str) -> Element:
    return Element(tag, {"message": clean(message), **{name: clean(value) for name, value in attributes.items()}})


def _short(verdict: Verdict) -> str:
    numbers = "; ".join(_numbers(criterion) for criterion in verdict.criteria if criterion.outcome != "pass")
    return f"{verdict.reason} ({numbers})" if numbers else verdict.reason


def _numbers(criterion: Criterion) -> str:
    return f"{measured(criterion)}, required {limit(criterion)}"


def _words(audit: Audit, verdict: Verdict) -> list[str]:
    remark = f" ({note(verdict)})" if not gates(verdict) else ""
    first = f"{kind_of(audit, verdict).upper()}{remark}: {verdict.reason}"
    return [first, *map(_numbers, verdict.criteria), *([] if audit.valid else [f"INVALID AUDIT: {audit.sentence}"])]


def _properties(verdict: Verdict) -> Element:
    properties = Element("properties")
    known = {"outcome": verdict.outcome, "code": verdict.code, "severity": verdict.severity, "waived": verdict.waived}
    counted = {"inputs": verdict.inputs, "seeds": verdict.seeds, "undefined": f"{verdict.undefined} of {verdict.total}"}
    values = {**known, **counted}
    for criterion in verdict.criteria:
        values[criterion.name] = measured(criterion, 4)
        values[f"{criterion.name} {criterion.relation}"] = number(criterion.threshold, 4)
    for name, value in values.items():
        if value is not None:
            ElementTree.SubElement(properties, "property", name=clean(name), value=clean(value))
    return properties


def _control(audit: Audit, control: Control) -> Element:
    case = Element("testcase", name=clean(control.method), classname=clean(control.requirement), time="0")
    case.extend(_error(reason) for reason in audit.invalid if _concerns(reason, control))
    found = f"expected {control.expected}, found {control.verdict.outcome}: {control.verdict.reason}"
    ElementTree.SubElement(case, "system-out").text = clean(found)
    return case


def _concerns(reason: Invalidity, control: Control) -> bool:
    return (reason.requirement, reason.method) == (control.requirement, control.method)


def _error(reason: Invalidity) -> Element:
    return _message("error", f"The audit is invalid: {reason.sentence} {reason.fix}", type=reason.kind)


def _invalid(reason: Invalidity) -> Element:
    case = Element("testcase", name=clean(reason.kind), classname="audit", time="0")
    case.append(_error(reason))
    return case


def _model(audit: Audit) -> Element:
    case = Element("testcase", name="model", classname="audit", time="0")
    ElementTree.SubElement(case, "system-out").text = clean("\n".join(answers(audit)))
    return case


def _whole(audit: Audit) -> Element:
    case = Element("testcase", name="outcome", classname="audit", time="0")
    case.append(_message("error", f"{audit.outcome}: {audit.sentence}", type=audit.outcome))
    return case
