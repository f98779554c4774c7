"""From a spec and the facts to the units of work, in order. Pure: the same spec and facts give the same plan."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from audit.record import Condition, Facts, MethodFacts, Null, Randomized, Trained, Unit, digest, record

if TYPE_CHECKING:
    from audit.spec import Requirement, Spec

TRAINING = "training"
"""The check of a unit that only trains."""


@record
class Task:
    """All units of one method for one requirement: what one verdict is computed from."""

    requirement: str
    method: str
    units: tuple[Unit, ...]


@record
class Plan:
    """Every task of an audit."""

    tasks: tuple[Task, ...]

    def units(self) -> tuple[tuple[str, Unit], ...]:
        """Return each distinct unit once with its method's id, condition by condition.

        Units of one condition stand together, so parameters are drawn once for all methods.
        """
        grouped: dict[Condition, dict[str, tuple[str, Unit]]] = {}
        for task in self.tasks:
            for unit in task.units:
                grouped.setdefault(unit.condition, {}).setdefault(unit.key, (task.method, unit))
        return tuple(pair for units in grouped.values() for pair in units.values())


def plan(spec: "Spec", facts: Facts) -> Plan:
    """Return the tasks that a spec asks for, the automatic controls included."""
    return Plan(
        tasks=tuple(
            Task(requirement=requirement.id, method=method.id, units=_units(requirement, method, facts))
            for requirement in spec.requirements
            for method in facts.methods
            if _concerns(requirement, method)
        )
    )


def evaluations(units: Iterable[tuple[str, Unit]], facts: Facts) -> int:
    """Return the gradient evaluations that units cost, the reference maps included."""
    cost = {method.id: method.evaluations * len(facts.data.ids) for method in facts.methods}
    pairs = [(method, unit) for method, unit in units if not isinstance(unit.condition, Null)]
    references = {method for method, _ in pairs}
    return sum(cost[method] for method, _ in pairs) + sum(cost[method] for method in references)


def describe(plan: Plan, facts: Facts, *, done: int, seconds_per_evaluation: float) -> list[str]:
    """Return the plan in lines for people: stages, units, cost, and what is already done."""
    units = plan.units()
    cost = evaluations(units, facts)
    stages = [
        f"  {number:>3}  {stage.name}  ({', '.join(stage.variables)}; {stage.parameters:,} parameters)"
        for number, stage in enumerate(facts.network.stages, start=1)
    ]
    return [
        f"model      {facts.network.name}, {facts.network.parameters:,} parameters, {facts.network.classes} classes",
        f"output     {facts.network.head}",
        f"data       {facts.data.source}, {len(facts.data.ids)} inputs; {facts.data.selection}",
        f"methods    {', '.join(_label(method) for method in facts.methods)}",
        "stages, output to input (what randomisation re-draws together):",
        *stages,
        *_per_requirement(plan),
        f"units      {len(units)} in all, {done} already done",
        f"cost       {cost:,} gradient evaluations, about {_duration(cost * seconds_per_evaluation)} from scratch "
        "(from one timed batch)",
    ]


def _concerns(requirement: "Requirement", method: MethodFacts) -> bool:
    return method.name in requirement.check.controls if method.control else method.id in requirement.methods


def _units(requirement: "Requirement", method: MethodFacts, facts: Facts) -> tuple[Unit, ...]:
    check = requirement.check
    identity: Mapping[str, object] = {"name": method.name, "settings": method.settings}
    trainings = check.trainings(facts)
    world = _retrained_world(facts) if trainings else facts.world
    return tuple(_training(condition, world) for condition in trainings) + tuple(
        Unit(
            check=requirement.check_name,
            settings=check.settings(),
            method=identity,
            condition=condition,
            world=world,
        )
        for condition in check.conditions(facts)
    )


def _training(condition: Trained, world: str) -> Unit:
    """Return the unit of one training: the recipe is in the world, and no method and no check in its key."""
    return Unit(check=TRAINING, settings={}, method={}, condition=condition, world=world)


def _retrained_world(facts: Facts) -> str:
    """Return the world of checks that retrain: another recipe or training set leaves other evidence alone."""
    return digest([facts.world, facts.training.digest if facts.training else None])


def _per_requirement(plan: Plan) -> list[str]:
    counts: dict[str, list[int]] = {}
    for task in plan.tasks:
        counts.setdefault(task.requirement, []).append(len(task.units))
    return [f"require    {name}: {len(sizes)} methods, {sum(sizes)} units" for name, sizes in counts.items()]


def _label(method: MethodFacts) -> str:
    return f"{method.id} (control)" if method.control else method.id


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    return (
        f"{seconds:.0f} seconds"
        if minutes < 2
        else f"{minutes:.0f} minutes"
        if minutes < 120
        else f"{minutes / 60:.1f} hours"
    )


def title(condition: Condition) -> str:
    """Return a condition in a few words, for progress and messages."""
    if isinstance(condition, Randomized):
        return f"{condition.mode} stage {condition.stage}, seed {condition.seed}"
    return condition.kind
