"""What `judge` accepts: other values of fields that are only judged, in any section, and of no measured field."""

from dataclasses import replace
from typing import Annotated, Any

import pytest

from audit.datasets.digits import Digits
from audit.declare import JUDGED, declared
from audit.errors import InputError
from audit.recipe import Recipe
from audit.record import Provenance
from audit.running import finish
from audit.running.finish import RunFile
from audit.spec.model import Model
from audit.spec.sections import Gate, Header, Maps, Runtime, Waiver
from audit.spec.spec import Spec
from tests.plans import facts_of, spec_of


@declared
class Limits:
    at_least: Annotated[float, JUDGED] = 0.8
    measured: int = 1


@declared
class LimitedModel(Model):
    accuracy_at_least: Annotated[float, JUDGED] = 0.8
    limits: Limits = Limits()


@declared
class LimitedDigits(Digits):
    leak_at_most: Annotated[float | None, JUDGED] = None


@declared
class LimitedRecipe(Recipe):
    loss_at_most: Annotated[float, JUDGED] = 1.0


SPEC = spec_of("repeatability")
PROVENANCE = Provenance(versions={}, backend="", device="", numerics={}, seed=0, spec_digest="", platform="")


def spec(model: dict[str, Any] | None = None, data: dict[str, Any] | None = None, **changes: Any) -> Spec:
    """Return a spec whose sections have limits of their own, with fields of the model, the data or the spec changed."""
    dataset = replace(SPEC.dataset, source=LimitedDigits(**(data or {})))
    sections = {
        "model": LimitedModel(path="model.keras", **(model or {})),
        "dataset": dataset,
        "training": LimitedRecipe(),
    }
    return replace(SPEC, **{**sections, **changes})


def check(asked: Spec) -> None:
    """Ask whether evidence of the unchanged spec may be judged by this one."""
    finish._check_same_world(asked, RunFile(spec=spec().resolved(), facts=facts_of(), provenance=PROVENANCE))


@pytest.mark.parametrize(
    "asked",
    [
        spec(),
        spec(model={"accuracy_at_least": 0.9}),
        spec(model={"limits": Limits(at_least=0.1)}),
        spec(data={"leak_at_most": 0.5}),
        spec(training=LimitedRecipe(loss_at_most=0.2)),
    ],
)
def test_another_limit_is_accepted_under_any_section_and_in_what_a_section_holds(asked):
    check(asked)


@pytest.mark.parametrize(
    ("asked", "section"),
    [
        (spec(model={"output": "logits"}), "model"),
        (spec(model={"limits": Limits(measured=2)}), "model"),
        (spec(data={"split": "train"}), "dataset"),
        (spec(dataset=replace(spec().dataset, inputs=3)), "dataset"),
        (spec(training=LimitedRecipe(epochs=3)), "training"),
        (spec(training=None), "training"),
        (spec(target="label"), "target"),
        (spec(seed=1), "seed"),
    ],
)
def test_another_value_of_what_is_measured_is_refused_by_its_section(asked, section):
    with pytest.raises(InputError, match=rf"R006(.|\n)*{section}"):
        check(asked)


WAIVER = Waiver(check="repeatability", method="gradient", until="2027-01-31", by="me", reason="why")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"audit": Header(id="other", title="Another")},
        {"extends": "preset:other"},
        {"gate": Gate(inconclusive="pass")},
        {"maps": Maps(sign="signed")},
        {"runtime": Runtime(batch=3)},
        {"waivers": (WAIVER,)},
        {"inapplicable": "skip"},
        {"baseline": "results.json"},
    ],
)
def test_sections_that_no_measurement_depends_on_may_change(changes):
    check(spec(**changes))
