"""junit.xml for continuous integration: what does not pass the gate is never green.

A suite for each requirement, a test case for each method; a suite "controls" for the audit's own validity. An audit
that must not pass, yet shows nothing red (nothing was evaluated, say), gets an error of its own.
"""

from collections.abc import Sequence
from xml.etree import ElementTree

from audit.record import Audit, Control, Criterion, Verdict
from audit.report.words import about, clean, gates, kind_of, limit, measured, note, number

Element = ElementTree.Element

_TOTALS = (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))


def junit(audit: Audit) -> bytes:
    """Return the XML, legal for every XML 1.0 parser whatever the names in the audit."""
    root = Element("testsuites", name=clean(about(audit).get("id") or audit.facts.network.name))
    for requirement in audit.requirements:
        verdicts = [verdict for verdict in audit.verdicts if verdict.requirement == requirement.id]
        root.append(_suite(requirement.id, [_case(audit, verdict) for verdict in verdicts]))
    root.append(_suite("controls", [_control(control) for control in audit.controls]))
    if audit.exit_code != 0 and _count(root, "failure") + _count(root, "error") == 0:
        root.append(_suite("audit", [_whole(audit)]))
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
    return Element(tag, {"message": clean(message), **attributes})


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
    known = {"outcome": verdict.outcome, "severity": verdict.severity, "waived": verdict.waived}
    counted = {"inputs": verdict.inputs, "seeds": verdict.seeds, "undefined": f"{verdict.undefined} of {verdict.total}"}
    values = {**known, **counted}
    for criterion in verdict.criteria:
        values[criterion.name] = measured(criterion, 4)
        values[f"{criterion.name} {criterion.relation}"] = number(criterion.threshold, 4)
    for name, value in values.items():
        if value is not None:
            ElementTree.SubElement(properties, "property", name=clean(name), value=clean(value))
    return properties


def _control(control: Control) -> Element:
    case = Element("testcase", name=clean(control.method), classname=clean(control.requirement), time="0")
    found = f"expected {control.expected}, found {control.verdict.outcome}: {control.verdict.reason}"
    if not control.behaves:
        case.append(_message("error", f"The control misbehaves, so the audit is invalid: {found}", type="control"))
    ElementTree.SubElement(case, "system-out").text = clean(found)
    return case


def _whole(audit: Audit) -> Element:
    case = Element("testcase", name="outcome", classname="audit", time="0")
    kind = audit.outcome if audit.valid else "invalid"
    case.append(_message("error", f"{kind}: {audit.sentence}", type=kind))
    return case
