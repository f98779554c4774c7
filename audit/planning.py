"""From a spec and the facts to the units of work, in order. Pure: the same spec and facts give the same plan."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from audit.errors import InputError
from audit.record import (
    Condition,
    Facts,
    MethodFacts,
    Null,
    Probed,
    Randomized,
    Removed,
    StageFacts,
    Trained,
    Unit,
    digest,
    record,
)

if TYPE_CHECKING:
    from audit.spec import Requirement, Spec

TRAINING = "training"
"""The check of a unit that only trains."""

REMOVAL = "removal"
"""The check of a unit that measures a control's removal, without a method."""


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

        Units of one condition stand together, so parameters are drawn once for all methods; those that remove features
        stand together by method, whose maps are ranked once. Trainings come before all that needs them. Units that
        methods share have no method.
        """
        grouped: dict[object, dict[str, tuple[str, Unit]]] = {}
        for task in self.tasks:
            for unit in task.units:
                group = _group(task.method, unit)
                grouped.setdefault(group, {}).setdefault(unit.key, (task.method if unit.method else "", unit))
        return tuple(pair for units in grouped.values() for pair in units.values())


def plan(spec: "Spec", facts: Facts) -> Plan:
    """Return the tasks that a spec asks for, the automatic controls included.

    Raises:
        InputError: a requirement's similarity cannot compare maps of the model's inputs.
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
    similarity, shape = getattr(requirement.check, "similarity", None), facts.network.input_shape
    if similarity is None:
        return
    try:
        joined = len(shape) == 3 and getattr(requirement.check, "channels", None) != "keep"
        similarity.refuse(shape[:2] if joined else shape)
    except InputError as error:
        error.where = f"requirement `{requirement.id}`"
        raise


def skipped(spec: "Spec", facts: Facts) -> dict[tuple[str, str], str]:
    """Return, by requirement and method, why a method is not measured: a sentence each."""
    pairs = ((each, method) for each in spec.requirements for method in facts.methods if _concerns(each, method))
    reasons = {(each.id, method.id): inapplicable(each, method, facts) for each, method in pairs}
    return {pair: reason for pair, reason in reasons.items() if reason is not None}


def inapplicable(requirement: "Requirement", method: MethodFacts, facts: Facts) -> str | None:
    """Return why a check does not apply to this model, or a method does not; None where both do."""
    of_check = getattr(requirement.check, "inapplicable", _applies)
    reason: str | None = of_check(facts)
    return reason or method.inapplicable


def evaluations(units: Iterable[tuple[str, Unit]], facts: Facts) -> int:
    """Return the gradient evaluations that units cost: each map of each input, references and rankings once."""
    units = tuple(units)
    pairs = [(method, unit.condition) for method, unit in units if method]
    explained = [method for method, condition in pairs if not isinstance(condition, Null | Removed)]
    ranked = {method for method, condition in pairs if isinstance(condition, Removed)}
    cost = {method.id: method.evaluations for method in facts.methods}
    inputs, data = len(facts.data.ids), facts.training.train + facts.training.test if facts.training else 0
    explained += [method for method, unit in units if method for _ in range(_maps(unit) - 1)]
    maps = sum(cost[method] for method in explained) + sum(cost[method] for method in set(explained))
    return maps * inputs + sum(cost[method] for method in ranked) * data


def _maps(unit: Unit) -> int:
    """Return how many maps of each input a unit costs: of a probe as it says, else as the check's settings say."""
    condition = unit.condition
    if isinstance(condition, Probed):
        return condition.maps
    return 1 if isinstance(condition, Null | Removed) else int(unit.settings.get("maps", 1))


def retrainings(units: Iterable[tuple[str, Unit]]) -> int:
    """Return how many networks are trained."""
    conditions = [unit.condition for _, unit in units if not unit.method or isinstance(unit.condition, Removed)]
    return sum(not (isinstance(each, Removed) and each.network == "intact") for each in conditions)


