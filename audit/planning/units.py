"""Plan the units of work, in order, from a spec and the facts: the same spec and facts give the same plan."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from audit.declare import foreign_classes
from audit.errors import InputError
from audit.record import (
    Claim,
    Doubt,
    Facts,
    MethodFacts,
    Removed,
    Trained,
    Unit,
    digest,
    record,
)

if TYPE_CHECKING:
    from audit.spec.spec import Requirement, Spec

TRAINING = "training"
"""The check name of a unit that only trains a network."""

REMOVAL = "removal"
"""The check name of a unit that measures the removal of a reference ranking, without a method."""


@record
class Task:
    """All units of one method for one requirement; one verdict is computed from them."""

    requirement: str
    method: str
    units: tuple[Unit, ...]


@record
class Plan:
    """Every task of an audit."""

    tasks: tuple[Task, ...]

    def units(self) -> tuple[tuple[str, Unit], ...]:
        """Return each distinct unit once, with its method's id, grouped by condition.

        Units of one condition are grouped, so that parameters are re-drawn once for all methods; units that remove
        features are grouped by method, so that its maps are ranked once. Trainings come first. Units shared by methods
        have an empty method id.
        """
        grouped: dict[object, dict[str, tuple[str, Unit]]] = {}
        for task in self.tasks:
            for unit in task.units:
                group = _group(task.method, unit)
                grouped.setdefault(group, {}).setdefault(unit.key, (task.method if unit.method else "", unit))
        return tuple(pair for units in grouped.values() for pair in units.values())


def plan(spec: "Spec", facts: Facts) -> Plan:
    """Return a spec's tasks, including the automatic controls.

    Raises:
        InputError: a requirement cannot compare maps of the model's inputs.
    """
    for requirement in spec.requirements:
        _refuse_misfit(requirement, facts)
    return Plan(
        tasks=tuple(
            Task(requirement=requirement.id, method=method.id, units=_units(requirement, method, facts))
            for requirement in spec.requirements
            for method in facts.methods
            if _concerns(requirement, method) and inapplicable(requirement, method, facts) is None
        )
    )


def _refuse_misfit(requirement: "Requirement", facts: Facts) -> None:
    check, shape = requirement.check, facts.network.input_shape
    if len(shape) == 2 and check.channels is not None:
        raise InputError(
            "M032",
            "maps of inputs with shape (length, channels) cannot be compared",
            where=f"requirement `{requirement.id}`",
            expected="images (height, width, channels) or features (F,)",
            received=str(shape),
            fix=f"wrap the model in `keras.Input({(1, *shape)})` and `keras.layers.Reshape({shape})`",
        )
    if check.similarity is None:
        return
    try:
        joined = len(shape) == 3 and check.channels != "keep"
        check.similarity.refuse(shape[:2] if joined else shape)
    except InputError as error:
        error.where = f"requirement `{requirement.id}`"
        raise


def skipped(spec: "Spec", facts: Facts) -> dict[tuple[str, str], Doubt]:
    """Return, by requirement and method, why a method is not measured."""
    pairs = ((each, method) for each in spec.requirements for method in facts.methods if _concerns(each, method))
    reasons = {(each.id, method.id): inapplicable(each, method, facts) for each, method in pairs}
    return {pair: reason for pair, reason in reasons.items() if reason is not None}


def inapplicable(requirement: "Requirement", method: MethodFacts, facts: Facts) -> Doubt | None:
    """Return why a requirement is not put to a method: one does not apply here, or it asks what is not claimed.

    Controls claim nothing and are put to each check all the same: they show what it can tell.
    """
    reason = requirement.check.inapplicable(facts) or method.inapplicable
    if reason is not None:
        return Doubt(code="not-applicable", text=reason)
    claim = requirement.check.claim
    if claim is None or claim in method.claims or method.control or requirement.required_of == "all":
        return None
    text = f"`{method.name}` does not claim {CLAIMED[claim]}, so it is not judged on it; `required_of: all` would."
    return Doubt(code="not-claimed", text=text)


CLAIMED: Mapping[Claim, str] = MappingProxyType(
    {
        "completeness": "completeness",
        "sensitivity_a": "sensitivity (a)",
        "sensitivity_b": "sensitivity (b)",
        "linearity": "linearity",
        "symmetry": "symmetry",
    }
)
"""The axioms in words."""


def _group(method: str, unit: Unit) -> object:
    if unit.check == TRAINING:
        return TRAINING
    if isinstance(unit.condition, Removed):
        return ("ranking", method if unit.method else unit.condition.by)
    return unit.condition


def _concerns(requirement: "Requirement", method: MethodFacts) -> bool:
    return method.name in requirement.check.controls if method.control else method.id in requirement.methods


def _units(requirement: "Requirement", method: MethodFacts, facts: Facts) -> tuple[Unit, ...]:
    check = requirement.check
    identity: Mapping[str, object] = {"name": method.name, "settings": method.settings}
    world = _retrained_world(facts) if check.retrains else facts.world
    common = (*check.trainings(facts), *check.shared(facts))
    own = {place: facts.check_code[place] for place in foreign_classes(check) if place in facts.check_code}
    return tuple(_common(condition, world, facts) for condition in common) + tuple(
        Unit(
            check=requirement.check_name,
            settings=check.settings(),
            method=identity,
            condition=condition,
            world=world,
            code={**facts.code, **method.code, **own},
        )
        for condition in check.conditions(facts)
    )


def _common(condition: Trained | Removed, world: str, facts: Facts) -> Unit:
    """Return a unit shared by all methods and checks: its key holds neither; the world holds the recipe."""
    check = TRAINING if isinstance(condition, Trained) else REMOVAL
    return Unit(check=check, settings={}, method={}, condition=condition, world=world, code=facts.code)


def _retrained_world(facts: Facts) -> str:
    """Return the world of checks that retrain: a new recipe or training set does not affect other evidence."""
    return digest([facts.world, facts.training.digest if facts.training else None])
