"""A realistic audit made of records alone: six methods, three controls, three requirements, every outcome."""

from dataclasses import replace
from typing import Any

import numpy as np

from audit.judging.gate import close
from audit.judging.validity import invalidities
from audit.record import Audit, Gallery, Invalidity, Outcome, Panel, Strip
from tests.report.example_facts import (
    CASCADE,
    CONTROLS,
    METHODS,
    REPEAT,
    SINGLE,
    STAGES,
    facts,
    provenance,
    requirement,
    spec,
)
from tests.report.example_verdicts import COURSE, control, verdict
from tests.report.hostile import hostile as hostile
from tests.report.hostile import hostile_gallery as hostile_gallery


def audit(**changes: Any) -> Audit:
    """Return the example; ``changes`` replace fields of it."""
    requirements = tuple(requirement(check) for check in (CASCADE, SINGLE, REPEAT))
    made = Audit(
        schema_version=1,
        spec=spec(),
        facts=facts(),
        requirements=requirements,
        verdicts=tuple(verdict(check, method) for check in (CASCADE, SINGLE, REPEAT) for method in METHODS),
        controls=tuple(control(check, method) for check in (CASCADE, SINGLE) for method in CONTROLS),
        provenance=provenance(),
        outcome="fail",
        exit_code=1,
        sentence="guided_backprop does not depend on the model: after every stage is re-drawn its maps still agree at "
        "0.71 [0.66, 0.75], where at most 0.30 is allowed.",
    )
    return replace(made, **changes)


def small() -> Audit:
    """Return the example with one requirement: pages of it are set quickly."""
    whole = audit()
    verdicts = tuple(each for each in whole.verdicts if each.requirement == CASCADE)
    return audit(requirements=whole.requirements[:1], verdicts=verdicts[-3:], controls=whole.controls[:1])


def invalid() -> Audit:
    """Return the example with a control that misbehaves."""
    wrong = audit().controls[1]
    failed = replace(wrong.verdict, outcome="fail", reason="The random map kept a similarity of 0.40 with itself.")
    controls = (audit().controls[0], replace(wrong, verdict=failed, behaves=False), *audit().controls[2:])
    return _ended(invalidities(audit().spec, audit().facts, controls), controls=controls)


def fed_wrongly() -> Audit:
    """Return the example without controls, and invalid for a reason that is none of them."""
    return _ended((FED_WRONGLY,), controls=())


FED_WRONGLY = Invalidity(
    kind="model",
    sentence="The model was fed values in [0, 255] and was trained on values in [0, 1].",
    fix="Add the rescaling to the spec, then run the audit again.",
)


def _ended(invalid: tuple[Invalidity, ...], **changes: Any) -> Audit:
    return audit(invalid=invalid, **vars(close(audit().verdicts, invalid, "fail")), **changes)


def passing() -> Audit:
    """Return an audit in which everything passes."""
    verdicts = tuple(replace(each, outcome="pass", reason="It passes.") for each in audit().verdicts)
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


def _shape(size: int, place: int) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] / size
    ring = np.hypot(rows - 0.5, columns - 0.5 + 0.05 * place)
    return np.exp(-(((ring - 0.25) / 0.07) ** 2)).astype(np.float32)


def _strip(generator: np.random.Generator, check: str, method: str, name: str, size: int) -> Strip:
    panels = []
    for label, kept in zip(("trained", *STAGES), (1.0, *COURSE[method]), strict=True):
        if kept is None:
            panels.append(Panel(label=label, image=np.zeros((size, size), np.float32), similarity=None))
            continue
        noise = generator.normal(size=(size, size)) * 0.5
        image = kept * _shape(size, int(name[-1])) + (1 - kept) * noise
        image = image if method in METHODS[:3] else np.abs(image)
        panels.append(Panel(label=label, image=image.astype(np.float32), similarity=kept))
    return Strip(input_id=name, method=method, requirement=check, panels=tuple(panels))