def describe(
    plan: Plan, facts: Facts, *, skipped: Iterable[str], done: int, seconds: float, training_seconds: float
) -> list[str]:
    """Return the plan in lines for people: stages, units, cost, and what is skipped or already done.

    ``skipped`` are the reasons of what is not measured, ``seconds`` the time of one gradient evaluation,
    ``training_seconds`` that of one training.
    """
    units = plan.units()
    cost, trainings = evaluations(units, facts), retrainings(units)
    return [
        f"model      {facts.network.name}, {facts.network.parameters:,} parameters, {facts.network.classes} classes",
        f"output     {facts.network.head}",
        f"data       {facts.data.source}, {len(facts.data.ids)} inputs; {facts.data.selection}",
        f"methods    {', '.join(_label(method) for method in facts.methods)}",
        "stages, output to input (what randomisation re-draws together):",
        *_stages(facts),
        *_per_requirement(plan),
        *(f"skipped    {reason}" for reason in dict.fromkeys(skipped)),
        f"units      {len(units)} in all, {done} already done",
        f"maps       {cost:,} gradient evaluations, about {_duration(cost * seconds)} from scratch (one timed pass)",
        f"trainings  {trainings}" + _training_cost(trainings, training_seconds),
    ]


def _stages(facts: Facts) -> list[str]:
    return [
        f"  {number:>3}  {stage.name}  ({_contents(stage)}; {stage.parameters:,} parameters)"
        for number, stage in enumerate(facts.network.stages, start=1)
    ]


def _contents(stage: StageFacts) -> str:
    """Return a stage's variables; of a block the layers, which are fewer."""
    return ", ".join(stage.variables if len(stage.layers) < 2 else stage.layers)


def _training_cost(trainings: int, seconds: float) -> str:
    return f", about {_duration(trainings * seconds)} from scratch (from one timed epoch)" if trainings else ""


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
    world = _retrained_world(facts) if getattr(check, "retrains", False) else facts.world
    shared = getattr(check, "shared", _nothing_shared)
    common = (*check.trainings(facts), *shared(facts))
    return tuple(_common(condition, world) for condition in common) + tuple(
        Unit(
            check=requirement.check_name,
            settings=check.settings(),
            method=identity,
            condition=condition,
            world=world,
        )
        for condition in check.conditions(facts)
    )


def _common(condition: Trained | Removed, world: str) -> Unit:
    """Return a unit that all methods and checks share: neither is in its key; the recipe is in the world."""
    check = TRAINING if isinstance(condition, Trained) else REMOVAL
    return Unit(check=check, settings={}, method={}, condition=condition, world=world)


def _applies(facts: Facts) -> None:
    """Return no reason: a check that does not say otherwise applies to every model."""


def _nothing_shared(facts: Facts) -> tuple[Removed, ...]:
    return ()


def _retrained_world(facts: Facts) -> str:
    """Return the world of checks that retrain: another recipe or training set leaves other evidence alone."""
    return digest([facts.world, facts.training.digest if facts.training else None])


def _per_requirement(plan: Plan) -> list[str]:
    counts: dict[str, list[int]] = {}
    for task in plan.tasks:
        counts.setdefault(task.requirement, []).append(len(task.units))
    return [
        f"require    {name}: {counted(len(sizes), 'method')}, {counted(sum(sizes), 'unit')}"
        for name, sizes in counts.items()
    ]


def counted(count: int, noun: str) -> str:
    """Return a number of things in words: "1 method", "2 methods"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _label(method: MethodFacts) -> str:
    return f"{method.id} (control)" if method.control else method.id


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 2:
        return f"{seconds:.0f} seconds"
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"


def title(condition: Condition) -> str:
    """Return a condition in a few words, for progress and messages."""
    if isinstance(condition, Randomized):
        return f"{condition.mode} stage {condition.stage}, seed {condition.seed}"
    if isinstance(condition, Trained):
        return f"{condition.labels} labels, seed {condition.seed}"
    if isinstance(condition, Removed):
        return f"{condition.fraction:.0%} removed by {condition.by}, {condition.network}, seed {condition.seed}"
    if isinstance(condition, Probed):
        return f"{condition.name}, level {condition.level:g}, seed {condition.seed}"
    return condition.kind
