"""A realistic audit made of records alone: six methods, three controls, three requirements, every outcome."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from audit.record import (
    Audit,
    Change,
    Comparison,
    Control,
    Criterion,
    DataFacts,
    Facts,
    Gallery,
    MethodFacts,
    NetworkFacts,
    Outcome,
    Panel,
    Point,
    Provenance,
    RequirementFacts,
    Shift,
    Side,
    StageFacts,
    Strip,
    Verdict,
)

STAGES = ("logits", "dense_1", "conv2d_3", "conv2d_2", "conv2d_1")
METHODS = ("gradient", "input_times_gradient", "integrated_gradients", "smoothgrad", "guided_backprop", "grad_cam")
CONTROLS = ("edge_detector", "random_map", "input")
CASCADE, SINGLE, REPEAT = "cascading_randomization", "independent_randomization", "repeatability"

_DOC = {
    "What it does.": "Re-draws the parameters of the network stage by stage, from the output to the input.",
    "Why it matters.": "A map that stays the same when the network is noise does not explain the network.",
    "Expected relation.": "Similarity to the trained map falls towards its null as stages are re-drawn.",
    "How it can mislead.": "Maps that share the input's zeros resemble each other for no reason of the network's.",
    "Source.": "Adebayo et al., Sanity Checks for Saliency Maps, 2018, arXiv:1810.03292, section 3.",
}

# Where each method's excess ends, relative to 1 at the trained network; None: not measured at all.
_COURSE = {
    "gradient": (0.31, 0.16, 0.08, 0.04, 0.02),
    "input_times_gradient": (0.22, 0.12, 0.07, 0.05, 0.03),
    "integrated_gradients": (0.35, 0.2, 0.1, 0.08, 0.05),
    "smoothgrad": (0.52, 0.41, 0.3, 0.28, 0.24),
    "guided_backprop": (0.95, 0.93, 0.88, 0.8, 0.71),
    "grad_cam": (0.6, None, None, None, None),
    "edge_detector": (1.0, 1.0, 1.0, 1.0, 1.0),
    "random_map": (0.01, -0.01, 0.0, 0.01, -0.005),
    "input": (1.0, 1.0, 1.0, 1.0, 1.0),
}
_OUTCOME: Mapping[str, tuple[Outcome, str]] = {
    "gradient": ("pass", "The mean excess 0.12 and the last 0.02 stay below their thresholds."),
    "input_times_gradient": ("inconclusive", "The null of 0.99 leaves no head-room: judge it on signed maps."),
    "integrated_gradients": ("pass", "The mean excess 0.16 and the last 0.05 stay below their thresholds."),
    "smoothgrad": ("inconclusive", "The interval [0.26, 0.34] straddles 0.30: explain more inputs or draw more seeds."),
    "guided_backprop": ("fail", "After every stage is re-drawn the maps still agree: 0.71 [0.66, 0.75] exceeds 0.30."),
    "grad_cam": ("error", "M014: the network has no convolution left after conv2d_3 was re-drawn."),
}


def audit(**changes: Any) -> Audit:
    """Return the example; ``changes`` replace fields of it."""
    requirements = tuple(_requirement(check) for check in (CASCADE, SINGLE, REPEAT))
    made = Audit(
        schema_version=1,
        spec=_spec(),
        facts=_facts(),
        requirements=requirements,
        verdicts=tuple(_verdict(check, method) for check in (CASCADE, SINGLE, REPEAT) for method in METHODS),
        controls=tuple(_control(check, method) for check in (CASCADE, SINGLE) for method in CONTROLS),
        provenance=_provenance(),
        valid=True,
        outcome="fail",
        exit_code=1,
        sentence="guided_backprop does not depend on the model: after every stage is re-drawn its maps still agree at "
        "0.71 [0.66, 0.75], where at most 0.30 is allowed.",
    )
    return replace(made, **changes)


def small() -> Audit:
    """Return the example with one requirement: pages of it are set quickly."""
    whole = audit()
    verdicts = tuple(verdict for verdict in whole.verdicts if verdict.requirement == CASCADE)
    return audit(requirements=whole.requirements[:1], verdicts=verdicts[-3:], controls=whole.controls[:1])


def invalid() -> Audit:
    """Return the example with a control that misbehaves."""
    wrong = audit().controls[1]
    verdict = replace(wrong.verdict, outcome="fail", reason="The random map kept a similarity of 0.40 with itself.")
    controls = (audit().controls[0], replace(wrong, verdict=verdict, behaves=False), *audit().controls[2:])
    sentence = "The audit is invalid: the random map fails cascading_randomization, which it must pass."
    return audit(valid=False, outcome="invalid", exit_code=3, controls=controls, sentence=sentence)


def passing() -> Audit:
    """Return an audit in which everything passes."""
    verdicts = tuple(replace(verdict, outcome="pass", reason="It passes.") for verdict in audit().verdicts)
    sentence = "All 18 verdicts pass: every method meets every requirement."
    return audit(verdicts=verdicts, outcome="pass", exit_code=0, sentence=sentence)


def one(outcome: Outcome, **changes: Any) -> Audit:
    """Return a passing audit with one verdict of another outcome."""
    first, *others = passing().verdicts
    reason = f"This one is {outcome}."
    criteria = tuple(replace(criterion, outcome=outcome) for criterion in first.criteria)
    changed = replace(first, outcome=outcome, reason=reason, criteria=criteria, **changes)
    return audit(verdicts=(changed, *others), outcome=outcome, exit_code=1, sentence=reason)


def nothing() -> Audit:
    """Return an audit that evaluated nothing."""
    sentence = "Nothing was evaluated: no method and no requirement was left."
    return audit(verdicts=(), controls=(), requirements=(), outcome="nothing", exit_code=5, sentence=sentence)


def gallery(inputs: int = 3, size: int = 16) -> Gallery:
    """Return maps that fade from a shape into noise, signed for three methods, absolute for the others."""
    generator = np.random.default_rng(0)
    names = [f"digits/{place:04d}" for place in range(inputs)]
    strips = [
        _strip(generator, check, method, name, size)
        for check in (CASCADE, SINGLE)
        for name in names
        for method in METHODS
    ]
    images = {name: _shape(size, place)[..., None] for place, name in enumerate(names)}
    return Gallery(inputs=images, strips=tuple(strips), selection="the first 3 of the explained inputs, as drawn")


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
        requirement=first.requirement + text, method=first.method + text, kind="regression", before="pass",
        after="fail", reason=text, shifts=(Shift(before=criterion, after=replace(criterion, threshold=0.4)),),
    )  # fmt: skip
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
    return replace(requirement, id=requirement.id + text, title=text, doc=doc, settings=settings)


def _spec() -> dict[str, Any]:
    return {
        "audit": {
            "id": "digits-cnn",
            "title": "Sanity audit of the digit classifier's explanations",
            "intended_use": "Show a reviewer which pixels drove the predicted digit.",
            "owner": {"name": "A. Modeller", "role": "model owner"},
        },
        "gate": {"inconclusive": "fail"},
    }


def _facts() -> Facts:
    network = NetworkFacts(
        name="digits_cnn.keras",
        digest="3f5a" * 16,
        input_shape=(16, 16, 1),
        classes=10,
        parameters=48_778,
        stages=tuple(
            StageFacts(name=name, variables=(f"{name}/kernel", f"{name}/bias"), parameters=640 * (place + 1))
            for place, name in enumerate(STAGES)
        ),
        head="a final softmax was removed",
        graph=True,
    )
    data = DataFacts(
        source="digits",
        digest="9c1b" * 16,
        ids=tuple(f"digits/{place:04d}" for place in range(100)),
        labels=tuple(place % 10 for place in range(100)),
        targets=tuple(place % 10 for place in range(100)),
        class_names=tuple(map(str, range(10))),
        value_range=(0.0, 1.0),
        accuracy=0.9861,
        selection="stratified by class, seed 0",
    )
    methods = tuple(_method(name, False) for name in METHODS) + tuple(_method(name, True) for name in CONTROLS)
    return Facts(network=network, data=data, methods=methods, world="77aa" * 16, batch=32)


def _method(name: str, control: bool) -> MethodFacts:
    return MethodFacts(
        id=name,
        name=name,
        settings={"samples": 50, "noise": 0.15, "base": "gradient"} if name == "smoothgrad" else {},
        control=control,
        signed=name not in ("grad_cam", "edge_detector"),
        stochastic=name in ("smoothgrad", "random_map"),
        unit="logit / input",
        source="Simonyan et al., 2013, arXiv:1312.6034",
        summary="How the logit changes with each input.",
        evaluations={"smoothgrad": 50, "integrated_gradients": 50}.get(name, 0 if control else 1),
    )


def _requirement(check: str) -> RequirementFacts:
    settings = {"similarity": "spearman", "mean_at_most": 0.5, "last_at_most": 0.3, "redraw": "permute", "seeds": 5}
    return RequirementFacts(
        id=check,
        check=check,
        title=check.replace("_", " ").capitalize(),
        settings={"at_least": 0.9} if check == REPEAT else settings,
        severity="warning" if check == REPEAT else "error",
        doc=_DOC,
    )


def _verdict(check: str, method: str) -> Verdict:
    if check == REPEAT:
        return _repeat(method)
    outcome, reason = _OUTCOME[method]
    waived = "until 2027-01-31 by A. Modeller: replaced in the next release"
    return _cascade(check, method, outcome, reason, waived if (check, method) == (SINGLE, "guided_backprop") else None)


def _cascade(check: str, method: str, outcome: Outcome, reason: str, waived: str | None = None) -> Verdict:
    measured = outcome != "error"
    return Verdict(
        requirement=check,
        check=check,
        method=method,
        severity="error",
        outcome=outcome,
        reason=reason,
        criteria=_criteria(method, outcome) if measured else (),
        curve=_curve(method, STAGES),
        inputs=100,
        seeds=5,
        undefined=0 if measured else 400,
        total=2500,
        waived=waived,
    )


def _criteria(method: str, outcome: Outcome) -> tuple[Criterion, ...]:
    course = [value for value in _COURSE[method] if value is not None]
    found = (("mean", 0.5, float(np.mean(course))), ("last", 0.3, course[-1]))
    return tuple(
        Criterion(
            name=name,
            relation="at_most",
            threshold=threshold,
            statistic=value,
            interval=(value - 0.04, value + 0.04),
            outcome=outcome,
            p_value=0.0004 if outcome == "pass" else 0.31,
            p_adjusted=0.002 if outcome == "pass" else 0.8,
        )
        for name, threshold, value in found
    )


def _curve(method: str, stages: tuple[str, ...]) -> tuple[Point, ...]:
    null = 0.99 if method == "input_times_gradient" else 0.03
    points = [_point("trained", 1.0, null)]
    return (*points, *(_point(name, value, null) for name, value in zip(stages, _COURSE[method], strict=True)))


def _point(label: str, excess: float | None, null: float) -> Point:
    if excess is None:
        return Point(label=label, similarity=None, null=None, excess=None, interval=None, undefined=100, total=100)
    similarity = excess * (1 - null) + null
    interval = (excess - 0.05, min(1.0, excess + 0.05))
    return Point(
        label=label, similarity=similarity, null=null, excess=excess, interval=interval, undefined=0, total=500
    )


def _repeat(method: str) -> Verdict:
    stochastic = method == "smoothgrad"
    value = 0.87 if stochastic else 1.0
    outcome: Outcome = "fail" if stochastic else "skipped" if method == "grad_cam" else "pass"
    criterion = Criterion(
        name="value",
        relation="at_least",
        threshold=0.9,
        statistic=value,
        interval=(value - 0.01, value),
        outcome=outcome,
    )
    point = Point(
        label="other key",
        similarity=value,
        null=0.0,
        excess=value,
        interval=(value - 0.01, value),
        undefined=0,
        total=100,
    )
    reasons = {"fail": "Another random key changes the map: 0.87 is below 0.90.", "skipped": "It has no randomness."}
    return Verdict(
        requirement=REPEAT,
        check=REPEAT,
        method=method,
        severity="warning",
        outcome=outcome,
        reason=reasons.get(outcome, "The same key gives the same map."),
        criteria=() if outcome == "skipped" else (criterion,),
        curve=() if outcome == "skipped" else (point,),
        inputs=100,
        seeds=1,
        total=100,
    )


def _control(check: str, method: str) -> Control:
    expected: Outcome = "pass" if method == "random_map" else "fail"
    verdict = _cascade(check, method, expected, f"{method} behaves as it must.")
    return Control(requirement=check, method=method, expected=expected, verdict=verdict, behaves=True)


def _provenance() -> Provenance:
    return Provenance(
        versions={"saliency-audit": "0.1.0", "keras": "3.15.1", "tensorflow": "2.21.0", "numpy": "2.4.0"},
        backend="tensorflow",
        device="CPU, 2 cores",
        numerics={"precision": "float32", "compilation": "TensorFlow graphs without XLA"},
        seed=0,
        spec_digest="e1d0" * 16,
        platform="Linux x86_64, Python 3.11",
    )


def _shape(size: int, place: int) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] / size
    ring = np.hypot(rows - 0.5, columns - 0.5 + 0.05 * place)
    return np.exp(-(((ring - 0.25) / 0.07) ** 2)).astype(np.float32)


def _strip(generator: np.random.Generator, check: str, method: str, name: str, size: int) -> Strip:
    panels = []
    for label, kept in zip(("trained", *STAGES), (1.0, *_COURSE[method]), strict=True):
        if kept is None:
            panels.append(Panel(label=label, image=np.zeros((size, size), np.float32), similarity=None))
            continue
        noise = generator.normal(size=(size, size)) * 0.5
        image = kept * _shape(size, int(name[-1])) + (1 - kept) * noise
        image = image if method in METHODS[:3] else np.abs(image)
        panels.append(Panel(label=label, image=image.astype(np.float32), similarity=kept))
    return Strip(input_id=name, method=method, requirement=check, panels=tuple(panels))
